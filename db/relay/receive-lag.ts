// What the relay has published and no worker has received. Asked by any process, at any time; the
// walk that looks for lost deliveries (lib/intake/receive-gap.ts) has passed all that was received,
// so only what lies behind it is looked at.
import type { Db } from '../server/connection.ts';
import { isPublishedSql } from './publication.ts';

/** So many events are looked at, at most: the newest ones, since what is not received is what came last. */
const LOOKED_AT = 10_000;

const position = `(select coalesce(min(w.position), 0) from (
  select coalesce((select position from walk_positions where name = n.name), 0) as position
  from unnest(:systems::text[]) s, lateral (values ('receive-gap:' || s), ('receive-gap:' || s || ':internal')) n(name)) w)`;

const published = `
  select e.id, e.event_id, e.event_type, e.created_at from relay_cursor c, sync_events e
  where e.id > ${position} and ${isPublishedSql('e', 'c')}`;

// A look by key for each event, written so that it stays one: as an anti join it would be planned
// as a scan of all deliveries.
const missingOf = (events: string): string => `
  select n.id, n.created_at from (${events}) n, unnest(:systems::text[]) s(system), lateral (
    select case
      when n.event_type in ('customer.created', 'customer.updated', 'customer.deleted') then s.system
      when n.event_type in (s.system || '.customer.created', s.system || '.customer.updated', s.system || '.customer.deleted') then 'internal'
    end as target) t
  where t.target is not null and (
    select d.event_id from sync_deliveries d where d.event_id = n.event_id and d.target = t.target) is null`;

// With more than are looked at, the oldest of all is looked for from the other end.
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
  /** There may be more than `events`. */
  more: boolean;
  /** When the oldest of them was written. */
  oldest: Date | null;
};

export async function readReceiveLag(db: Db, systems: readonly string[]): Promise<ReceiveLag> {
  const { rows } = await db.raw<{ rows: ReceiveLag[] }>(lagSql, { systems: [...systems] });
  const { events, oldest, more } = rows[0] ?? { events: 0, oldest: null, more: false };
  return { events, oldest: events > 0 ? oldest : null, more: more && events > 0 };
}
