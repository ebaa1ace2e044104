/**
 * Half an hour at 300 events a second (10 minutes if it is named in a short run), in six parts, with the upkeep of
 * partitions beside it: does an event cost more in the last part than in the first? A week of the calendar passes in 1/24
 * of the time, so that blocks of events come into use, become old and are dropped as they are in months: the table holds
 * the events of five to seven such weeks.
 */
import pg from 'pg';
import { readFile } from 'node:fs/promises';
import { keepPartitions } from '../../db/partitions/partitions.ts';
import { WEEK_MS } from '../../db/partitions/plan.ts';
import { createDb, type Db } from '../../db/server/connection.ts';
import { sleep } from '../../lib/loop.ts';
import { contestant } from '../contestants/twinbox.ts';
import { cpuSeconds } from '../cpu.ts';
import { quantile } from '../meter.ts';
import { followTopic, type Arrivals } from '../world/arrivals.ts';
import { openLoop, type Send } from '../world/open-loop.ts';
import { median } from '../world/rounds.ts';
import { openPlace, type Place } from '../world/world.ts';
import type { Finding, Measure } from './measure.ts';

const RATE = 300;
const PARTS = 6;
const WEEKS = 24;
const KEPT_DAYS = 35;
/** Before the first part: a process that has just started compiles its code, and its heap grows to its usual size. */
const LEAD_IN = 60;

export const measure: Measure = {
  name: 'soak',
  about: 'half an hour (10 minutes in a short run) at 300 events a second while old blocks are dropped',
  onlyFull: true,
  async run({ full, share }) {
    const place = await openPlace();
    try {
      return { findings: findingsOf(await soak(place, (full ? 1_800 : 600) * share)) };
    } finally {
      await place.close();
    }
  },
};

/** Of one part. */
type Part = {
  /** Microseconds per event, the insert's included. */
  relayCpu: number;
  postgresCpu: number;
  p50: number;
  p99: number;
  /** The median of the part. */
  megabytes: number;
  /** At its end: of the whole tables of events and of the relay's batches, with their indexes, for each kept event. */
  bytesPerEvent: number;
  kept: number;
};

async function soak(place: Place, seconds: number): Promise<Part[]> {
  const world = await place.newWorld('soak');
  await contestant.prepare(world);
  const pool = new pg.Pool({ connectionString: world.databaseUrl, max: 8 });
  const db = createDb({ url: world.databaseUrl, poolSize: 2, applicationName: 'bench' });
  const arrivals = await followTopic(place.kafka, world.topic);
  const send: Send = async ({ eventId, key, version, payload }) => {
    const values = [eventId, key, String(version), payload];
    await pool.query({ name: 'insert', text: contestant.insertSql, values });
    return performance.now();
  };
  const running = await contestant.start(world);
  const beside = { stop: false };
  const upkeep = keepWeeks(db, { weekMs: (seconds * 1_000) / WEEKS, until: beside });
  const under: Under = { db, arrivals, send, relay: running.pid, postgres: place.postgres };
  try {
    const parts: Part[] = [];
    let { count: from } = await openLoop({ rate: RATE, seconds: Math.min(LEAD_IN, seconds), from: 0 }, send);
    for (let at = 1; at <= PARTS; at += 1) {
      const { count, part } = await oneOf(under, seconds / PARTS, from);
      console.error(`soak: part ${at} of ${PARTS}: ${JSON.stringify(part)}`);
      from += count;
      parts.push(part);
    }
    return parts;
  } finally {
    beside.stop = true;
    await upkeep;
    await running.stop();
    await arrivals.close();
    await pool.end();
    await db.destroy();
  }
}

/** As a worker does every few seconds, by a calendar that is ahead of the clock. */
async function keepWeeks(db: Db, { weekMs, until }: { weekMs: number; until: { stop: boolean } }) {
  const began = Date.now();
  while (!until.stop) {
    const now = new Date(began + ((Date.now() - began) / weekMs) * WEEK_MS);
    await keepPartitions(db, { now, retentionDays: KEPT_DAYS });
    await sleep(Math.min(5_000, weekMs / 4));
  }
}

type Under = { db: Db; arrivals: Arrivals; send: Send; relay: number; postgres: number };

async function oneOf({ db, arrivals, send, relay, postgres }: Under, seconds: number, from: number) {
  const cpu = async () => [await cpuSeconds(relay), await cpuSeconds(postgres)] as const;
  const before = await cpu();
  const memory = sampleMemory(relay);
  const { count, moments } = await openLoop({ rate: RATE, seconds, from }, send);
  await arrivals.all(from, count, `soak: events from ${from} on`);
  const after = await cpu();
  const times = [...moments].map(([n, at]) => (arrivals.at(n) ?? NaN) - at);
  const { rows } = await db.raw<{ rows: [{ bytes: number; kept: number }] }>(sizeSql);
  const part: Part = {
    relayCpu: ((after[0] - before[0]) / count) * 1e6,
    postgresCpu: ((after[1] - before[1]) / count) * 1e6,
    ...{ p50: quantile(times, 0.5), p99: quantile(times, 0.99) },
    megabytes: median(await memory.end()),
    ...{ bytesPerEvent: rows[0].bytes / rows[0].kept, kept: rows[0].kept },
  };
  return { count, part };
}

const sizeSql = `
select (select sum(pg_total_relation_size(relid)) from (values ('sync_events'), ('relay_batches')) roots (name),
    pg_partition_tree(roots.name::regclass))::float8 as bytes,
  (select count(*) from sync_events)::float8 as kept`;

/** Every second. */
function sampleMemory(pid: number): { end(): Promise<number[]> } {
  const state = { stop: false };
  const samples: number[] = [];
  const done = (async () => {
    while (!state.stop) {
      const text = await readFile(`/proc/${pid}/status`, 'utf8');
      samples.push(Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? NaN) / 1_024);
      await sleep(1_000);
    }
  })();
  return {
    async end() {
      state.stop = true;
      await done;
      return samples;
    },
  };
}

function findingsOf(parts: readonly Part[]): Finding[] {
  const compare = (id: string, of: (part: Part) => number, unit: string): Finding => {
    const values = parts.map(of);
    const [first, last] = [values[0] ?? NaN, values.at(-1) ?? NaN];
    const shown = values.map((value) => Math.round(value).toLocaleString('en')).join(', ');
    return { id, unit: 'ratio', value: last / first, beside: `the six parts: ${shown} ${unit}`, why: NOISE };
  };
  return [
    compare('soak: CPU per event', ({ relayCpu, postgresCpu }) => relayCpu + postgresCpu, 'µs'),
    compare('soak: memory', ({ megabytes }) => megabytes, 'MB'),
    compare('soak: p99', ({ p99 }) => p99, 'ms'),
    compare('soak: table size', ({ bytesPerEvent }) => bytesPerEvent, 'bytes'),
    compare('soak: p50', ({ p50 }) => p50, 'ms'),
    compare('soak: relay CPU per event', ({ relayCpu }) => relayCpu, 'µs'),
    compare('soak: events in the table', ({ kept }) => kept, 'events'),
  ];
}

const NOISE = 'the six parts beside it say whether the figure rises from part to part or differs by chance';
