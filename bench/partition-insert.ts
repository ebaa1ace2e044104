// What partitioning costs a writer: the same inserts into sync_events as one plain table and as a
// partitioned one, in one run.
//
//   node bench/partition-insert.ts [--rows 2000] [--writers 4] [--rounds 7]
//
// In short rounds A, B, B, A (plain, partitioned, partitioned, plain), so that a machine that gets
// faster or slower meanwhile favours neither; the ratio is the median over the rounds. Nothing
// waits for the disk: the work is compared. Two workloads: events alone, in statements of 100 rows,
// where only the table counts; and customers through db/entities/rows.ts, where one statement writes a
// customer with its event, and the deferred check looks the event up.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startEmbeddedPostgres } from '../cli/embedded/postgres.ts';
import { createDb, type Db } from '../db/server/connection.ts';
import { insertRow } from '../db/entities/rows.ts';
import { customer } from '../lib/catalogue/built-in.ts';
import { migrate } from '../db/server/migrate.ts';
import { keepPartitions } from '../db/partitions/partitions.ts';
import { databaseUrl, ensureDatabase } from '../db/server/server.ts';
import { newEventId } from '../lib/uuid.ts';
import { endServer } from './end-server.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '2000' },
    writers: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '7' },
  },
});
const rows = Number(values.rows);
const writers = Number(values.writers);

// The same columns, keys, defaults and trigger, only not partitioned.
const plainSql = `
create table plain (like sync_events including all);
create trigger sync_events_append_only before update or delete on plain for each row execute function refuse_change_of_events();
drop table sync_events cascade;
alter table plain rename to sync_events`;

const insertEventsSql = `
insert into sync_events (event_id, event_type, entity_type, entity_id, entity_key, version, source, payload)
select new_event_id(), 'customer.updated', 'customer', n, 'customer:' || n, 1, 'internal',
  jsonb_build_object('customer_data', jsonb_build_object('id', n, 'name', 'Ada Lovelace', 'email', 'ada' || n || '@example.com'))
from generate_series(1, 100) n`;

async function makeDatabase(server: string, name: string, partitioned: boolean): Promise<Db> {
  await ensureDatabase(server, name);
  const db = createDb({ url: databaseUrl(server, name), poolSize: writers, applicationName: name });
  await migrate(db);
  if (partitioned) await keepPartitions(db, { now: new Date(), retentionDays: 35 });
  else await db.raw(plainSql);
  return db;
}

let serial = 0;

const workloads: Record<string, { perStatement: number; run: (db: Db) => Promise<unknown> }> = {
  'events, 100 to a statement': { perStatement: 100, run: (db) => db.raw(insertEventsSql) },
  'customers with their event': {
    perStatement: 1,
    run: (db) => {
      const now = new Date();
      serial += 1;
      return insertRow(
        db,
        customer,
        { name: 'Ada Lovelace', email: `ada${serial}@example.com` },
        { eventId: newEventId(now), source: 'internal', context: {}, now },
      );
    },
  },
};

/** Rows per second. */
async function measure(db: Db, { run, perStatement }: (typeof workloads)[string] & object): Promise<number> {
  let left = perStatement === 1 ? rows : rows / 10;
  const total = left * perStatement;
  const from = performance.now();
  const write = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await run(db);
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
  return (total / (performance.now() - from)) * 1_000;
}

const median = (numbers: number[]): number =>
  numbers.toSorted((x, y) => x - y)[Math.floor(numbers.length / 2)] ?? NaN;
const say = (text: string): boolean => process.stdout.write(`${text}\n`);

const folder = await mkdtemp(join(tmpdir(), 'twinbox-bench-'));
const server = await startEmbeddedPostgres({
  dataDir: join(folder, 'postgres'),
  log: () => undefined,
  fsync: false,
});
const plain = await makeDatabase(server.url, 'plain', false);
const partitioned = await makeDatabase(server.url, 'partitioned', true);
try {
  for (const [name, workload] of Object.entries(workloads)) {
    await measure(plain, workload);
    await measure(partitioned, workload);
    const a: number[] = [];
    const b: number[] = [];
    const ratios: number[] = [];
    for (let round = 0; round < Number(values.rounds); round += 1) {
      const a1 = await measure(plain, workload);
      const b1 = await measure(partitioned, workload);
      const b2 = await measure(partitioned, workload);
      const a2 = await measure(plain, workload);
      a.push(a1, a2);
      b.push(b1, b2);
      ratios.push((b1 + b2) / (a1 + a2));
    }
    say(`${name}: plain ${Math.round(median(a))}, partitioned ${Math.round(median(b))} rows/s`);
    say(
      `  partitioned / plain ${median(ratios).toFixed(3)} (${Math.min(...ratios).toFixed(3)} to ${Math.max(...ratios).toFixed(3)})`,
    );
  }
  const times: number[] = [];
  for (let n = 0; n < 50; n += 1) {
    const from = performance.now();
    await keepPartitions(partitioned, { now: new Date(), retentionDays: 35 });
    times.push(performance.now() - from);
  }
  say(`upkeep with nothing to do: median ${median(times).toFixed(1)} ms`);
} finally {
  await plain.destroy();
  await partitioned.destroy();
  await endServer(server);
  await rm(folder, { recursive: true, force: true });
}
