// The contract between the engine and one external system. The engine knows an integration only by
// this file and its parts (capabilities.ts, answered.ts, webhooks.ts, feeds.ts): capabilities are data, and the
// functions take and return records as flat field values. An integration has no access to the database
// and never retries by itself.

import type { Fields, MappingDocument } from '../catalogue/document.ts';
import type { Answered, Budget } from './answered.ts';
import type { Capabilities } from './capabilities.ts';
import type { EventFeed, ListWindow } from './feeds.ts';
import type { NextRequest } from './next-request.ts';
import type { Routes } from './routes.ts';
import type { Ingress } from './webhooks.ts';

export type { Answered, Budget } from './answered.ts';
export type { Capabilities } from './capabilities.ts';
export type { CursorFeed, CursorPage, EventFeed, EventsPage, ListWindow, Loss, TimeFeed } from './feeds.ts';
export type { InboundEvent, IncomingItem, Ingress, Verification, WebhookCheck } from './webhooks.ts';

/**
 * The content of an external record. `ownerTag` is the owner tag that we wrote into it: the event
 * that created the row it belongs to.
 */
export interface ExternalRecord {
  externalId: string;
  fields: Fields;
  ownerTag: string | null;
  /** The record has an owner tag of another installation, and none of ours. */
  foreignTag: boolean;
  createdAt: Date;
  /**
   * The simulated clock of the record, in a system that has such clocks for tests; `createdAt` is
   * then the time of that clock.
   */
  testClock: string | null;
  /** The version that an update or a delete of the record names, if `updates` is `version`. */
  version?: string;
}

/** How a record is used at the external system, as far as one read shows. */
export interface RecordUse {
  /** How many subscriptions are not ended; 0 also if the key may not read them. */
  subscriptions: number;
  /** When the newest of its subscriptions was created; null without any. */
  subscribedAt: Date | null;
}

export type Fetched = Answered &
  (
    | { state: 'present'; record: ExternalRecord; blocksDelete: string | null; use?: RecordUse }
    | { state: 'erased' } // a confirmed deletion, or an archived record where `deletes` is `archive`
    | { state: 'merged'; into: string } // it is a part of this other record now; that one may be merged too
    | { state: 'missing' } // a 404: never a deletion, since with a wrong key every answer is a 404
  );

/**
 * A decided write, exactly as it is stored before it is sent; sent again, it is the same request.
 */
export interface WriteRequest {
  operation: 'create' | 'update' | 'delete';
  key: string;
  externalId: string | null;
  body: Record<string, unknown>;
}

export type Written = Answered & {
  /** The answer is one that the system had stored: it shows a past state. */
  replayed: boolean;
  externalId: string;
  /** null after a delete. */
  record: ExternalRecord | null;
};

export type FailureKind =
  | 'retry' // may succeed later
  | 'throttle' // too many requests
  | 'lock' // the record is busy; only this pair waits
  | 'indeterminate' // may have taken effect; only the same request may follow
  | 'spent' // the key can never be used again: a failure is stored under it, or other parameters
  | 'conflict' // not done: the record is not as it was, or a record has the owner tag already
  | 'quota' // no call is allowed until `retryAfterMs` is over; nothing happened
  | 'permanent' // will not change by itself
  | 'auth'
  | 'gone'; // the record does not exist

export interface Failure {
  kind: FailureKind;
  /**
   * `endpoint`: only calls like this one; a rate limit may be of one endpoint or of the account.
   */
  scope: 'entity' | 'endpoint' | 'account' | 'system';
  /** Stable, for people and rows: the system's own code if the answer has one. */
  code: string;
  message: string;
  status: number | null;
  requestId: string | null;
  replayed: boolean;
  field: string | null;
  /** After `quota`, when the account may be called again; otherwise, when this request may be. */
  retryAfterMs: number | null;
  /** The answer says explicitly that nothing was stored and nothing happened. */
  nothingHappened: boolean;
  /**
   * External ids of records because of which a request is refused for good, as the answer names
   * them: they have the identity that the record was to get.
   */
  existing: readonly string[];
  /** As in `Answered`. */
  budgets?: readonly Budget[];
}

export interface Identity {
  account: string;
  livemode: boolean;
}

export interface FetchOptions {
  forDelete?: boolean;
  withUse?: boolean;
}

type Body = WriteRequest['body'];

export interface Integration extends NextRequest {
  system: string;
  capabilities: Capabilities;
  document: MappingDocument;
  /**
   * External fields that are written together, for each group of them that the document writes to.
   * A request that has one field of a group carries the whole group, so the record is read before
   * it; `fetch` gives every field of these groups, and `previous` of an event each that changed.
   */
  groups?: readonly (readonly string[])[];
  /** How its calls are made over HTTP, for spans; left out: a span shows the kind of call alone. */
  routes?: Routes;
  identify(): Promise<Identity>;
  /** `forDelete`: the answer includes `blocksDelete`. `withUse`: it includes `use`. */
  fetch(externalId: string, options?: FetchOptions): Promise<Fetched>;
  /**
   * The body of a request: our values by external field name, our owner tag unless `ownerTag` is
   * null, and the version that it is made for, if given. `beside`: by external name, what the
   * other fields of each group that is written are to hold; {} for a record that is to be made.
   * The body is frozen with the intent. `as`: the operation that `next` named.
   */
  body(fields: Fields, ownerTag: string | null, version?: string, beside?: Fields, as?: string): Body;
  write(request: WriteRequest): Promise<Written>;
  /**
   * Every record of the window, newest first, in pages, of which some may be empty; a record that
   * the list does not show may still exist. If the window has no beginning, the records of test
   * clocks follow, in no order and whatever the end of the window, since their times are not real
   * times.
   */
  list(window: ListWindow): AsyncIterable<ExternalRecord[]>;
  /**
   * Records with an owner tag, if the system can search for one. The search may lag behind: a
   * record that it does not find may exist.
   */
  findTagged?(ownerTag: string): Promise<ExternalRecord[]>;
  /** How many records have an owner tag of one of these installations. Lists every record. */
  countTagged?(instanceIds: readonly string[]): Promise<number>;
  /** The records with an email, as the system compares it; offered only if complete and current. */
  findByIdentity?(email: string): Promise<ExternalRecord[]>;
  /** Never throws. */
  classify(error: unknown): Failure;
  ingress?: Ingress;
  /** Present only if the system has past events that can be read. */
  feed?: EventFeed;
}
