/**
 * The relay with a real Kafka, compared with kafkajs alone in the same run: the time to publish 1
 * KiB events, and how long a committed event takes to a consumer. Every run is read back, and
 * counts only if it is complete and each customer's events are in order.
 *
 *   node bench/kafka.ts [--rows 60000] [--rounds 2] [--seconds 15]
 *
 * Ratios come from runs in the order A, B, B, A. Needs Java and Maven; without them it says so and
 * measures nothing.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createBroker } from '../cli/embedded/kafka/broker.ts';
import { startEmbeddedPostgres } from '../cli/embedded/postgres.ts';
import { createDb, type Db } from '../db/server/connection.ts';
import { migrate } from '../db/server/migrate.ts';
import { keepPartitions } from '../db/partitions/partitions.ts';
import { databaseUrl, ensureDatabase } from '../db/server/server.ts';
import { createKafkaBus, type KafkaBus } from '../lib/bus/kafka/kafka.ts';
import { isAppError } from '../lib/errors.ts';
import type { HeaderStyle } from '../lib/events/envelope.ts';
import { measureLatency } from './kafka-latency.ts';
import { KEYS, payloadOf, startPart, type PartFigures, type PartTask } from './kafka-task.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '60000' },
    rounds: { type: 'string', default: '2' },
    seconds: { type: 'string', default: '15' },
  },
});
const count = Number(values.rows);
const warmUp = 10_000;
const partitions = 6;
const page = 1_000;
const quiet = () => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const median = (list: number[]): number => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN;
let topics = 0;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

async function runPart(task: PartTask): Promise<PartFigures> {
  return await startPart(task).figures;
}

const insertSql = `
insert into sync_events (event_id, event_type, entity_type, entity_id, entity_key, version, source, payload)
select new_event_id(), 'customer.updated', 'customer', n, 'customer:' || n, :version::integer, 'internal', p.value::jsonb
from jsonb_array_elements_text(:payloads::jsonb) with ordinality p(value, n)`;

async function fill(db: Db, total: number): Promise<void> {
  const payloads = JSON.stringify(Array.from({ length: KEYS }, (_, n) => payloadOf(n + 1)));
  for (let version = 1; version * KEYS <= total; version += 1) await db.raw(insertSql, { payloads, version });
  await db.raw('vacuum analyze sync_events');
}

/** Throws unless the topic has every event once and each key's versions rise. */
async function verify(bus: KafkaBus, topic: string, total: number): Promise<void> {
  const ids = new Set<string>();
  const versions = new Map<string, number>();
  const done = Promise.withResolvers<undefined>();
  const stop = await bus.subscribe({
    topic,
    group: `verify.${topic}`,
    handler: (batch) => {
      for (const { key, value, eventId } of batch) {
        const { version } = JSON.parse(value ?? '{}') as { version: number };
        const before = versions.get(key ?? '') ?? 0;
        if (version < before) done.reject(new Error(`${topic}: ${key} went from ${before} to ${version}`));
        versions.set(key ?? '', version);
        ids.add(eventId ?? '');
      }
      if (ids.size >= total) done.resolve(undefined);
      return Promise.resolve();
    },
  });
  await done.promise;
  await stop();
}

function print(name: string, runs: PartFigures[], beside?: PartFigures[]): void {
  const rate = (one: PartFigures | undefined) => (one ? one.count / one.seconds : NaN);
  const ratio = beside
    ? `   ${median(runs.map((one, n) => rate(one) / rate(beside[n]))).toFixed(2)} of it`
    : '';
  const cpu = median(runs.map((one) => (one.cpuSeconds / one.count) * 100_000)).toFixed(1);
  const rss = Math.max(...runs.map(({ rssMb }) => rssMb)).toFixed(0);
  const perSecond = Math.round(median(runs.map(rate))).toLocaleString('en');
  console.log(
    `${name.padEnd(40)} ${perSecond.padStart(8)} events/s  ${cpu.padStart(5)} CPU s per 100,000  ${rss.padStart(4)} MB${ratio}`,
  );
}

async function measureDrain(
  db: Db,
  url: string,
  bus: KafkaBus,
  bootstrap: string,
  headers: HeaderStyle,
): Promise<void> {
  const newTopic = async (): Promise<string> => {
    const topic = `bench.${(topics += 1)}`;
    await bus.ensureTopics([topic], { partitions, replication: 1, retentionHours: 1, create: true });
    return topic;
  };
  const task = { bootstrap, databaseUrl: url, partitions, headers, page, count, warmUp };
  const ceiling = async () => runPart({ ...task, part: 'produce', topic: await newTopic() });
  let last = '';
  const relay = async () => {
    await db.raw('delete from relay_cursor');
    last = await newTopic();
    const figures = await runPart({ ...task, part: 'relay', topic: last });
    await verify(bus, last, count + warmUp);
    return figures;
  };
  const runs: { a: PartFigures[]; b: PartFigures[] } = { a: [], b: [] };
  for (let round = 0; round < Number(values.rounds); round += 1) {
    runs.a.push(await ceiling());
    runs.b.push(await relay(), await relay());
    runs.a.push(await ceiling());
  }
  console.log(`\n1 KiB events, ${partitions} partitions, acks from all, ${headers} headers`);
  print('kafkajs alone, shaped (the ceiling)', runs.a);
  print('the relay, Postgres to Kafka', runs.b, runs.a);
  const reading = [await runPart({ ...task, part: 'read', topic: last })];
  print('kafkajs alone, reading', reading);
  await db.raw('truncate sync_deliveries, external_mappings cascade');
  print(
    'a worker receiving, Kafka to Postgres',
    [await runPart({ ...task, part: 'receive', topic: last })],
    reading,
  );
}

const folder = await mkdtemp(join(tmpdir(), 'twinbox-bench-'));
try {
  const node = { id: 1, ports: { client: await freePort(), controller: await freePort() } };
  const broker = await createBroker({
    ...{ node, cluster: [node], dataDir: join(folder, 'kafka') },
    say: (line) => console.log(line),
  });
  await broker.start();
  const server = await startEmbeddedPostgres({
    ...{ dataDir: join(folder, 'postgres'), databaseName: 'postgres', log: quiet },
  });
  const bus = createKafkaBus({ settings: { brokers: [broker.bootstrap] }, log });
  try {
    await ensureDatabase(server.url, 'bench');
    const url = databaseUrl(server.url, 'bench');
    const db = createDb({ url, poolSize: 8, applicationName: 'bench' });
    await migrate(db);
    await keepPartitions(db, { now: new Date(), retentionDays: 35 });
    await fill(db, count + warmUp);
    for (const headers of ['full', 'minimal'] as const)
      await measureDrain(db, url, bus, broker.bootstrap, headers);
    await db.destroy();
    for (const rate of [200, 500]) {
      const name = `bench_${rate}`;
      await ensureDatabase(server.url, name);
      const seconds = Number(values.seconds);
      await measureLatency({
        url: databaseUrl(server.url, name),
        bus,
        bootstrap: broker.bootstrap,
        postgres: server.pid,
        rate,
        seconds,
      });
    }
  } finally {
    await bus.close();
    await server.stop();
    await broker.stop();
  }
} catch (error) {
  if (!isAppError(error, 'kafka_unavailable')) throw error;
  console.log(`\n*** KAFKA NOT MEASURED: ${error.message} ***`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
