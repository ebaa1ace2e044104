// External mappings: the pair of a customer and its counterpart, the state machine of that pair,
// and its lease.
import type { JsonValue } from '../entities/rows.ts';
import type { Db, Tx } from '../server/connection.ts';
import { raisedUrgency } from '../urgency.ts';
import { toConsent, toEnding, type Consent, type Decision, type Ending } from './consent.ts';
import { toReason, type Reason } from './reason.ts';

export type MappingState = 'pending' | 'linked' | 'waiting' | 'parked' | 'alias' | 'detached' | 'tombstoned';

/** A field's halves as stored; lib/sync/shadow.ts says what they mean. */
export type StoredPair = {
  ours: JsonValue;
  theirs: JsonValue;
  reason?:
    | 'derived'
    | 'held'
    | 'null_refused'
    | 'cannot_carry'
    | 'cannot_take'
    | 'refused'
    | 'reformed'
    | 'reform_refused';
};

/**
 * The open intent: one external write that has been decided and not yet been answered. Times are
 * ISO 8601.
 */
export type OpenIntent = {
  id: string;
  number: number;
  operation: 'create' | 'update' | 'delete';
  key: string;
  body: Record<string, unknown>;
  /** For each field sent: our value, and theirs as the merge saw it. */
  fields: Record<string, { ours: JsonValue; seen: JsonValue }>;
  /**
   * By external name, what is written beside these fields because the system takes both only
   * together: the value sent, and what the record held when it was read.
   */
  beside?: Record<string, { ours: JsonValue; seen: JsonValue }>;
  version: number;
  /** How many writes of ours lie behind it: a loop counts up. */
  hop: number;
  firstSentAt: string;
  lastSentAt: string;
  /** It is not the last request of its change: what it leaves out is sent after its answer. */
  more?: true;
  /** Why its key can never be used again. */
  spent?: string;
  /** No send of it can have reached the system. */
  unsent?: true;
  /**
   * How far the search for the effect of the request has got: entries of each list that are newer
   * than this were searched.
   */
  looked?: { events?: string; list?: string };
};

export type Mapping = {
  id: number;
  entityType: string;
  internalId: number | null;
  system: string;
  account: string;
  externalType: string;
  role: 'primary' | 'alias';
  externalId: string | null;
  /** A create of ours made the record. */
  madeRecord: boolean;
  state: MappingState;
  /** Why it waits or is parked. */
  reason: Reason | null;
  /** What a person consented to, until it is carried out. */
  consent: Consent | null;
  /** How the pair was ended on purpose. */
  ending: Ending | null;
  decision: Decision | null;
  shadow: Record<string, StoredPair>;
  wantedVersion: number;
  pushedVersion: number;
  dirty: number;
  clean: number;
  mustRead: boolean;
  /** How many requests of the present change were answered; 0 where one request carries it. */
  parts: number;
  attempts: number;
  firstFailedAt: Date | null;
  lastError: Record<string, unknown> | null;
  nextAttemptAt: Date | null;
  fence: number;
  intentNumber: number;
  intent: OpenIntent | null;
  /**
   * The last known email of a record that is not linked with a row: an alias, or a record of a
   * detached pair.
   */
  knownEmail: string | null;
  /** An owner tag on the record that does not count any more: a person linked its row with another record. */
  voidTag: string | null;
  /** Of a record that was merged into another one at the system: that one's external id. */
  mergedInto: string | null;
};

type Row = {
  id: number;
  entity_type: string;
  internal_id: number | null;
  system: string;
  account: string;
  external_type: string;
  role: Mapping['role'];
  external_id: string | null;
  made_record: boolean;
  state: MappingState;
  reason: string | null;
  reason_detail: unknown;
  consent: unknown;
  ending: unknown;
  decision: Decision | null;
  shadow: Record<string, StoredPair>;
  wanted_version: number;
  pushed_version: number;
  dirty: number;
  clean: number;
  must_read: boolean;
  parts: number;
  attempts: number;
  first_failed_at: Date | null;
  last_error: Record<string, unknown> | null;
  next_attempt_at: Date | number;
  fence: number;
  intent_number: number;
  intent: OpenIntent | null;
  known_email: string | null;
  void_tag: string | null;
  merged_into: string | null;
};

