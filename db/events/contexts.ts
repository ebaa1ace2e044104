// The trace contexts that are stored with events, for the links of spans.
import type { Db } from '../server/connection.ts';

const contextsSql = `
select e.context ->> 'trace' as trace
from sync_deliveries d join sync_events e on e.id = d.sync_event_id
where d.event_id = any(:eventIds::uuid[]) and e.context ->> 'trace' is not null
union
select c.context ->> 'trace'
from sync_deliveries d
join sync_deliveries o on o.intent_id = d.intent_id and o.status <> 'echo'
join sync_events c on c.id = o.sync_event_id
where d.event_id = any(:eventIds::uuid[]) and d.status = 'echo' and c.context ->> 'trace' is not null`;

/** Of these events and, for an echo of ours, of the events that its request was sent for. */
export async function readContexts(db: Db, eventIds: readonly string[]): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { trace: string }[] }>(contextsSql, { eventIds: [...eventIds] });
  return rows.map(({ trace }) => trace);
}

const causesSql = `
select distinct c.context ->> 'trace' as trace
from sync_deliveries o join sync_events c on c.id = o.sync_event_id
where o.intent_id = any(:intentIds::uuid[]) and o.status <> 'echo' and c.context ->> 'trace' is not null`;

/** Of the events that these requests of ours were sent for; none before their answer is stored. */
export async function readCauses(db: Db, intentIds: readonly string[]): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { trace: string }[] }>(causesSql, { intentIds: [...intentIds] });
  return rows.map(({ trace }) => trace);
}
