// How long a committed event takes to a consumer, and what it costs, at 200/s and 500/s.
import { contestants, OURS } from '../contestants/all.ts';
import type { Contestant } from '../contestants/contestant.ts';
import { latency, latencyOfKafkajs, type Latency, type LatencyOptions } from '../world/latency.ts';
import { NAMED, present, trialOf } from '../world/present.ts';
import { inTurns, median, ratioOf, spreadOf, type Trials } from '../world/rounds.ts';
import { openPlace } from '../world/world.ts';
import { isMissed } from './goals.ts';
import type { Answer, Figures, Finding, Measure, Size } from './measure.ts';

export const measure: Measure = {
  name: 'relay-latency',
  about: 'from the commit of an event to a consumer at fixed rates, beside peers and kafkajs one by one',
  run,
};

const FLOOR: Pick<Contestant, 'name' | 'about'> = {
  name: 'kafkajs one by one',
  about: 'kafkajs 2.2.4 sends each event by itself, from memory, without PostgreSQL',
};

const RATES = [200, 500];

async function run({ full, rounds, share }: Size): Promise<Answer> {
  const options: LatencyOptions = {
    rates: RATES,
    seconds: (full ? 20 : 6) * share,
    leadIn: full ? 3 : 2,
  };
  const skipped: string[] = [];
  const asked = full ? contestants : contestants.filter(({ name }) => NAMED.includes(name));
  const all = await present(asked, skipped);
  const place = await openPlace();
  try {
    const ofContestant = trialOf(all, skipped, (contestant) => latency(place, contestant, options));
    const names = [FLOOR.name, ...all.map(({ name }) => name)];
    const trials = await inTurns(names, rounds, (name) =>
      name === FLOOR.name ? latencyOfKafkajs(place, options) : ofContestant(name),
    );
    return {
      findings: RATES.flatMap((rate) => findingsOf(trials, rate)),
      contestants: [FLOOR, ...all].flatMap((one) => figuresOf(one, trials)),
      skipped,
    };
  } finally {
    await place.close();
  }
}

type Figure = Exclude<keyof Latency, 'rate'>;

function valuesOf(trials: Trials<Latency[]>, name: string, rate: number, figure: Figure): number[] {
  return (trials.get(name) ?? []).flatMap((trial) =>
    trial.filter((one) => one.rate === rate).map((one) => one[figure]),
  );
}

function findingsOf(trials: Trials<Latency[]>, rate: number): Finding[] {
  const of = (name: string, figure: Figure) => valuesOf(trials, name, rate, figure);
  const why = whyOf(of);
  const ratio = (name: string, [id, figure, unit]: readonly [string, Figure, string]): Finding[] => {
    if (!trials.has(name)) return [];
    const label = name === FLOOR.name ? 'kafkajs' : name.replace('-tuned', '');
    const finding: Finding = {
      ...{ id: `${id} at ${rate}/s ÷ ${label}`, unit: 'ratio' },
      ...ratioOf(of(OURS, figure), of(name, figure)),
      beside: `${name}: ${median(of(name, figure)).toFixed(1)} ${unit}`,
    };
    return [isMissed(finding) ? { ...finding, why } : finding];
  };
  return [
    { id: `p50 at ${rate}/s`, unit: 'ms', ...spreadOf(of(OURS, 'p50')) },
    { id: `p99 at ${rate}/s`, unit: 'ms', ...spreadOf(of(OURS, 'p99')) },
    { id: `relay CPU per event at ${rate}/s`, unit: 'µs', ...spreadOf(of(OURS, 'relayCpu')) },
    { id: `Postgres CPU per event at ${rate}/s`, unit: 'µs', ...spreadOf(of(OURS, 'postgresCpu')) },
    { id: `Postgres CPU of the insert alone at ${rate}/s`, unit: 'µs', ...spreadOf(of(OURS, 'insertCpu')) },
    ...['debezium-tuned', 'poller', FLOOR.name].flatMap((name) => [
      ...ratio(name, ['p50', 'p50', 'ms']),
      ...ratio(name, ['p99', 'p99', 'ms']),
    ]),
    ...['debezium-tuned', 'poller'].flatMap((name) => [
      ...ratio(name, ['Postgres CPU', 'postgresCpu', 'µs']),
      ...ratio(name, ['relay CPU', 'relayCpu', 'µs']),
    ]),
  ];
}

function whyOf(of: (name: string, figure: Figure) => number[]): string {
  const at = (name: string, figure: Figure) => median(of(name, figure));
  const [all, insert] = [at(OURS, 'postgresCpu'), at(OURS, 'insertCpu')];
  const theirs = at('debezium-tuned', 'insertCpu');
  return (
    `of ${all.toFixed(0)} µs of PostgreSQL for each event the insert alone takes ${insert.toFixed(0)} µs ` +
    `(${Number.isNaN(theirs) ? '' : `into Debezium’s table ${theirs.toFixed(0)} µs: `}sync_events has four more indexes, ` +
    `partitions, and a trigger and a function that keep ids above what the relay has passed), and ` +
    `${Math.max(0, all - insert).toFixed(0)} µs are the relay’s sessions, which are woken for a read every 5 ms and a save ` +
    `every 50 ms; the relay’s own processor takes ${at(OURS, 'relayCpu').toFixed(0)} µs`
  );
}

function figuresOf(
  { name, about }: Pick<Contestant, 'name' | 'about'>,
  trials: Trials<Latency[]>,
): Figures[] {
  if (!trials.has(name)) return [];
  const figures = RATES.flatMap((rate) => {
    const of = (figure: Figure) => median(valuesOf(trials, name, rate, figure));
    return [
      [`p50 at ${rate}/s, ms`, of('p50')],
      [`p99 at ${rate}/s, ms`, of('p99')],
      [`relay CPU at ${rate}/s, µs per event`, of('relayCpu')],
      [`Postgres CPU at ${rate}/s, µs per event`, of('postgresCpu')],
      [`of it the insert at ${rate}/s, µs per event`, of('insertCpu')],
    ] as const;
  });
  return [{ name, about, figures: Object.fromEntries(figures) }];
}
