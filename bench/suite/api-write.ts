// What a write of the API costs beside the least that a home-made outbox costs: POST /customers by the API as a
// process of its own, and pgbench's transaction of two inserts, both with 16 clients on one PostgreSQL that waits for
// the disk. Rounds A, B, B, A; the ratio is the median of those of its pairs.
import { availableParallelism } from 'node:os';
import { openApiPlace, type ApiPlace } from '../api-place.ts';
import { createHttpLoad, type HttpLoad } from '../http-load.ts';
import { quantile } from '../meter.ts';
import type { Answer, Finding, Measure, Size } from './measure.ts';

export const measure: Measure = {
  name: 'api-write',
  about:
    'POST /customers by a separate API process, beside pgbench’s transaction of two inserts, 16 clients each',
  run,
};

const CLIENTS = 16;
const GOAL = { ratio: 0.6, tail: 5 };

const tablesSql = `
create table plain_customers (id bigserial primary key, name text not null, email text not null, version integer not null, created_at timestamptz not null default now());
create table plain_outbox (id bigserial primary key, customer_id bigint not null, payload jsonb not null, created_at timestamptz not null default now())`;
const twoInserts = `\\set n random(1, 1000000000)
begin;
insert into plain_customers (name, email, version) values ('Customer ' || :n::bigint, 'customer' || :n::bigint || '@example.com', 1) returning id \\gset
insert into plain_outbox (customer_id, payload) values (:id::bigint, jsonb_build_object('customer_data',
  jsonb_build_object('id', :id::bigint, 'name', 'Customer ' || :n::bigint, 'email', 'customer' || :n::bigint || '@example.com'), 'version', 1));
commit;
`;

/** CPU in ms of each write. */
type Part = { perSecond: number; postgres: number; api: number; load: number };

async function run({ full, rounds }: Size): Promise<Answer> {
  const seconds = full ? 10 : 5;
  const place = await openApiPlace();
  try {
    await place.db.raw(tablesSql);
    const api = await place.startApi();
    const load = await createHttpLoad(api.port, CLIENTS);
    try {
      await load.closed(3);
      const [posts, plain]: [Part[], Part[]] = [[], []];
      for (let round = 0; round < rounds; round += 1) {
        if (place.pgbench) plain.push(await pgbenchPart(place, place.pgbench, seconds));
        posts.push(await postPart(place, { api, load, seconds }));
        posts.push(await postPart(place, { api, load, seconds }));
        if (place.pgbench) plain.push(await pgbenchPart(place, place.pgbench, seconds));
      }
      const half = median(posts, 'perSecond') / 2;
      const ms = await load.open(half, seconds * 2);
      const pace = { clients: CLIENTS, seconds: seconds * 2, rate: half };
      const paced = place.pgbench ? (await place.pgbench(twoInserts, pace)).ms : [];
      return {
        findings: [...ratioOf(posts, plain), ...tailsOf({ ms, paced }, half), ...costsOf(posts, plain)],
        skipped: place.pgbench
          ? []
          : ['pgbench is not installed (Debian: postgresql), so POST has no ceiling beside it'],
      };
    } finally {
      load.close();
      await api.stop();
    }
  } finally {
    await place.close();
  }
}

type Posts = { api: { cpu(): Promise<number> }; load: HttpLoad; seconds: number };

async function postPart(place: ApiPlace, { api, load, seconds }: Posts): Promise<Part> {
  const [postgres, ofApi, own] = [await place.postgresCpu(), await api.cpu(), process.cpuUsage()];
  const { count, perSecond } = await load.closed(seconds);
  const { user, system } = process.cpuUsage(own);
  const each = (used: number): number => (used / count) * 1_000;
  return {
    perSecond,
    postgres: each((await place.postgresCpu()) - postgres),
    api: each((await api.cpu()) - ofApi),
    load: each((user + system) / 1e6),
  };
}

async function pgbenchPart(
  place: ApiPlace,
  pgbench: NonNullable<ApiPlace['pgbench']>,
  seconds: number,
): Promise<Part> {
  const before = await place.postgresCpu();
  const { count, perSecond } = await pgbench(twoInserts, { clients: CLIENTS, seconds });
  const postgres = (((await place.postgresCpu()) - before) / count) * 1_000;
  return { perSecond, postgres, api: 0, load: 0 };
}

