// The trace contexts that are stored with events, for the links of spans.
import type { Db } from '../server/connection.ts';

const contextsSql = `
select distinct e.context ->> 'trace' as trace
from sync_deliveries d join sync_events e on e.id = d.sync_event_id
where d.event_id = any(:eventIds::uuid[]) and e.context ->> 'trace' is not null`;

/** Of events that were received. */
export async function readContexts(db: Db, eventIds: readonly string[]): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { trace: string }[] }>(contextsSql, { eventIds: [...eventIds] });
  return rows.map(({ trace }) => trace);
}

const causesSql = `
select distinct e.context ->> 'trace' as trace
from sync_deliveries d join sync_events e on e.id = d.sync_event_id
where d.intent_id = any(:intentIds::uuid[]) and e.context ->> 'trace' is not null`;

/** Of the events that these requests of ours were sent for; none before their answer is stored. */
export async function readCauses(db: Db, intentIds: readonly string[]): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { trace: string }[] }>(causesSql, { intentIds: [...intentIds] });
  return rows.map(({ trace }) => trace);
}
