// The events that the relay has published and no worker has received. Any process can ask at any
// time; the walk that looks for lost deliveries (lib/intake/receive-gap.ts) passes only received
// events, so only events after its position are checked.
import type { Db } from '../server/connection.ts';
import { isRecordChangeSql, isRowChangeSql } from '../events/kinds.ts';
import { isPublishedSql } from './publication.ts';

/**
 * The most events that are checked: the newest ones, since events that are not received are new.
 */
const LOOKED_AT = 10_000;

const position = `(select coalesce(min(w.position), 0) from (
  select coalesce((select position from walk_positions where name = n.name), 0) as position
  from unnest(:systems::text[]) s, lateral (values ('receive-gap:' || s), ('receive-gap:' || s || ':internal')) n(name)) w)`;

const published = `
  select e.id, e.event_id, e.event_type, e.entity_type, e.created_at from sync_events e
  where e.id > ${position} and exists (select from relay_cursor c where ${isPublishedSql('e', 'c')})`;

// One lookup by key for each event, written so that the planner keeps it: as an anti join it would
// become a scan of all deliveries.
const missingOf = (events: string): string => `
  select n.id, n.created_at from (${events}) n, unnest(:systems::text[]) s(system), lateral (
    select case
      when ${isRowChangeSql('n')} then s.system
      when ${isRecordChangeSql('n', 's.system')} then 'internal'
    end as target) t
  where t.target is not null and (
    select d.event_id from sync_deliveries d where d.event_id = n.event_id and d.target = t.target) is null`;

// If there are more events than that, the oldest of all is looked for from the other end.
const lagSql = `
with newest as materialized (${published} order by e.id desc limit ${LOOKED_AT}),
missing as materialized (${missingOf('select * from newest')}),
seen as (select count(*) = ${LOOKED_AT} as more from newest)
select (select count(*)::integer from missing) as events, more,
  coalesce(
    case when more then (
      select created_at from (${missingOf(`${published} order by e.id limit ${LOOKED_AT}`)}) first order by id limit 1) end,
    (select min(created_at) from missing)) as oldest
from seen`;

export type ReceiveLag = {
  events: number;
  /** Whether there may be more than `events`. */
  more: boolean;
  /** When the oldest of them was written. */
  oldest: Date | null;
};

export async function readReceiveLag(db: Db, systems: readonly string[]): Promise<ReceiveLag> {
  const { rows } = await db.raw<{ rows: ReceiveLag[] }>(lagSql, { systems: [...systems] });
  const { events, oldest, more } = rows[0] ?? { events: 0, oldest: null, more: false };
  return { events, oldest: events > 0 ? oldest : null, more: more && events > 0 };
}
