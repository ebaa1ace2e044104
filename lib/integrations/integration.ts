// The contract between the engine and one external system. The engine knows an integration only by
// this file: capabilities are data, and the functions take and return records as flat field values.
// An integration has no access to the database and never retries by itself.

import type { Fields, MappingDocument } from '../catalogue/document.ts';
import type { NextRequest } from './next-request.ts';

export interface Capabilities {
  /**
   * How the engine avoids a second record after a create of unknown outcome. `key`: the same
   * request under its key, sent again within `requestLifeMs`, has one effect. `unique-tag`: the
   * system takes each owner tag once and `findTagged` is complete and current, so the record is
   * looked for by its tag before a create is sent again. `none`: a create is never sent again; once
   * nothing of it can be on its way, its record is looked for by the row's identity and in `list`.
   */
  creates: 'key' | 'unique-tag' | 'none';
  /**
   * Whether an update whose outcome is not known may be sent again. `key`: under its key, within
   * `requestLifeMs`. `version`: an update names the version of the record that was read for it, and
   * the system refuses any other as a `conflict`; the same request sent again has no second effect.
   * `none`: never; once nothing of it can be on its way, the record is read.
   */
  updates: 'key' | 'version' | 'none';
  /** How long, in milliseconds, a request may be sent again under its key; 0 without keys. */
  requestLifeMs: number;
  /** How long after its last send a request may still take effect. */
  inFlightMs: number;
  /** The time limit of one call. */
  callTimeoutMs: number;
  /**
   * What a delete does. `delete`: the record is gone for good, so values of it that we had not seen
   * are kept as conflicts. `archive`: the record is archived with its values, as people delete
   * records at that system too; it reads as `erased`, and no value is lost. People may restore it: an
   * event that is no deletion (`updated`) then makes the engine read it. `none`: no delete is
   * ever sent; the pair of a deleted row is detached, and its record stays.
   */
  deletes: 'delete' | 'archive' | 'none';
  /** Whether the account has a quota that can be used up, which its calls then answer as `quota`. */
  quota: boolean;
  /**
   * How many requests a second the system allows: to the account as a whole, and to each endpoint.
   */
  rates: { account: number; endpoint: number };
}

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

export interface Answered {
  requestId: string | null;
  status: number;
  /** The system's own time when it answered. */
  answeredAt: Date | null;
}

export type Fetched = Answered &
  (
    | { state: 'present'; record: ExternalRecord; blocksDelete: string | null; use?: RecordUse }
    | { state: 'erased' } // a confirmed deletion, or an archived record where `deletes` is `archive`
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
}

export interface Identity {
  account: string;
  livemode: boolean;
}

export interface ListWindow {
  createdFrom?: Date;
  createdTo?: Date;
}

/** What is needed to verify one delivery before any byte of it is used. */
export interface WebhookCheck {
  rawBody: Uint8Array;
  /** In capitals. */
  method: string;
  /** The path that was asked for, with its query, as received. */
  path: string;
  /** All headers, by their names in small letters. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Several while a secret is being replaced. */
  secrets: string[];
  now: Date;
  /** How far the signed time may be from `now`, in both directions; 0 means not at all. */
  toleranceS: number;
}

/** One item of a body. `why`: it is no event at all, for people; it contains no value of a record. */
export type IncomingItem = { ok: true; event: InboundEvent } | { ok: false; why: string };

export type Verification = { ok: true; signedAt: Date } | { ok: false; code: string; message: string };

/**
 * One event of an external system, from whatever form it was sent in. It names a record that
 * changed: no value is ever taken from the event without a read.
 */
export interface InboundEvent {
  externalEventId: string;
  /** `other`: the event is stored and counted, and there is nothing to reconcile. */
  kind: 'created' | 'updated' | 'deleted' | 'other';
  /** The system's own name of the type, as received. */
  type: string;
  /** The entity that the record is of; left out where the system sends events about one only. */
  entity?: string;
  /** null for `other`, and if it cannot be read. */
  externalId: string | null;
  /** The account that the event names; null means the account that the endpoint belongs to. */
  account: string | null;
  /** null if it cannot be read; null equals neither mode. */
  livemode: boolean | null;
  /** The time by the system's clock; the epoch if it cannot be read. */
  created: Date;
  requestId: string | null;
  idempotencyKey: string | null;
  /**
   * By external field name, the values of the record after the event; null if the event does not
   * have them, or after a deletion.
   */
  after: Fields | null;
  ownerTag: string | null;
  foreignTag: boolean;
  /**
   * The mapped fields, and those of `Integration.groups`, that changed, with their values before the
   * event; for a deletion all mapped fields with their last values; null if the event does not say.
   */
  previous: Fields | null;
  /** The event only names the record. */
  thin: boolean;
  /** The full event from which a thin event was made, if the thin event says so. */
  snapshotEventId: string | null;
  /**
   * Values of a wrong type or of an impossible length: `after.email`, `previous.name`, `created`, …
   * `after` is null if any of its fields is listed; a field that is missing from `previous` counts
   * as unchanged only if it is not listed.
   */
  unreadable: string[];
}

/** Webhooks. Present only if the system has them. */
export interface Ingress {
  /** How many seconds the signed time of a webhook may be from ours. */
  toleranceS: number;
  /** It may need the body, the method, the path and any of the headers. */
  verify(check: WebhookCheck): Verification;
  /** What a verified body, parsed, has in it, in its order: one event or many. Never throws. */
  events(body: unknown): IncomingItem[];
}

export type EventsPage = Answered & { events: InboundEvent[] };

/** The list of past events. Present only if the system has one. */
export interface EventFeed {
  /** How far back the list goes, in milliseconds. */
  keptMs: number;
  /**
   * Events younger than this, by the system's clock when it answered, may be missing from the list.
   */
  tipMs: number;
  /** The time between two sweeps of the list. */
  everyMs: number;
  /**
   * How far before the end of the last sweep the next one begins, since events are added to the
   * list late and out of order.
   */
  overlapMs: number;
  /** The longest window after a pause or an outage: once it is done, it need not be read again. */
  windowMs: number;
  /**
   * Every event of the types that we receive, in a window of the system's time, newest first; the
   * first page comes even if it is empty.
   */
  pages(window: ListWindow): AsyncIterable<EventsPage>;
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
  feed?: EventFeed;
}
