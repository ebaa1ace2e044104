// What the relay costs while nothing happens, and how soon it publishes the first event after a rest.
import pg from 'pg';
import { randomUUID } from 'node:crypto';
import { sleep } from '../../lib/loop.ts';
import { contestants, OURS } from '../contestants/all.ts';
import type { Contestant } from '../contestants/contestant.ts';
import { cpuSeconds, peakMegabytes } from '../cpu.ts';
import { quantile } from '../meter.ts';
import { followTopic } from '../world/arrivals.ts';
import { readCounts } from '../world/database-counts.ts';
import { eventOf } from '../world/events.ts';
import { NAMED, present, trialOf } from '../world/present.ts';
import { profileOurs } from '../world/profile.ts';
import { openPlace, type Place } from '../world/world.ts';
import { isMissed } from './goals.ts';
import type { Answer, Figures, Finding, Measure, Size } from './measure.ts';

export const measure: Measure = {
  name: 'relay-idle',
  about: 'a relay without events: its CPU, its statements, and the time of the first event after a rest',
  run,
};

type Idle = {
  /** Of one core. */
  cpuPercent: number;
  /** The same in the seconds after its first event. */
  startPercent: number;
  postgresPercent: number;
  statementsPerSecond: number;
  wakeP50: number;
  wakeMost: number;
  peakMb: number;
};

/** `settle`: so long after its first event a program still compiles itself, which is no cost of being idle. */
type Options = { settle: number; seconds: number; wakes: number };

async function run({ full, share }: Size): Promise<Answer> {
  const options = {
    settle: (full ? 60 : 5) * share,
    seconds: (full ? 120 : 10) * share,
    wakes: Math.ceil((full ? 60 : 8) * share),
  };
  const skipped: string[] = [];
  const all = await present(
    contestants.filter(({ name }) => full || NAMED.includes(name)),
    skipped,
  );
  const place = await openPlace();
  try {
    const trial = trialOf(all, skipped, (contestant) => idle(place, contestant, options));
    const found = new Map<string, Idle>();
    for (const { name } of all) {
      const one = await trial(name);
      if (one !== null) found.set(name, one);
    }
    const findings = findingsOf(found);
    for (const finding of findings.filter(isMissed)) {
      const top = await profileOurs((profiled) => idle(place, profiled, { ...options, wakes: 1 }));
      finding.why = `${found.get(OURS)?.statementsPerSecond.toFixed(1)} statements a second (the look for events each second, the lease, the sign of life, the identity of the database), each by code that runs too seldom to be compiled; by a profile: ${top}`;
    }
    return {
      findings,
      contestants: all.flatMap((one) => figuresOf(one, found.get(one.name))),
      skipped,
    };
  } finally {
    await place.close();
  }
}

async function idle(place: Place, contestant: Contestant, options: Options): Promise<Idle> {
  const { settle, seconds, wakes } = options;
  const world = await place.newWorld(contestant.name);
  await contestant.prepare(world);
  const client = new pg.Client({ connectionString: world.databaseUrl });
  await client.connect();
  const arrivals = await followTopic(place.kafka, world.topic);
  const write = async (n: number): Promise<number> => {
    const { eventId, key, version, payload } = eventOf(n, randomUUID());
    await client.query(contestant.insertSql, [eventId, key, String(version), payload]);
    const at = performance.now();
    if (contestant.wakeSql !== undefined) await client.query(contestant.wakeSql);
    await arrivals.all(n, 1, `${contestant.name}: event ${n}`);
    return (arrivals.at(n) ?? NaN) - at;
  };
  const running = await contestant.start(world);
  try {
    await write(0);
    const restFor = (length: number) =>
      restOf(place, { pid: running.pid, url: world.databaseUrl, seconds: length });
    const { cpuPercent: startPercent } = await restFor(settle);
    const rest = await restFor(seconds);
    const times: number[] = [];
    for (let n = 1; n <= wakes; n += 1) {
      // Not in step with any rhythm of the relay.
      await sleep(600 + Math.random() * 900);
      times.push(await write(n));
    }
    const peakMb = await peakMegabytes(running.pid);
    return { ...rest, startPercent, wakeP50: quantile(times, 0.5), wakeMost: Math.max(...times), peakMb };
  } finally {
    await running.stop();
    await arrivals.close();
    await client.end();
  }
}

type Rest = { pid: number; url: string; seconds: number };

async function restOf(place: Place, { pid, url, seconds }: Rest) {
  const look = async () => ({
    at: performance.now(),
    relay: await cpuSeconds(pid),
    postgres: await cpuSeconds(place.postgres),
  });
  const first = (await readCounts(url)).statements;
  const second = (await readCounts(url)).statements;
  const before = await look();
  await sleep(seconds * 1_000);
  const after = await look();
  const last = (await readCounts(url)).statements;
  const length = (after.at - before.at) / 1_000;
  return {
    cpuPercent: ((after.relay - before.relay) / length) * 100,
    postgresPercent: ((after.postgres - before.postgres) / length) * 100,
    // Without those of reading the counts, which the first two readings show.
    statementsPerSecond: Math.max(0, last - second - (second - first)) / length,
  };
}

function findingsOf(found: ReadonlyMap<string, Idle>): Finding[] {
  const ours = found.get(OURS);
  if (ours === undefined) throw new Error(`there is no contestant ${OURS}`);
  const others = [...found].filter(([name]) => name !== OURS);
  const beside = (figure: keyof Idle, unit: string) =>
    others.map(([name, one]) => `${name}: ${one[figure].toFixed(2)} ${unit}`).join(', ');
  return [
    { id: 'idle relay CPU', unit: '%', value: ours.cpuPercent, beside: beside('cpuPercent', '%') },
    {
      ...{ id: 'idle relay CPU after its first event', unit: '%', value: ours.startPercent },
      beside: beside('startPercent', '%'),
    },
    {
      ...{ id: 'Postgres CPU beside an idle relay', unit: '%', value: ours.postgresPercent },
      beside: beside('postgresPercent', '%'),
    },
    {
      ...{ id: 'statements of an idle relay', unit: 'per second', value: ours.statementsPerSecond },
      beside: beside('statementsPerSecond', 'per second'),
    },
    { id: 'first event after a rest: p50', unit: 'ms', value: ours.wakeP50, beside: beside('wakeP50', 'ms') },
    {
      id: 'first event after a rest: most',
      unit: 'ms',
      value: ours.wakeMost,
      beside: beside('wakeMost', 'ms'),
    },
  ];
}

function figuresOf({ name, about }: Contestant, idle: Idle | undefined): Figures[] {
  if (idle === undefined) return [];
  const figures = {
    'CPU of the relay, %': idle.cpuPercent,
    'CPU of the relay after its first event, %': idle.startPercent,
    'CPU of Postgres, %': idle.postgresPercent,
    'statements per second': idle.statementsPerSecond,
    'first event after a rest: p50, ms': idle.wakeP50,
    'most, ms': idle.wakeMost,
    'memory, MB': idle.peakMb,
  };
  return [{ name, about, figures }];
}
