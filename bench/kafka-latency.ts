// How long a committed event takes until a consumer's handler has it, at a fixed rate that does not
// wait for answers.
import { randomUUID } from 'node:crypto';
import { createDb } from '../db/server/connection.ts';
import { migrate } from '../db/server/migrate.ts';
import { keepPartitions } from '../db/partitions/partitions.ts';
import type { KafkaBus } from '../lib/bus/kafka/kafka.ts';
import { sleep, waitUntil } from '../lib/loop.ts';
import { cpuSeconds } from './cpu.ts';
import { KEYS, payloadOf, startPart } from './kafka-task.ts';

export type LatencyOptions = {
  /** An empty database. */
  url: string;
  bus: KafkaBus;
  bootstrap: string;
  /** The process of PostgreSQL, whose time is measured with that of all its sessions. */
  postgres: number;
  rate: number;
  seconds: number;
};

/** The first seconds warm everything up and do not count. */
const WARM_UP_SECONDS = 5;

const insertSql = `
insert into sync_events (event_id, event_type, entity_type, entity_id, entity_key, version, source, payload)
values (:eventId, 'customer.updated', 'customer', :n, :key, :version, 'internal', :payload::jsonb)`;

export async function measureLatency({
  url,
  bus,
  bootstrap,
  postgres,
  rate,
  seconds,
}: LatencyOptions): Promise<void> {
  const db = createDb({ url, poolSize: 8, applicationName: 'bench' });
  await migrate(db);
  await keepPartitions(db, { now: new Date(), retentionDays: 35 });
  const topic = `bench.latency.${rate}`;
  await bus.ensureTopics([topic], { partitions: 6, replication: 1, retentionHours: 1, create: true });
  const committed = new Map<string, number>();
  const latencies = new Map<string, number>();
  const arrived = new Map<string, number>();
  const versions = new Map<string, number>();
  const disorder: string[] = [];
  const stop = await bus.subscribe({
    topic,
    group: topic,
    handler: (batch) => {
      const now = performance.now();
      for (const { eventId, key, value } of batch) {
        if (eventId !== null && !arrived.has(eventId)) arrived.set(eventId, now);
        const { version } = JSON.parse(value ?? '{}') as { version: number };
        if (version < (versions.get(key ?? '') ?? 0)) disorder.push(key ?? '');
        versions.set(key ?? '', version);
      }
      return Promise.resolve();
    },
  });
  const relay = startPart({
    part: 'follow',
    bootstrap,
    databaseUrl: url,
    topic,
    partitions: 6,
    headers: 'full',
    page: 1_000,
    count: 0,
    warmUp: 0,
  });
  const total = rate * (WARM_UP_SECONDS + seconds);
  const began = performance.now();
  const writes: Promise<void>[] = [];
  const counted = new Set<string>();
  let postgresBegan = 0;
  for (let n = 0; n < total; n += 1) {
    const due = began + (n / rate) * 1_000;
    if (due > performance.now()) await sleep(due - performance.now());
    const eventId = randomUUID();
    if (n === rate * WARM_UP_SECONDS) postgresBegan = await cpuSeconds(postgres);
    if (n >= rate * WARM_UP_SECONDS) counted.add(eventId);
    writes.push(
      Promise.resolve(
        db.raw(insertSql, {
          eventId,
          n: (n % KEYS) + 1,
          key: `customer:${(n % KEYS) + 1}`,
          version: Math.floor(n / KEYS) + 1,
          payload: payloadOf(n),
        }),
      ).then(() => void committed.set(eventId, performance.now())),
    );
  }
  await Promise.all(writes);
  const achieved = total / ((performance.now() - began) / 1_000);
  await waitUntil(() => [...counted].every((id) => arrived.has(id)), {
    timeoutMs: 30_000,
    what: 'all events',
  });
  const postgresUs = (((await cpuSeconds(postgres)) - postgresBegan) / counted.size) * 1e6;
  relay.end();
  const figures = await relay.figures;
  await stop();
  await db.destroy();
  if (disorder.length > 0) throw new Error(`out of order: ${disorder.join(', ')}`);
  for (const id of counted) latencies.set(id, (arrived.get(id) ?? NaN) - (committed.get(id) ?? NaN));
  const sorted = [...latencies.values()].toSorted((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN).toFixed(1);
  console.log(
    `\ncommit to consumer at ${rate}/s (${achieved.toFixed(0)}/s reached, ${sorted.length} events): ` +
      `p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, p99 ${at(0.99)} ms, worst ${at(1)} ms; ` +
      `relay ${((figures.cpuSeconds / figures.seconds) * 100).toFixed(0)} % of a core, ${figures.rssMb.toFixed(0)} MB; ` +
      `PostgreSQL ${postgresUs.toFixed(0)} µs of its processor for each event, the insert included`,
  );
}