export function toMapping(row: Row): Mapping {
  return {
    id: row.id,
    entityType: row.entity_type,
    internalId: row.internal_id,
    system: row.system,
    account: row.account,
    externalType: row.external_type,
    role: row.role,
    externalId: row.external_id,
    madeRecord: row.made_record,
    state: row.state,
    reason: toReason(row.reason, row.reason_detail),
    consent: toConsent(row.consent),
    ending: toEnding(row.ending),
    decision: row.decision,
    shadow: row.shadow,
    wantedVersion: row.wanted_version,
    pushedVersion: row.pushed_version,
    dirty: row.dirty,
    clean: row.clean,
    mustRead: row.must_read,
    parts: row.parts,
    attempts: row.attempts,
    firstFailedAt: row.first_failed_at,
    lastError: row.last_error,
    nextAttemptAt: row.next_attempt_at instanceof Date ? row.next_attempt_at : null, // -infinity: due since ever
    fence: row.fence,
    intentNumber: row.intent_number,
    intent: row.intent,
    knownEmail: row.known_email,
    voidTag: row.void_tag,
    mergedInto: row.merged_into,
  };
}

/**
 * The mapping, locked for the rest of the transaction, if the lease with this fence still holds;
 * else null.
 */
export async function lockMapping(tx: Tx, id: number, fence: number): Promise<Mapping | null> {
  const { rows } = await tx.raw<{ rows: Row[] }>(
    `select * from external_mappings where id = :id and fence = :fence for update`,
    { id, fence },
  );
  return rows[0] ? toMapping(rows[0]) : null;
}

/**
 * Locks, in order of id, this mapping and the one that holds the external id we have just learned,
 * if another does. Null if the lease is gone.
 */
export async function lockForLink(
  tx: Tx,
  mapping: Pick<Mapping, 'id' | 'fence' | 'system' | 'account' | 'externalType'>,
  externalId: string,
): Promise<{ own: Mapping; other: Mapping | null } | null> {
  const { rows } = await tx.raw<{ rows: Row[] }>(
    `select * from external_mappings
     where id = :id or (system = :system and account = :account and external_type = :externalType and external_id = :externalId)
     order by id for update`,
    { ...mapping, externalId },
  );
  const own = rows.find((row) => row.id === mapping.id && row.fence === mapping.fence);
  const other = rows.find((row) => row.id !== mapping.id);
  return own ? { own: toMapping(own), other: other ? toMapping(other) : null } : null;
}

/** Whether a write failed because another mapping holds the external id. */
export function isExternalIdTaken(error: unknown): boolean {
  return error instanceof Error && 'constraint' in error && error.constraint === 'external_mappings_external';
}

/** Mappings locked in the one order that everything locks them in: by id. */
export async function lockMappings(tx: Tx, ids: number[]): Promise<Mapping[]> {
  const { rows } = await tx.raw<{ rows: Row[] }>(
    `select * from external_mappings where id = any(:ids) order by id for update`,
    {
      ids,
    },
  );
  return rows.map(toMapping);
}

/**
 * Removes a mapping whose record belongs to another mapping; its deliveries and its dirty number
 * move to that one.
 */
export async function absorbMapping(tx: Tx, from: Mapping, into: Mapping): Promise<void> {
  const ids = { from: from.id, into: into.id };
  await tx.raw(`update sync_deliveries set mapping_id = :into where mapping_id = :from`, ids);
  await tx.raw(
    `update external_mappings m set dirty = m.dirty + :more, urgency = ${raisedUrgency('f.urgency')}, updated_at = now()
     from external_mappings f where m.id = :into and f.id = :from`,
    { ...ids, more: Math.max(1, from.dirty) },
  );
  await tx.raw(`delete from external_mappings where id = :from`, { from: from.id });
}

export async function readMapping(db: Db | Tx, id: number): Promise<Mapping | null> {
  const { rows } = await db.raw<{ rows: Row[] }>(`select * from external_mappings where id = :id`, { id });
  return rows[0] ? toMapping(rows[0]) : null;
}
