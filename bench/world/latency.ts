// One trial of latency: events are written at fixed rates while the contestant runs, and a consumer notes when it has
// each of them.
import pg from 'pg';
import { partitionOf } from '../../lib/bus/kafka/partition.ts';
import type { Contestant } from '../contestants/contestant.ts';
import { cpuSeconds } from '../cpu.ts';
import { quantile } from '../meter.ts';
import { followTopic, type Arrivals } from './arrivals.ts';
import { openLoop, type Send } from './open-loop.ts';
import type { Place } from './world.ts';

export type LatencyOptions = {
  rates: readonly number[];
  /** At each rate, after `leadIn` seconds that do not count. */
  seconds: number;
  leadIn: number;
};

export type Latency = {
  rate: number;
  reached: number;
  p50: number;
  p99: number;
  /** Microseconds per event; PostgreSQL's with that of the insert. */
  relayCpu: number;
  postgresCpu: number;
  /** PostgreSQL's for the insert alone, while no relay runs. */
  insertCpu: number;
};

type Cpu = { relay: number; postgres: number };
type Under = { what: string; arrivals: Arrivals; send: Send; cpu: () => Promise<Cpu> };
type Step = { rate: number; seconds: number; from: number };

export async function latency(
  place: Place,
  contestant: Contestant,
  options: LatencyOptions,
): Promise<Latency[]> {
  const world = await place.newWorld(contestant.name);
  await contestant.prepare(world);
  const pool = new pg.Pool({ connectionString: world.databaseUrl, max: 8 });
  const arrivals = await followTopic(place.kafka, world.topic);
  const send: Send = async ({ eventId, key, version, payload }) => {
    const values = [eventId, key, String(version), payload];
    await pool.query({ name: 'insert', text: contestant.insertSql, values });
    return performance.now();
  };
  const alone = await insertAlone(place, send, options);
  const running = await contestant.start(world);
  const cpu = async () => ({
    relay: await cpuSeconds(running.pid),
    postgres: await cpuSeconds(place.postgres),
  });
  try {
    await arrivals.all(0, alone.next, `${contestant.name}: what was written before its start`);
    const under = { what: contestant.name, arrivals, send, cpu };
    const found = await atEachRate(under, options, alone.next);
    return found.map((one) => ({ ...one, insertCpu: alone.insertCpu.get(one.rate) ?? NaN }));
  } finally {
    await running.stop();
    await arrivals.close();
    await pool.end();
  }
}

/** The floor: kafkajs sends each event by itself, from memory, and the time counts from before it sends. */
export async function latencyOfKafkajs(place: Place, options: LatencyOptions): Promise<Latency[]> {
  const { topic, partitions } = await place.newWorld('floor');
  const producer = place.kafka.producer({
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  });
  await producer.connect();
  const arrivals = await followTopic(place.kafka, topic);
  const send: Send = async ({ key, payload: value }) => {
    const at = performance.now();
    const messages = [{ key, value, partition: partitionOf(key, partitions) }];
    await producer.send({ topic, acks: -1, messages });
    return at;
  };
  const cpu = () => Promise.resolve({ relay: 0, postgres: 0 });
  try {
    const found = await atEachRate({ what: 'kafkajs', arrivals, send, cpu }, options, 0);
    return found.map((one) => ({ ...one, insertCpu: 0 }));
  } finally {
    await arrivals.close();
    await producer.disconnect();
  }
}

/** Also makes the table and its pages warm. */
async function insertAlone(place: Place, send: Send, { rates, leadIn }: LatencyOptions) {
  const insertCpu = new Map<number, number>();
  let next = 0;
  for (const rate of rates) {
    const before = await cpuSeconds(place.postgres);
    const { count } = await openLoop({ rate, seconds: leadIn, from: next }, send);
    insertCpu.set(rate, (((await cpuSeconds(place.postgres)) - before) / count) * 1e6);
    next += count;
  }
  return { insertCpu, next };
}

async function atEachRate(under: Under, { rates, seconds, leadIn }: LatencyOptions, from: number) {
  const found: Omit<Latency, 'insertCpu'>[] = [];
  let next = from;
  for (const rate of rates) {
    const warm = await step(under, { rate, seconds: leadIn, from: next });
    const counted = await step(under, { rate, seconds, from: next + warm.count });
    next += warm.count + counted.count;
    found.push(counted);
  }
  return found;
}

async function step({ what, arrivals, send, cpu }: Under, { rate, seconds, from }: Step) {
  const before = await cpu();
  const { count, reached, moments } = await openLoop({ rate, seconds, from }, send);
  await arrivals.all(from, count, `${what}: ${count} events at ${rate}/s`);
  const after = await cpu();
  const times = [...moments].map(([n, at]) => (arrivals.at(n) ?? NaN) - at);
  return {
    ...{ rate, reached, count, p50: quantile(times, 0.5), p99: quantile(times, 0.99) },
    relayCpu: ((after.relay - before.relay) / count) * 1e6,
    postgresCpu: ((after.postgres - before.postgres) / count) * 1e6,
  };
}
