// What has become of events at the systems they were sent to.
import type { Db } from '../server/connection.ts';

// A parked delivery waits for a person: that is an outcome too, for whoever waits.
const settledSql = `
select e.id, array_agg(d.target) as targets
from sync_events e join sync_deliveries d on d.event_id = e.event_id
where e.id = any(:ids::bigint[]) and d.status not in ('queued', 'waiting')
group by e.id`;

/** A server that vanished answers nothing: the next question is asked on another connection. */
const ANSWER_MS = 5_000;

/** By the id of an event: the targets at which it has an outcome. Events without any are left out. */
export async function readSettledTargets(
  db: Db,
  ids: readonly number[],
): Promise<Map<number, readonly string[]>> {
  const { rows } = await db
    .raw<{ rows: { id: number; targets: string[] }[] }>(settledSql, { ids: [...ids] })
    .timeout(ANSWER_MS);
  return new Map(rows.map(({ id, targets }) => [id, targets]));
}
