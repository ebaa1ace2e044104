// How quickly each contestant publishes a backlog, and what that costs, beside kafkajs alone from memory.
import { contestants, OURS } from '../contestants/all.ts';
import type { Contestant } from '../contestants/contestant.ts';
import { ceiling, ceilingWithHeaders } from '../contestants/kafkajs.ts';
import { drain, type Drain, type DrainOptions } from '../world/drain.ts';
import { NAMED, present, trialOf } from '../world/present.ts';
import { profileOurs } from '../world/profile.ts';
import { inTurns, median, ratioOf, spreadOf, type Trials } from '../world/rounds.ts';
import { openPlace, type Place } from '../world/world.ts';
import { isMissed } from './goals.ts';
import type { Answer, Figures, Finding, Measure, Size } from './measure.ts';

const SMALL: DrainOptions = { warmUp: 10_000, count: 40_000, limitSeconds: 10 };
const FULL: DrainOptions = { warmUp: 30_000, count: 100_000, limitSeconds: 30 };

export const measure: Measure = {
  name: 'relay-drain',
  about:
    'a backlog of 1 KiB events, from PostgreSQL to Kafka: rate, CPU and memory, beside peers and kafkajs alone',
  run,
};

async function run({ full, rounds, share }: Size): Promise<Answer> {
  const usual = full ? FULL : SMALL;
  const options = { ...usual, warmUp: usual.warmUp * share, count: usual.count * share };
  const skipped: string[] = [];
  const asked = full ? contestants : contestants.filter(({ name }) => NAMED.includes(name));
  const all = await present([...asked, ceiling, ceilingWithHeaders], skipped);
  const place = await openPlace();
  try {
    const trials = await inTurns(
      all.map(({ name }) => name),
      rounds,
      trialOf(all, skipped, (contestant) => drain(place, contestant, options)),
    );
    const findings = findingsOf(trials);
    findings.push(memoryOf(trials, options));
    if (findings.some(isMissed)) {
      const why = await profileOf(place, share);
      for (const finding of findings) if (isMissed(finding) && finding.unit === 'ratio') finding.why = why;
    }
    return { findings, contestants: all.flatMap((one) => figuresOf(one, trials)), skipped };
  } finally {
    await place.close();
  }
}

type Figure = 'perSecond' | 'relayCpu' | 'postgresCpu' | 'peakMb' | 'deadPerEvent' | 'statementsPerEvent';

const valuesOf = (trials: Trials<Drain>, name: string, figure: Figure): number[] =>
  (trials.get(name) ?? []).map((trial) => trial[figure]);

function findingsOf(trials: Trials<Drain>): Finding[] {
  const ours = (figure: Figure) => valuesOf(trials, OURS, figure);
  const beside = (name: string) =>
    `${name}: ${Math.round(median(valuesOf(trials, name, 'perSecond'))).toLocaleString('en')} per second`;
  const besideCpu = (name: string) =>
    `${name}: ${median(valuesOf(trials, name, 'relayCpu')).toFixed(1)} µs per event`;
  const peers = [
    ['debezium', 'debezium-tuned'],
    ['poller', 'poller'],
    ['kafkajs', ceiling.name],
    ['kafkajs with headers', ceilingWithHeaders.name],
  ] as const;
  const findings: Finding[] = [];
  for (const [id, name] of peers) {
    if (!trials.has(name)) continue;
    findings.push(
      {
        ...{ id: `drain ÷ ${id}`, unit: 'ratio', beside: beside(name) },
        ...ratioOf(ours('perSecond'), valuesOf(trials, name, 'perSecond')),
      },
      {
        ...{ id: `events per relay CPU ÷ ${id}`, unit: 'ratio', beside: besideCpu(name) },
        ...ratioOf(valuesOf(trials, name, 'relayCpu'), ours('relayCpu')),
      },
    );
  }
  return [
    { id: 'drain', unit: 'per second', ...spreadOf(ours('perSecond')) },
    { id: 'relay CPU per event when draining', unit: 'µs', ...spreadOf(ours('relayCpu')) },
    ...findings,
    { id: 'dead tuples per event', unit: 'count', ...spreadOf(ours('deadPerEvent')) },
    { id: 'relay statements per event', unit: 'count', ...spreadOf(ours('statementsPerEvent')) },
  ];
}

function figuresOf({ name, about }: Contestant, trials: Trials<Drain>): Figures[] {
  const own = trials.get(name) ?? [];
  if (own.length === 0) return [];
  const of = (figure: Figure) => median(valuesOf(trials, name, figure));
  const figures = {
    'events per second': of('perSecond'),
    'relay CPU, µs per event': of('relayCpu'),
    'Postgres CPU, µs per event': of('postgresCpu'),
    'memory, MB': of('peakMb'),
    'dead tuples per event': of('deadPerEvent'),
    'statements per event': of('statementsPerEvent'),
  };
  return [{ name, about: own.some(({ cut }) => cut) ? `${about}; cut before the end` : about, figures }];
}

/** Not that of the goal, which names a backlog of a million: relay-memory.ts answers it. */
function memoryOf(trials: Trials<Drain>, { warmUp, count }: DrainOptions): Finding {
  const id = `relay memory while it drains ${(warmUp + count).toLocaleString('en')} events`;
  return { id, unit: 'MB', ...spreadOf(valuesOf(trials, OURS, 'peakMb')) };
}

async function profileOf(place: Place, share: number): Promise<string> {
  const options = { warmUp: 5_000 * share, count: 95_000 * share, limitSeconds: 30 };
  const top = await profileOurs((profiled) => drain(place, profiled, options));
  return `CPU of the relay, by its own profile: ${top}`;
}
