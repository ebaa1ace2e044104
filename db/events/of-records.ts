// Which events of a system's records were received, as far back as events are kept.
import type { Db } from '../server/connection.ts';

const lastSql = `
select r.external_id as "externalId", max(e.payload #>> '{external,created}') as at
from unnest(:externalIds::text[]) as r(external_id)
join connections c on c.system = :system and c.account is not null
join sync_events e on e.entity_key = :system || ':' || c.account || ':' || r.external_id
where e.event_type = :system || '.customer.updated'
  and not starts_with(coalesce(e.payload #>> '{external,idempotency_key}', ''), :ownKeys)
group by r.external_id`;

/**
 * When each record last changed, by the system's clock: the time of its newest event that is
 * neither its creation nor the echo of a request of ours (`ownKeys` is the beginning of our keys).
 * Records without such an event are left out.
 */
export async function readLastChanges(
  db: Db,
  about: { system: string; externalIds: string[]; ownKeys: string },
): Promise<Map<string, Date>> {
  const { rows } = await db.raw<{ rows: { externalId: string; at: string | null }[] }>(lastSql, about);
  return new Map(rows.flatMap(({ externalId, at }) => (at === null ? [] : [[externalId, new Date(at)]])));
}
