// One trial of a drain: a backlog is written, the contestant starts, and the topic's own end stops the clock.
import type { Admin } from 'kafkajs';
import { waitUntil } from '../../lib/loop.ts';
import type { Contestant, Running, World } from '../contestants/contestant.ts';
import { cpuSeconds, peakMegabytes } from '../cpu.ts';
import { readCounts, type DatabaseCounts } from './database-counts.ts';
import { forgetPages, writeBacklog } from './events.ts';
import { readBack, recordsIn } from './topic.ts';
import type { Place } from './world.ts';

export type DrainOptions = {
  /** Published before the clock starts. */
  warmUp: number;
  count: number;
  /** A contestant that has not finished after this time is cut: its rate is that of what it has published. */
  limitSeconds: number;
  /** What the database has before the backlog is written. */
  history?: (world: World) => Promise<void>;
  /** What goes on in the database from then on, such as a transaction that stays open; answers with how to end it. */
  beside?: (world: World) => Promise<() => Promise<void>>;
  /** PostgreSQL reads the rows from files, as it does rows of an hour ago, and not from its own memory. */
  cold?: boolean;
  /** In which the first events have to be published; default 60. */
  startSeconds?: number;
};

export type Drain = {
  perSecond: number;
  /** Microseconds per event: of the contestant's processes, and of PostgreSQL. */
  relayCpu: number;
  postgresCpu: number;
  peakMb: number;
  deadPerEvent: number;
  statementsPerEvent: number;
  cut: boolean;
};

type Moment = { at: number; records: number; relay: number; postgres: number };

/** Throws if an event is missing or a key's versions do not rise: such a trial does not count. */
export async function drain(place: Place, contestant: Contestant, options: DrainOptions): Promise<Drain> {
  const world = await place.newWorld(contestant.name);
  await contestant.prepare(world);
  await options.history?.(world);
  const endBeside = await options.beside?.(world);
  const admin = place.kafka.admin();
  try {
    await admin.connect();
    const total = options.warmUp + options.count;
    await writeBacklog({ ...world, insertSql: contestant.insertSql, count: total });
    if (options.cold === true) await forgetPages(world.databaseUrl);
    const before = await readCounts(world.databaseUrl);
    const measured = await run(place, { contestant, world, admin, options });
    const counts = await readCounts(world.databaseUrl);
    const cut = measured.end.records < total;
    await requireWhole(place, { contestant, topic: world.topic, total: cut ? 0 : total });
    return { ...figuresOf(measured, before, counts), cut };
  } finally {
    await endBeside?.();
    await admin.disconnect();
  }
}

type Trial = { contestant: Contestant; world: World; admin: Admin; options: DrainOptions };
type Measured = { begin: Moment; end: Moment; peakMb: number };

async function run(place: Place, { contestant, world, admin, options }: Trial): Promise<Measured> {
  const { warmUp, count, limitSeconds, startSeconds = 60 } = options;
  const running = await contestant.start(world);
  try {
    const until = (records: number, seconds: number) =>
      momentOf(place, { running, admin, topic: world.topic, records, seconds });
    const begin = await until(warmUp, startSeconds);
    if (begin.records < warmUp)
      throw new Error(`${contestant.name} published ${begin.records} events in ${startSeconds} s`);
    const end = await until(warmUp + count, limitSeconds);
    return { begin, end, peakMb: await peakMegabytes(running.pid) };
  } finally {
    await running.stop();
  }
}

type Wanted = { running: Running; admin: Admin; topic: string; records: number; seconds: number };

/** The moment at which the topic has so many records, or the one at which the time is over. */
async function momentOf(place: Place, wanted: Wanted): Promise<Moment> {
  const { running, admin, topic, records, seconds } = wanted;
  const deadline = performance.now() + seconds * 1_000;
  const seen = await waitUntil(
    async () => {
      const now = await recordsIn(admin, topic);
      const at = performance.now();
      return now >= records || at > deadline ? { at, records: now } : undefined;
    },
    { timeoutMs: seconds * 1_000 + 10_000, everyMs: 5, what: `${records} records in ${topic}` },
  );
  return { ...seen, relay: await cpuSeconds(running.pid), postgres: await cpuSeconds(place.postgres) };
}

type Asked = { contestant: Contestant; topic: string; total: number };

async function requireWhole(place: Place, { contestant, topic, total }: Asked): Promise<void> {
  const { missing, disordered } = await readBack(place.kafka, topic, total);
  if (missing === 0 && disordered === 0) return;
  throw new Error(
    `*** ${contestant.name} DOES NOT COUNT: of ${total} events ${missing} are missing and ${disordered} out of order ***`,
  );
}

function figuresOf({ begin, end, peakMb }: Measured, before: DatabaseCounts, after: DatabaseCounts) {
  const events = end.records - begin.records;
  return {
    perSecond: (events / (end.at - begin.at)) * 1_000,
    relayCpu: ((end.relay - begin.relay) / events) * 1e6,
    postgresCpu: ((end.postgres - begin.postgres) / events) * 1e6,
    peakMb,
    deadPerEvent: (after.dead - before.dead) / end.records,
    statementsPerEvent: (after.statements - before.statements) / end.records,
  };
}