function ratioOf(posts: readonly Part[], plain: readonly Part[]): Finding[] {
  if (plain.length === 0) return [];
  const ratios = posts.map(({ perSecond }, at) => perSecond / (plain[at]?.perSecond ?? NaN));
  const value = quantile(ratios, 0.5);
  return [
    {
      ...{ id: 'POST ÷ pgbench', value, unit: 'ratio', spread: [Math.min(...ratios), Math.max(...ratios)] },
      beside: `pgbench, two inserts: ${median(plain, 'perSecond').toFixed(0)} per second`,
      ...(value < GOAL.ratio && { why: whyMissed(posts, plain) }),
    },
  ];
}

/** All processes share the cores, so what a write may take in all follows from the goal. */
function whyMissed(posts: readonly Part[], plain: readonly Part[]): string {
  const [postgres, api, load] = (['postgres', 'api', 'load'] as const).map((key) => median(posts, key));
  const used = (postgres ?? 0) + (api ?? 0) + (load ?? 0);
  const wanted = GOAL.ratio * median(plain, 'perSecond');
  const cores = availableParallelism();
  const budget = (cores / wanted) * 1_000;
  const ms = (value = NaN): string => `${value.toFixed(2)} ms`;
  return (
    `a POST takes ${ms(used)} of CPU: PostgreSQL ${ms(postgres)} (pgbench's transaction: ${ms(median(plain, 'postgres'))}), ` +
    `the API ${ms(api)}, the client ${ms(load)}; they share ${cores} cores, which were busy for ` +
    `${((used * median(posts, 'perSecond')) / cores / 10).toFixed(0)} % of the time. ` +
    `${wanted.toFixed(0)} per second allow ${ms(budget)} for all three`
  );
}

/** The second one, of pgbench, shows how much of the tail is the machine's and PostgreSQL's. */
function tailsOf(
  { ms, paced }: { ms: readonly number[]; paced: readonly number[] },
  perSecond: number,
): Finding[] {
  const value = quantile(ms, 0.99) / quantile(ms, 0.5);
  const ofPgbench = paced.length === 0 ? '' : `; pgbench's two inserts at this rate: ${tailText(paced)}`;
  const post: Finding = {
    ...{ id: 'POST p99 ÷ p50 at half load', value, unit: 'ratio' },
    beside: `${tailText(ms)} at ${perSecond.toFixed(0)} per second${ofPgbench}`,
    ...(value > GOAL.tail && {
      why: `of ${ms.length} requests the longest took ${quantile(ms, 1).toFixed(0)} ms; the API, PostgreSQL and the client share ${availableParallelism()} cores`,
    }),
  };
  if (paced.length === 0) return [post];
  const ratio = quantile(paced, 0.99) / quantile(paced, 0.5);
  return [post, { id: 'pgbench p99 ÷ p50 at half load of POST', value: ratio, unit: 'ratio' }];
}

function tailText(ms: readonly number[]): string {
  return `p50 ${quantile(ms, 0.5).toFixed(1)} ms, p99 ${quantile(ms, 0.99).toFixed(1)} ms`;
}

function costsOf(posts: readonly Part[], plain: readonly Part[]): Finding[] {
  const of = (id: string, list: readonly Part[], key: keyof Part): Finding[] => {
    if (list.length === 0) return [];
    const all = list.map((part) => part[key]);
    const unit = key === 'perSecond' ? 'per second' : 'ms';
    return [{ id, value: median(list, key), unit, spread: [Math.min(...all), Math.max(...all)] }];
  };
  return [
    ...of('POST per second', posts, 'perSecond'),
    ...of('CPU of PostgreSQL for a POST', posts, 'postgres'),
    ...of('CPU of the API for a POST', posts, 'api'),
    ...of('CPU of the client for a POST', posts, 'load'),
    ...of('CPU of PostgreSQL for a transaction of pgbench', plain, 'postgres'),
  ];
}

function median(parts: readonly Part[], key: keyof Part): number {
  return quantile(
    parts.map((part) => part[key]),
    0.5,
  );
}
