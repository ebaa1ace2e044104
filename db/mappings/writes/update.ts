// Writes what a step has learned to a mapping that its transaction has locked.
import type { Db, Tx } from '../../server/connection.ts';
import { runPrepared } from '../../server/prepared.ts';
import type { Mapping, OpenIntent } from '../mappings.ts';
import { codeOf, type Reason } from '../reason.ts';
import type { StateChange, StateColumn } from './state-change.ts';

/** Columns that say nothing of the state; one that is left out stays as it is. */
type OtherChanges = Partial<
  Pick<
    Mapping,
    | 'internalId'
    | 'role'
    | 'externalId'
    | 'madeRecord'
    | 'shadow'
    | 'wantedVersion'
    | 'pushedVersion'
    | 'dirty'
    | 'clean'
    | 'mustRead'
    | 'parts'
    | 'attempts'
    | 'firstFailedAt'
    | 'lastError'
    | 'nextAttemptAt'
    | 'intentNumber'
    | 'intent'
    | 'knownEmail'
    | 'voidTag'
    | 'mergedInto'
  >
>;

/** What a settle may change. The state, and what belongs to it, only by a function of state-change.ts. */
export type MappingChanges = OtherChanges & (StateChange | { [Column in StateColumn]?: never });

const columnOf: Record<keyof OtherChanges | Exclude<StateColumn, 'reason'>, string> = {
  internalId: 'internal_id',
  role: 'role',
  externalId: 'external_id',
  madeRecord: 'made_record',
  state: 'state',
  consent: 'consent',
  ending: 'ending',
  decision: 'decision',
  shadow: 'shadow',
  wantedVersion: 'wanted_version',
  pushedVersion: 'pushed_version',
  dirty: 'dirty',
  clean: 'clean',
  mustRead: 'must_read',
  parts: 'parts',
  attempts: 'attempts',
  firstFailedAt: 'first_failed_at',
  lastError: 'last_error',
  nextAttemptAt: 'next_attempt_at',
  intentNumber: 'intent_number',
  intent: 'intent',
  knownEmail: 'known_email',
  voidTag: 'void_tag',
  mergedInto: 'merged_into',
};
const jsonColumns = new Set(['consent', 'ending', 'decision', 'shadow', 'last_error', 'intent']);

/**
 * Writes changes to a mapping that this transaction has locked; with `release` the lease ends in
 * the same statement.
 */
export async function updateMapping(
  tx: Tx,
  id: number,
  { reason, ...changes }: MappingChanges,
  { release = false }: { release?: boolean } = {},
): Promise<void> {
  const values: Record<string, unknown> = { updated_at: tx.fn.now(), ...ofReason(reason) };
  for (const [name, value] of Object.entries(changes) as [keyof typeof columnOf, unknown][]) {
    const column = columnOf[name];
    if (column === 'next_attempt_at' && value === null) values[column] = '-infinity';
    else values[column] = jsonColumns.has(column) && value !== null ? JSON.stringify(value) : value;
  }
  if (release) Object.assign(values, { lease_owner: null, lease_until: null });
  await tx('external_mappings').where({ id }).update(values);
}

function ofReason(reason: Reason | null | undefined): {
  reason?: string | null;
  reason_detail?: string | null;
} {
  if (reason === undefined) return {};
  if (reason === null) return { reason: null, reason_detail: null };
  return {
    reason: codeOf(reason),
    reason_detail: reason.detail && JSON.stringify(reason.detail),
  };
}

const openIntentSql = `
update external_mappings set intent = :intent::jsonb, intent_number = :number, updated_at = now()
where id = :id and fence = :fence and intent is null
returning id`;

/** Stores an intent under the fence, if that is all there is to store. False if the lease is gone, or one is open. */
export async function openIntent(db: Db, id: number, fence: number, intent: OpenIntent): Promise<boolean> {
  const stored = { intent: JSON.stringify(intent), number: intent.number };
  const { rows } = await runPrepared<{ rows: unknown[] }>(db, openIntentSql, { id, fence, ...stored });
  return rows.length === 1;
}
