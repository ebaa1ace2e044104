// One backlog, published by 1, 2 and 4 shards in as many processes. The bus keeps nothing: what is measured is what the
// shards add, which is that each reads the index of all rows and passes over those of the others. Every row has to be
// published once by one of them, or the run does not count.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { startEmbeddedPostgres } from '../../cli/embedded/postgres.ts';
import { keepPartitions } from '../../db/partitions/partitions.ts';
import { createCursor } from '../../db/relay/identity.ts';
import { divideRelay } from '../../db/relay/shards.ts';
import { createDb, type Db } from '../../db/server/connection.ts';
import { migrate } from '../../db/server/migrate.ts';
import { databaseUrl, ensureDatabase } from '../../db/server/server.ts';
import { cpuSeconds } from '../cpu.ts';
import type { Answer, Figures, Measure, Size } from './measure.ts';
import { endServer } from '../end-server.ts';

const NUMBERS = [1, 2, 4] as const;

const insertSql = `
insert into sync_events (event_id, event_type, entity_type, entity_id, entity_key, version, source, payload)
select new_event_id(), 'customer.updated', 'customer', n, 'customer:' || n, 1, 'internal', jsonb_build_object(
  'customer_data', jsonb_build_object('id', n, 'name', 'Ada Lovelace', 'email', 'ada' || n || '@example.com', 'note', repeat('x', 300)),
  'external_mappings', jsonb_build_object('stripe', 'cus_' || n))
from generate_series(1, 1000) n`;

type Run = { perSecond: number; relayMicros: number; postgresMicros: number };

/** What one shard's process has done: see relay-shards-part.ts. */
type Part = { count: number; cpuSeconds: number; began: number; ended: number };

async function runPart(url: string, shard: number, shards: number): Promise<Part> {
  const script = new URL('../relay-shards-part.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, url, String(shard), String(shards)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [answer] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return JSON.parse(answer) as Part;
}

/** The server's first process, of which the sessions are children; those that have ended count too. */
async function readPostmaster(db: Db): Promise<number> {
  const { rows } = await db.raw<{ rows: { pid: number }[] }>('select pg_backend_pid() as pid');
  const status = await readFile(`/proc/${rows[0]?.pid}/status`, 'utf8');
  return Number(/^PPid:\s*(\d+)$/m.exec(status)?.[1]);
}

type Backlog = { db: Db; url: string; rows: number; postmaster: number };

async function drainBy({ db, url, rows, postmaster }: Backlog, shards: number): Promise<Run> {
  await db.raw('delete from relay_cursor');
  await db.raw('delete from leases');
  await db.transaction(async (tx) => {
    await createCursor(tx, 'bench');
    await divideRelay(tx, shards);
  });
  await db.raw(`update leases set until = clock_timestamp() where until < 'infinity'`);
  const before = await cpuSeconds(postmaster);
  const parts = await Promise.all(Array.from({ length: shards }, (_, shard) => runPart(url, shard, shards)));
  const after = await cpuSeconds(postmaster);
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  if (count !== rows) throw new Error(`${count} of ${rows} events were published`);
  const took = Math.max(...parts.map(({ ended }) => ended)) - Math.min(...parts.map(({ began }) => began));
  const cpu = parts.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
  return {
    perSecond: (rows / took) * 1_000,
    relayMicros: (cpu / rows) * 1e6,
    postgresMicros: ((after - before) / rows) * 1e6,
  };
}

const median = (list: number[]) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN;

function toAnswer(runs: ReadonlyMap<number, Run[]>): Answer {
  const one = runs.get(1) ?? [];
  const contestants: Figures[] = [...runs].map(([shards, list]) => ({
    name: `${shards} shard${shards === 1 ? '' : 's'}`,
    about: `in ${shards} process${shards === 1 ? '' : 'es'}, on a bus that keeps nothing`,
    figures: {
      'events/s': median(list.map(({ perSecond }) => perSecond)),
      'relay CPU µs': median(list.map(({ relayMicros }) => relayMicros)),
      'Postgres CPU µs': median(list.map(({ postgresMicros }) => postgresMicros)),
    },
  }));
  const findings = NUMBERS.slice(1).flatMap((shards) => {
    const list = runs.get(shards) ?? [];
    const ratios = list.map(({ relayMicros }, n) => relayMicros / (one[n]?.relayMicros ?? NaN));
    return [
      {
        id: `relay CPU per event, ${shards} shards ÷ 1`,
        value: median(ratios),
        unit: 'ratio' as const,
        spread: [Math.min(...ratios), Math.max(...ratios)] as const,
        beside: `1 shard: ${median(one.map(({ relayMicros }) => relayMicros)).toFixed(1)} µs`,
      },
    ];
  });
  return { findings, contestants };
}

async function run({ full, rounds }: Size): Promise<Answer> {
  const rows = full ? 200_000 : 40_000;
  const folder = await mkdtemp(join(tmpdir(), 'twinbox-bench-'));
  const server = await startEmbeddedPostgres({
    ...{ dataDir: join(folder, 'postgres'), databaseName: 'postgres', fsync: false, log: () => undefined },
  });
  try {
    await ensureDatabase(server.url, 'bench');
    const url = databaseUrl(server.url, 'bench');
    const db = createDb({ url, poolSize: 2, applicationName: 'bench' });
    await migrate(db);
    await keepPartitions(db, { now: new Date(), retentionDays: 35 });
    for (let n = 0; n < rows; n += 1_000) await db.raw(insertSql);
    await db.raw('vacuum analyze sync_events');
    const postmaster = await readPostmaster(db);
    const runs = new Map<number, Run[]>(NUMBERS.map((shards) => [shards, []]));
    // There and back, so that a machine that becomes faster or slower favours none.
    for (let round = 0; round < rounds; round += 1)
      for (const shards of round % 2 === 0 ? NUMBERS : NUMBERS.toReversed())
        runs.get(shards)?.push(await drainBy({ db, url, rows, postmaster }, shards));
    await db.destroy();
    return toAnswer(runs);
  } finally {
    await endServer(server);
    await rm(folder, { recursive: true, force: true });
  }
}

export const measure: Measure = {
  name: 'relay-shards',
  about:
    'a backlog that 1, 2 and 4 shards publish in as many processes to a bus that keeps nothing: events a second, and CPU for each event',
  run,
};
