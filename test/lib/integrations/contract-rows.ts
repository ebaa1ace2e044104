// What the engine's part of the contract looks at: our rows, their events, their records.
import type { Db } from '../../../db/server/connection.ts';
import type { InboundEvent, Integration } from '../../../lib/integrations/integration.ts';

/** The events of bodies that webhooks brought. */
export function eventsIn({ ingress }: Integration, bodies: readonly unknown[]): InboundEvent[] {
  const items = bodies.flatMap((body) => ingress?.events(structuredClone(body)) ?? []);
  return items.flatMap((item) => (item.ok ? [item.event] : []));
}

export async function countThere(integration: Integration): Promise<number> {
  let count = 0;
  for await (const page of integration.list({})) count += page.length;
  return count;
}

/** What a step writes, without when a pair was looked at. */
export async function contentOf(db: Db): Promise<unknown> {
  return await rowsOf(
    db,
    `select (select count(*) from sync_events) as events, (select count(*) from sync_deliveries) as deliveries,
            (select count(*) from sync_intents) as intents, (select count(*) from sync_attempts) as attempts,
            (select count(*) from sync_conflicts) as conflicts,
            (select jsonb_agg(c order by c.id) from customers c) as customers,
            (select jsonb_agg(jsonb_build_array(m.id, m.external_id, m.state, m.shadow, m.intent) order by m.id) from external_mappings m) as mappings`,
  );
}

export async function rowsOf<T>(db: Db, sql: string): Promise<T[]> {
  return (await db.raw<{ rows: T[] }>(sql)).rows;
}
