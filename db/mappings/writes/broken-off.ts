// Parks a mapping whose steps break off, without reading the values that may be the cause.
import type { Tx } from '../../server/connection.ts';
import type { Parked } from '../reason.ts';
import { entityKeySql, isInactiveSql } from '../state.ts';

export type ParkedBroken = {
  entityType: string;
  entityKey: string;
  entityId: number | null;
  system: string;
  eventIds: string[];
};

// A pair that has ended stays ended, and one that waits for the consent of its first link goes on
// waiting for it: parked, they would begin to sync. Only their deliveries are parked. The log names
// only new ones: it has named the others before.
const parkSql = `
with parked as (
  update external_mappings m
  set state = case when kept.is then m.state else 'parked' end, reason = case when kept.is then m.reason else :reason end,
      reason_detail = case when kept.is then m.reason_detail else :detail::jsonb end, last_error = :detail::jsonb,
      clean = dirty, attempts = 0, first_failed_at = null, next_attempt_at = '-infinity',
      lease_owner = null, lease_until = null, updated_at = now()
  from (select id, ${isInactiveSql('m')} or reason is not distinct from 'not_linked' as is
        from external_mappings m where id = :id and fence = :fence for update) kept
  where m.id = kept.id
  returning m.id, m.system, m.account, m.entity_type, m.internal_id, m.external_id
), before as (
  select d.event_id, d.target, d.status from sync_deliveries d join parked p on p.id = d.mapping_id
  where d.status in ('queued', 'waiting', 'parked') order by d.sync_event_id for update of d
), noticed as (
  update sync_deliveries d set status = 'parked', last_error = :detail::jsonb || jsonb_build_object('code', :reason::text), attempts = d.attempts + 1
  from before b where d.event_id = b.event_id and d.target = b.target
  returning d.event_id, b.status
)
select p.system, p.internal_id as "entityId",
       p.entity_type as "entityType", ${entityKeySql('p')} as "entityKey",
       (select coalesce(array_agg(n.event_id::text), '{}') from noticed n where n.status <> 'parked') as "eventIds"
from parked p`;

/** Parks it with its deliveries. Null if the lease is gone; else the deliveries to report. */
export async function parkBroken(
  tx: Tx,
  broken: { id: number; fence: number; reason: Parked & { code: 'broken_off' } },
): Promise<ParkedBroken | null> {
  const { rows } = await tx.raw<{ rows: ParkedBroken[] }>(parkSql, {
    ...{ id: broken.id, fence: broken.fence, reason: broken.reason.code },
    detail: JSON.stringify(broken.reason.detail),
  });
  return rows[0] ?? null;
}
