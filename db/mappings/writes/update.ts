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
/** Each column that a change can name. */
export const settableColumns = [...Object.values(columnOf), 'reason', 'reason_detail'];
const jsonColumns = new Set([
  ...['consent', 'ending', 'decision', 'shadow', 'last_error', 'intent', 'reason_detail'],
]);

/**
 * Writes changes to a mapping that this transaction has locked; with `release` the lease ends in
 * the same statement.
 */
export async function updateMapping(
  tx: Tx,
  id: number,
  changes: MappingChanges,
  { release = false }: { release?: boolean } = {},
): Promise<void> {
  const columns = Object.entries(columnsOf(changes)).map(
    ([column, value]) =>
      [column, jsonColumns.has(column) && value !== null ? JSON.stringify(value) : value] as const,
  );
  const values: Record<string, unknown> = { updated_at: tx.fn.now(), ...Object.fromEntries(columns) };
  if (release) Object.assign(values, { lease_owner: null, lease_until: null });
  await tx('external_mappings').where({ id }).update(values);
}

/** By their columns; of jsonb the value itself. */
export function columnsOf({ reason, ...changes }: MappingChanges): Record<string, unknown> {
  const values = Object.entries(changes).map(([name, value]) => {
    const column = columnOf[name as keyof typeof columnOf];
    return [column, column === 'next_attempt_at' && value === null ? '-infinity' : value] as const;
  });
  return { ...ofReason(reason), ...Object.fromEntries(values) };
}

function ofReason(reason: Reason | null | undefined): Record<string, unknown> {
  if (reason === undefined) return {};
  if (reason === null) return { reason: null, reason_detail: null };
  return { reason: codeOf(reason), reason_detail: reason.detail };
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
