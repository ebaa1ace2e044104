// Whether a drain becomes slower as the table of events grows.
import pg from 'pg';
import type { World } from '../contestants/contestant.ts';
import { compareDrains } from '../world/ours.ts';
import type { Measure } from './measure.ts';

const FEW = 10_000;
const STEP = 50_000;

export const measure: Measure = {
  name: 'relay-scale',
  about: 'a drain behind 500,000 rows (10⁷ in a full run) that are in the table already, compared with 10⁴',
  async run(size) {
    const many = (size.full ? 10_000_000 : 500_000) * size.share;
    // Behind many rows the relay has compiled all its code long before it comes to the backlog: it needs time for that
    // behind few rows too.
    const usual = size.full ? { warmUp: 100_000, count: 200_000 } : { warmUp: 30_000, count: 40_000 };
    const options = {
      ...{ warmUp: usual.warmUp * size.share, count: usual.count * size.share },
      ...{ limitSeconds: 60, startSeconds: size.full ? 1_200 : 120 },
      cold: true,
    };
    const name = (rows: number) => `behind ${rows.toLocaleString('en')} rows`;
    const behind = (rows: number) => ({
      name: name(rows),
      options: { ...options, history: (world: World) => writeHistory(world, rows) },
    });
    // A short run answers a question of its own, not that of the goal.
    const id = size.full ? 'drain at 10⁷ rows ÷ at 10⁴' : 'drain at 500,000 rows ÷ at 10⁴';
    return { findings: await compareDrains({ id, plain: behind(FEW), other: behind(many) }, size) };
  },
};

/**
 * Events that no topic gets: the relay reads them before the backlog, and no clock runs meanwhile. They are short, so
 * that the indexes are as large as those of long ones, and the table is not.
 */
const historySql = `
insert into sync_events (event_id, event_type, entity_type, entity_id, entity_key, version, source, payload)
select new_event_id(), 'bench.history', 'history', n, 'history:' || n, 1, 'internal', '{}'
from generate_series($1::integer, $2::integer) n`;

async function writeHistory({ databaseUrl }: World, rows: number): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('set synchronous_commit = off');
  for (let from = 1; from <= rows; from += STEP)
    await client.query(historySql, [from, Math.min(rows, from + STEP - 1)]);
  await client.end();
}
