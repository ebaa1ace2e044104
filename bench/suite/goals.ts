/** What the measurements of `make bench` are compared with. A row that no measurement answers is printed as not measured. */
export type Goal = {
  /** Of the Finding that answers it. */
  id: string;
  /** The sentence of the table. */
  text: string;
  limit: { least: number } | { most: number } | { below: number };
  /** What would have to be there for the goal to be met where it is missed, after "It would need". */
  needs?: string;
};

const CHEAPER_EVENTS =
  'an insert as cheap as into a plain table (fewer indexes, which the lists and look-ups of events use, and no guard of the ids), ' +
  'or reads more than 5 ms apart, which would make every event later';

export const GOALS: readonly Goal[] = [
  { id: 'drain ÷ debezium', text: 'drain with full headers ÷ Debezium tuned', limit: { least: 2 } },
  { id: 'drain ÷ poller', text: 'drain with full headers ÷ a tuned poller', limit: { least: 2 } },
  { id: 'drain ÷ kafkajs', text: 'drain with full headers ÷ kafkajs alone, shaped', limit: { least: 0.8 } },
  {
    id: 'events per relay CPU ÷ debezium',
    text: 'events per relay CPU second ÷ Debezium',
    limit: { least: 3 },
  },
  { id: 'events per relay CPU ÷ poller', text: 'events per relay CPU second ÷ poller', limit: { least: 2 } },
  {
    id: 'p50 at 500/s ÷ debezium',
    text: 'commit to consumer at 500/s: p50 ÷ Debezium’s',
    limit: { most: 0.6 },
  },
  {
    id: 'p99 at 500/s ÷ debezium',
    text: 'commit to consumer at 500/s: p99 ÷ Debezium’s',
    limit: { most: 0.9 },
  },
  {
    id: 'p99 at 500/s ÷ kafkajs',
    text: 'commit to consumer at 500/s: p99 ÷ that of kafkajs alone',
    limit: { below: 3 },
  },
  {
    id: 'Postgres CPU at 500/s ÷ debezium',
    text: 'Postgres CPU per event at 500/s ÷ Debezium’s',
    limit: { most: 1 },
    needs: CHEAPER_EVENTS,
  },
  {
    id: 'Postgres CPU at 200/s ÷ debezium',
    text: 'Postgres CPU per event at 200/s ÷ Debezium’s',
    limit: { most: 1 },
    needs: CHEAPER_EVENTS,
  },
  {
    id: 'relay memory when draining',
    text: 'relay memory while it drains 10⁶ events',
    limit: { most: 120 },
    needs:
      'less room for young objects and for malloc, at the price of more time in the collection of old ones',
  },
  { id: 'idle relay CPU', text: 'CPU of an idle relay', limit: { below: 0.5 } },
  {
    id: 'drain at 10⁷ rows ÷ at 10⁴',
    text: 'drain with 10⁷ rows in the table ÷ with 10⁴',
    limit: { least: 0.97 },
    needs: 'less waiting, since the CPU is about the same; what it waits for is not known',
  },
  {
    id: 'drain with a pinned xmin ÷ without',
    text: 'drain beside a pinned xmin ÷ without',
    limit: { least: 0.97 },
  },
  // The cursor's own row leaves one dead tuple for each page of 1,000.
  { id: 'dead tuples per event', text: 'dead tuples per event when draining', limit: { below: 0.005 } },
  {
    id: 'relay statements per event',
    text: 'relay statements per event when draining',
    limit: { below: 0.01 },
  },
  { id: 'POST ÷ pgbench', text: 'POST /customers per second ÷ pgbench’s two inserts', limit: { least: 0.6 } },
  {
    id: 'POST p99 ÷ p50 at half load',
    text: 'POST /customers at half load: p99 ÷ p50',
    limit: { most: 5 },
    needs:
      'processor time that is free when a request comes: pgbench alone, at the same rate on the same cores, has a tail of its own ' +
      '(the row `pgbench p99 ÷ p50 at half load of POST`)',
  },
  {
    id: 'outbox tax',
    text: 'server time of our write ÷ a bare insert',
    limit: { most: 1.35 },
    needs: 'a write without its event: a second bare insert in the statement takes most of what is allowed',
  },
  {
    id: 'webhooks ÷ pgbench',
    text: 'verified webhooks stored per second ÷ pgbench’s single insert',
    limit: { least: 0.5 },
    needs:
      'a faster server than `node:http`: what that answers while it does nothing, with a client on the same cores, is a row of `limits`',
  },
  {
    id: 'webhooks per API core',
    text: 'verified webhooks stored per second of an API core',
    limit: { least: 2_000 },
  },
  { id: 'worker receives', text: 'events that a worker receives per second', limit: { least: 15_000 } },
  { id: 'worker receives: memory', text: 'worker memory at full receiving', limit: { most: 150 } },
  {
    id: 'Stripe calls ÷ allowed',
    text: 'Stripe calls ÷ the allowed rate, at 300 ms latency',
    limit: { least: 0.99 },
  },
  { id: '429s', text: 'calls that Stripe refuses because there are too many', limit: { most: 0 } },
  {
    id: 'others beside a stuck customer',
    text: 'others’ rate beside a stuck customer',
    limit: { least: 0.99 },
  },
  {
    id: 'calls for 50 edits',
    text: 'Stripe calls for 50 edits of one customer in a burst',
    limit: { most: 3 },
  },
  { id: 'POST to Stripe, idle p50', text: 'POST to Stripe’s receipt, idle: p50 in ms', limit: { most: 25 } },
  {
    id: 'POST to Stripe, p99 at 20/s',
    text: 'POST to Stripe’s receipt at 20/s: p99 in ms beyond Stripe’s latency',
    limit: { most: 100 },
  },
  {
    id: 'soak: CPU per event',
    text: 'soak: CPU per event in the last ÷ the first sixth',
    limit: { most: 1.05 },
  },
  { id: 'soak: memory', text: 'soak: memory in the last ÷ the first sixth', limit: { most: 1.05 } },
  { id: 'soak: p99', text: 'soak: p99 in the last ÷ the first sixth', limit: { most: 1.05 } },
  {
    id: 'soak: table size',
    text: 'soak: table size per kept event, last ÷ first sixth',
    limit: { most: 1.05 },
  },
];

export function isMet(goal: Goal, value: number): boolean {
  if ('least' in goal.limit) return value >= goal.limit.least;
  return 'most' in goal.limit ? value <= goal.limit.most : value < goal.limit.below;
}

/** False for a figure that has no goal. */
export function isMissed({ id, value }: { id: string; value: number }): boolean {
  const goal = GOALS.find((one) => one.id === id);
  return goal !== undefined && !isMet(goal, value);
}

export function limitText({ limit }: Goal): string {
  if ('least' in limit) return `≥ ${limit.least.toLocaleString('en')}`;
  return 'most' in limit ? `≤ ${limit.most}` : `< ${limit.below}`;
}
