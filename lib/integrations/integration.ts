// The contract between the engine and one external system. The engine knows only this page:
// capabilities are data, and the functions speak of records as flat field values. An integration
// never sees the database and never retries by itself.

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
  /** The owner tag carries another installation's name, and not ours. */
  foreignTag: boolean;
  createdAt: Date;
  /**
   * The simulated clock that the record lives by, in a system that has them for tests; `createdAt`
   * is then that clock's time.
   */
  testClock: string | null;
  /** The version to name in an update or a delete of it, where `updates` is `version`. */
  version?: string;
}

/** How a record is used at their side, as far as one read shows. */
export interface RecordUse {
  /** Subscriptions that live; 0 also where the key may not read them. */
  subscriptions: number;
  /** When the newest of its subscriptions was made; null where there is none. */
  subscribedAt: Date | null;
}

export interface Answered {
  requestId: string | null;
  status: number;
  /** The system's own clock when it answered. */
  answeredAt: Date | null;
}

export type Fetched = Answered &
  (
    | { state: 'present'; record: ExternalRecord; blocksDelete: string | null; use?: RecordUse }
    | { state: 'erased' } // a confirmed deletion, or an archived record where `deletes` is `archive`
    | { state: 'missing' } // a 404: never a deletion, a wrong key sees nothing but these
  );

/** A decided write, exactly as it is stored before it is sent; sent again, it is the same request. */
export interface WriteRequest {
  operation: 'create' | 'update' | 'delete';
  key: string;
  externalId: string | null;
  body: Record<string, unknown>;
}

export type Written = Answered & {
  /** The answer is a stored one: the past, not the present. */
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
  | 'gone'; // the record is not there

export interface Failure {
  kind: FailureKind;
  /** `endpoint`: only calls like this one; a throttle may be of one endpoint or of the account. */
  scope: 'entity' | 'endpoint' | 'account' | 'system';
  /** Stable, for people and rows: the system's own code where it gave one. */
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

/** What is checked of one delivery before a byte of it is believed. */
export interface WebhookCheck {
  rawBody: Uint8Array;
  /** The header that `Ingress.header` names, as it came. */
  header: string | string[] | undefined;
  /** Several while one is being rolled. */
  secrets: string[];
  now: Date;
  /** How far the signed time may lie from `now`, either way; 0 means not at all. */
  toleranceS: number;
}

export type Verification = { ok: true; signedAt: Date } | { ok: false; code: string; message: string };

/**
 * One event of theirs, of whatever wire form. It names a record that changed: no value is ever
 * taken from it without a read.
 */
export interface InboundEvent {
  externalEventId: string;
  /** `other`: kept and counted, nothing to reconcile. */
  kind: 'created' | 'updated' | 'deleted' | 'other';
  /** Their name for it, as it came. */
  type: string;
  /** null for `other`, and where it cannot be read. */
  externalId: string | null;
  /** The account it names; null for the one that the endpoint belongs to. */
  account: string | null;
  /** null where it cannot be read, which agrees with neither. */
  livemode: boolean | null;
  /** Their clock; the epoch where it cannot be read. */
  created: Date;
  requestId: string | null;
  idempotencyKey: string | null;
  /**
   * By external field name, what the record was after it; null where the event does not carry it,
   * or after a deletion.
   */
  after: Fields | null;
  ownerTag: string | null;
  foreignTag: boolean;
  /**
   * The mapped fields that it says changed, as they were before, and of a deletion all of them as
   * they last were; null where it says nothing about them.
   */
  previous: Fields | null;
  /** It only names the record. */
  thin: boolean;
  /** The full event that a thin one was made from, where it says so. */
  snapshotEventId: string | null;
  /**
   * What had the wrong type or no sane length: `after.email`, `previous.name`, `created`, … `after`
   * is null if any of its fields is named here; a field missing from `previous` counts as unchanged
   * only if it is not.
   */
  unreadable: string[];
}

/** Their pushes. Present only where a system has them. */
export interface Ingress {
  /** The header that holds the signature, in lower case. */
  header: string;
  verify(check: WebhookCheck): Verification;
  /** Never throws; null for what is no event at all. */
  normalise(event: unknown): InboundEvent | null;
}

export type EventsPage = Answered & { events: InboundEvent[] };

/** Their past events, listed. Present only where a system has them. */
export interface EventFeed {
  /** How far back it reaches, in milliseconds. */
  keptMs: number;
  /** What is younger than this, by the system's own clock when it answered, may still be missing from it. */
  tipMs: number;
  /** How long after a sweep of it the next one follows. */
  everyMs: number;
  /** Events are listed this late and out of order: a sweep begins so far before the end of the last one. */
  overlapMs: number;
  /** What is caught up with at a time, after a pause or a fall: done with, it need not be read again. */
  windowMs: number;
  /**
   * Every event that we listen to in a window of their times, newest first; the first page comes
   * even if it is empty.
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
  /** `forDelete`: `blocksDelete` is answered too. `withUse`: `use` is. */
  fetch(externalId: string, options?: FetchOptions): Promise<Fetched>;
  /**
   * The body of a request: our values by external field name, with `ownerTag` our owner tag, and
   * with `version` the version that it is made for. It is frozen with the intent.
   */
  body(fields: Fields, ownerTag: string | null, version?: string): Record<string, unknown>;
  write(request: WriteRequest): Promise<Written>;
  /**
   * Every record of the window, newest first, page by page, also where one is empty; absence from
   * it proves no deletion. Behind them, where the window has no beginning, the records of test
   * clocks in no order, whatever its end: they bear another time.
   */
  list(window: ListWindow): AsyncIterable<ExternalRecord[]>;
  /**
   * Records that bear an owner tag, if the system can look for one. It may lag behind: what it does
   * not find may exist.
   */
  findTagged?(ownerTag: string): Promise<ExternalRecord[]>;
  /** How many records bear an owner tag of one of these installations. Lists every record. */
  countTagged?(instanceIds: readonly string[]): Promise<number>;
  /** The records with an email, as the system compares it: complete and current, or it is not offered. */
  findByEmail?(email: string): Promise<ExternalRecord[]>;
  /** Never throws. */
  classify(error: unknown): Failure;
  ingress?: Ingress;
  feed?: EventFeed;
}
