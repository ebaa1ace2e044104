// Mappings whose steps break off. Nothing here reads what may be the reason for it: the row's
// documents, or a number that none should have.
import type { Db, Tx } from '../server/connection.ts';
import { entityKeySql, isInactiveSql } from './state.ts';

export type Breaking = {
  system: string;
  account: string;
  attempts: number;
  firstFailedAt: Date | null;
};

/** Null if the lease with this fence is gone. */
export async function readBreaking(db: Db, id: number, fence: number): Promise<Breaking | null> {
  const { rows } = await db.raw<{ rows: Breaking[] }>(
    `select system, account, attempts, first_failed_at as "firstFailedAt" from external_mappings where id = :id and fence = :fence`,
    { id, fence },
  );
  return rows[0] ?? null;
}

/**
 * Gives the mapping back, not to be claimed before `until`; the time of its failing begins now,
 * unless it has.
 */
export async function backOffBroken(
  db: Db,
  broken: { id: number; fence: number; until: Date; now: Date; error: Record<string, unknown> },
): Promise<void> {
  await db.raw(
    `update external_mappings
     set lease_owner = null, lease_until = null, next_attempt_at = :until::timestamptz, attempts = least(attempts, 1000000) + 1,
         first_failed_at = coalesce(first_failed_at, :now::timestamptz), last_error = :error::jsonb, updated_at = now()
     where id = :id and fence = :fence`,
    { ...broken, error: JSON.stringify(broken.error) },
  );
}

export type ParkedBroken = { entityKey: string; entityId: number | null; system: string; eventIds: string[] };

// A pair that has ended stays ended, and one that waits for the consent of its first link goes on
// waiting for it: parked, they would begin to sync. Only their deliveries are parked. The log names
// only new ones: it has named the others before.
const parkSql = `
with parked as (
  update external_mappings m
  set state = case when kept.is then m.state else 'parked' end, reason = case when kept.is then m.reason else :reason end,
      reason_detail = case when kept.is then m.reason_detail
        -- Somebody's word about whose it is outlives this.
        when m.reason_detail ->> 'consent' = 'true' then m.reason_detail || :detail::jsonb else :detail::jsonb end, last_error = :detail::jsonb,
      clean = dirty, attempts = 0, first_failed_at = null, next_attempt_at = '-infinity',
      lease_owner = null, lease_until = null, updated_at = now()
  from (select id, ${isInactiveSql('m')} or reason is not distinct from 'not_linked' as is
        from external_mappings m where id = :id and fence = :fence for update) kept
  where m.id = kept.id
  returning m.id, m.system, m.account, m.internal_id, m.external_id
), before as (
  select d.event_id, d.target, d.status from sync_deliveries d join parked p on p.id = d.mapping_id
  where d.status in ('queued', 'waiting', 'parked') order by d.sync_event_id for update of d
), told as (
  update sync_deliveries d set status = 'parked', last_error = :detail::jsonb || jsonb_build_object('code', :reason::text), attempts = d.attempts + 1
  from before b where d.event_id = b.event_id and d.target = b.target
  returning d.event_id, b.status
)
select p.system, p.internal_id as "entityId",
       ${entityKeySql('p')} as "entityKey",
       (select coalesce(array_agg(t.event_id::text), '{}') from told t where t.status <> 'parked') as "eventIds"
from parked p`;

/** Parks it with its deliveries. Null if the lease is gone; else the deliveries to report. */
export async function parkBroken(
  tx: Tx,
  broken: { id: number; fence: number; reason: string; detail: Record<string, unknown> },
): Promise<ParkedBroken | null> {
  const { rows } = await tx.raw<{ rows: ParkedBroken[] }>(parkSql, {
    ...broken,
    detail: JSON.stringify(broken.detail),
  });
  return rows[0] ?? null;
}
