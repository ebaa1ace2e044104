// The part of the contract about webhooks (integration.ts): what is received, and what is in it.
import type { Fields } from '../catalogue/document.ts';

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
  /**
   * `merged`: the record that the event names is a part of the record `into` now. `other`: the event
   * is stored and counted, and there is nothing to reconcile.
   */
  kind: 'created' | 'updated' | 'deleted' | 'merged' | 'other';
  /** Of `merged`; null or left out if the event does not say it. */
  into?: string | null;
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
  /**
   * It may need the body, the method, the path and any of the headers. Null if the system signs nothing:
   * then the sender is proved by an ingest key (docs/api.md).
   */
  verify: ((check: WebhookCheck) => Verification) | null;
  /** What a verified body, parsed, has in it, in its order: one event or many. Never throws. */
  events(body: unknown): IncomingItem[];
}
