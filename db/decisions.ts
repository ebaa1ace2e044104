// What people decide about pairs that are stuck (lib/sync/decision.ts): which pairs those are, and how a decision is noted.
import type { Db, Tx } from './connection.ts';
import type { Decision } from './mappings.ts';

/**
 * Notes a decision on a mapping that this transaction has locked, and makes a worker look again. The lease ends with it: a step
 * that began before the decision knows nothing of it. Such a step may have an intent open; whoever takes the mapping next finishes it.
 */
export async function noteDecision(
  tx: Tx,
  { id, decision, now }: { id: number; decision: Decision; now: Date },
): Promise<void> {
  await tx.raw(
    `update external_mappings
     set decision = :decision::jsonb, dirty = dirty + 1, next_attempt_at = :now::timestamptz,
         fence = fence + 1, lease_owner = null, lease_until = null, updated_at = now()
     where id = :id`,
    { id, now, decision: JSON.stringify(decision) },
  );
}

/**
 * Releases the deletes that the fuse holds, all of a system or those named, whatever the fuse says of others. The lease ends with it,
 * as in noteDecision. A decision that is there already stays. Returns how many are released.
 */
export async function raiseHeldDeletes(
  db: Db | Tx,
  system: string,
  now: Date,
  {
    ids = null,
    by = null,
    why = null,
  }: { ids?: number[] | null; by?: string | null; why?: string | null } = {},
): Promise<number> {
  const decision: Decision = { kind: 'release', by, at: now.toISOString(), why };
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `update external_mappings m
     set dirty = dirty + 1, next_attempt_at = :now::timestamptz, decision = coalesce(decision, :decision::jsonb),
         fence = fence + 1, lease_owner = null, lease_until = null, updated_at = now()
     from (select id from external_mappings
           where system = :system and state = 'waiting' and reason = 'fuse' and (:ids::bigint[] is null or id = any(:ids::bigint[]))
           order by id for update) locked
     where m.id = locked.id`,
    { system, now, ids, decision: JSON.stringify(decision) },
  );
  return rowCount;
}
