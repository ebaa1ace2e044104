// The contract between the engine and one external system. The engine knows an integration only by
// this file: capabilities are data, and the functions take and return records as flat field values.
// An integration has no access to the database and never retries by itself.

import type { Fields, MappingDocument } from '../catalogue/document.ts';

export interface Capabilities {
  /**
   * How a create whose outcome is not known is kept from making a second record. `key`: the same
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
  /** How long, in milliseconds, a request may be sent again under its key; 0 where none has one. */
  requestLifeMs: number;
  /** How long after its last send a request may still take effect. */
  inFlightMs: number;
  /** The time limit of one call. */
  callTimeoutMs: number;
  /**
   * What a delete does. `delete`: the record is gone for good, so values of it that we had not seen
   * are kept as conflicts. `archive`: it is put away with its values, which is how people delete
   * there too; it reads as `erased`, and nothing is lost by it. `none`: no delete is ever sent; the
   * pair of a deleted row is detached, and its record stays.
   */
  deletes: 'delete' | 'archive' | 'none';
  /** Whether the account has a quota that can be used up, which its calls then answer as `quota`. */
  quota: boolean;
  /** What the system bears, in requests a second: of the account as a whole, and of each endpoint. */
  rates: { account: number; endpoint: number };
}

/**
 * What an external record says. `ownerTag` is what we wrote into it: the creating event of the row
 * it belongs to.
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
  /** The version to name in an update or a delete of it, where `updates` is `version`. */
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
    | { state: 'missing' } // a 404: never a deletion, a wrong key sees nothing but these
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
  | 'retry' // time may cure it
  | 'throttle' // we asked too often
  | 'lock' // the record is busy; only this entity waits
  | 'indeterminate' // it may have happened; only the same request again may follow
  | 'spent' // the key can never be used again: a stored failure, or other parameters under it
  | 'conflict' // the version it names is not the record's, or a record has the owner tag: not done
  | 'quota' // the account may ask for nothing until `retryAfterMs` is over; nothing happened
  | 'permanent' // it will not change by itself
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
  /** Of a `quota`, when the account may ask again; of others, when this request may. */
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
  /** The header that `Ingress.header` names, as received. */
  header: string | string[] | undefined;
  /** Several while a secret is being replaced. */
  secrets: string[];
  now: Date;
  /** How far the signed time may be from `now`, in both directions; 0 means not at all. */
  toleranceS: number;
}

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
   * The mapped fields that changed, with their values before the event; for a deletion all fields
   * with their last values; null if the event does not say.
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
  /** The header that holds the signature, in lower case. */
  header: string;
  verify(check: WebhookCheck): Verification;
  /** Never throws; null if it is not an event at all. */
  normalise(event: unknown): InboundEvent | null;
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
  /** How long after a sweep of it the next one follows. */
  everyMs: number;
  /** Events are listed this late and out of order: a sweep begins so far before the end of the last one. */
  overlapMs: number;
  /** What is caught up with at a time, after a pause or a fall: done with, it need not be read again. */
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

export interface Integration {
  system: string;
  capabilities: Capabilities;
  document: MappingDocument;
  identify(): Promise<Identity>;
  /** `forDelete`: the answer includes `blocksDelete`. `withUse`: it includes `use`. */
  fetch(externalId: string, options?: FetchOptions): Promise<Fetched>;
  /**
   * The body of a request: our values by external field name, with `ownerTag` our owner tag, and
   * with `version` the version that it is made for. It is frozen with the intent.
   */
  body(fields: Fields, ownerTag: string | null, version?: string): Record<string, unknown>;
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
  findByEmail?(email: string): Promise<ExternalRecord[]>;
  /** Never throws. */
  classify(error: unknown): Failure;
  ingress?: Ingress;
  feed?: EventFeed;
}
