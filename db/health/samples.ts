// A ring of samples, one for each minute: what was settled and called in it, and how things stood at its end.
// Every part reads an index from the minute's beginning to its end.
import type { Db } from '../server/connection.ts';

/** The logarithm of a bucket's width: neighbours differ by a tenth, so a percentile is true to 5 %. */
export const BUCKET_GROWTH = 1.1;

/** How many took so long: by the number of the bucket, `floor(log of the milliseconds)`. */
export type Histogram = Record<string, number>;

/** `sent`: from the writing of the event until a worker has it. `done`: from then on. `whole`: both. */
export const stages = ['sent', 'done', 'whole'] as const;
export type Stage = (typeof stages)[number];

export type LaneSample = {
  system: string;
  direction: 'outbound' | 'inbound';
  settled: number;
  applied: number;
  stages: Record<Stage, Histogram>;
  /** Messages that the bus has and the workers have not handled; null if it is not known. */
  lag: number | null;
};

export type CallSample = {
  system: string;
  calls: number;
  failed: number;
  throttled: number;
  /** What is left of the rate of the account, in requests; null without a limit. */
  tokens: number | null;
  /** Of the full rate, what is used at present. */
  share: number | null;
};

export type Figures = {
  lanes: LaneSample[];
  calls: CallSample[];
  /** Seconds. */
  oldest_unsent: number;
  /** The clock of the process that measured, less that of the database: milliseconds. */
  clock_skew: number;
};

export type Sample = { minute: Date; takenBy: string } & Figures;

type Minute = { from: Date; to: Date };

const bucket = (ms: string): string => `floor(ln(greatest(1, ${ms})) / ln(${BUCKET_GROWTH}))::int`;
const between = (from: string, to: string): string => `(extract(epoch from ${to} - ${from}) * 1000)`;

// A change of ours goes to the target; a change of theirs comes from the system that its event names.
const settledSql = `
with settled as materialized (
  select case when d.target = 'internal' then e.source else d.target end as system,
         case when d.target = 'internal' then 'inbound' else 'outbound' end as direction, d.status,
         e.created_at as written_at, d.created_at as received_at, d.settled_at
  from sync_deliveries d left join sync_events e on e.id = d.sync_event_id and e.event_id = d.event_id
  where d.settled_at >= :from::timestamptz and d.settled_at < :to::timestamptz
), timed as (
  select s.system, s.direction, t.stage, t.bucket, count(*) as many from settled s
  cross join lateral (values
    ('sent', ${bucket(between('s.written_at', 's.received_at'))}),
    ('done', ${bucket(between('s.received_at', 's.settled_at'))}),
    ('whole', ${bucket(between('s.written_at', 's.settled_at'))})) t(stage, bucket)
  where s.status = 'applied' and t.bucket is not null group by 1, 2, 3, 4
)
select s.system, s.direction, count(*)::int as settled, count(*) filter (where s.status = 'applied')::int as applied,
  (select coalesce(jsonb_object_agg(stage, buckets), '{}') from (
    select t.stage, jsonb_object_agg(t.bucket, t.many) as buckets from timed t
    where t.system = s.system and t.direction = s.direction group by t.stage) b) as stages
from settled s where s.system is not null group by s.system, s.direction order by 1, 2`;

export type Settled = Omit<LaneSample, 'lag' | 'stages'> & { stages: Partial<Record<Stage, Histogram>> };

/** What was settled in the minute, by the clock of the workers. */
export async function readSettled(db: Db, { from, to }: Minute): Promise<Settled[]> {
  const { rows } = await db.raw<{ rows: Settled[] }>(settledSql, { from, to });
  return rows;
}

const callsSql = `
select m.system, count(*)::int as calls, count(*) filter (where a.error is not null)::int as failed,
  count(*) filter (where a.status = 429)::int as throttled
from sync_attempts a join external_mappings m on m.id = a.mapping_id
where a.id >= :from::uuid and a.id < :to::uuid group by m.system order by 1`;

export type Called = Omit<CallSample, 'tokens' | 'share'>;

/** Calls for pairs whose ids are of the time between the two lowest ids (`uuidLowerBound`). */
export async function readCalled(db: Db, ids: { from: string; to: string }): Promise<Called[]> {
  const { rows } = await db.raw<{ rows: Called[] }>(callsSql, ids);
  return rows;
}

export async function readDatabaseTime(db: Db): Promise<Date> {
  const { rows } = await db.raw<{ rows: { now: Date }[] }>('select clock_timestamp() as now');
  if (!rows[0]) throw new Error('the database has not said what time it is');
  return rows[0].now;
}

export async function hasSample(db: Db, minute: Date): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { found: boolean }[] }>(
    `select exists (select from health_samples where minute = :minute::timestamptz) as found`,
    { minute },
  );
  return rows[0]?.found === true;
}

const saveSql = `
with gone as (delete from health_samples where minute < :oldest::timestamptz)
insert into health_samples (minute, figures, taken_by) values (:minute::timestamptz, :figures::jsonb, :takenBy)
on conflict (minute) do nothing`;

/** Stores the sample of a minute once, and removes those before `oldest`. */
export async function saveSample(
  db: Db,
  { minute, oldest, takenBy, figures }: { minute: Date; oldest: Date; takenBy: string; figures: Figures },
): Promise<void> {
  await db.raw(saveSql, { minute, oldest, takenBy, figures: JSON.stringify(figures) });
}

/** From a minute on, the oldest first. */
export async function readSamples(db: Db, since: Date): Promise<Sample[]> {
  type Row = { minute: Date; takenBy: string; figures: Figures };
  const { rows } = await db.raw<{ rows: Row[] }>(
    `select minute, taken_by as "takenBy", figures from health_samples where minute >= :since::timestamptz order by minute`,
    { since },
  );
  return rows.map(({ minute, takenBy, figures }) => ({ minute, takenBy, ...figures }));
}
