// Jobs that replay pairs, and what people do to them. db/replays/rounds.ts is what workers do.
import type { Db, Tx } from '../server/connection.ts';
import type { Selection } from './selection.ts';

export type ReplayState = 'running' | 'paused' | 'stopped' | 'cancelled' | 'finished';

export type ReplayJob = {
  id: number;
  planHash: string;
  selection: Selection;
  state: ReplayState;
  /** Why it has stopped itself. */
  why: string | null;
  /** Pairs per second. */
  rate: number;
  /** It stops itself when more than this share of its results is a failure. */
  stopShare: number;
  actor: string;
  reason: string | null;
  createdAt: Date;
  endedAt: Date | null;
  pairs: number;
  deliveries: number;
  /** How many pairs are in each state; their sum is `pairs`. */
  queued: number;
  raised: number;
  done: number;
  failed: number;
  skipped: number;
  cancelled: number;
};

const columns = `id, plan_hash as "planHash", selection, state, why, rate, stop_share as "stopShare", actor, reason, created_at as "createdAt",
  ended_at as "endedAt", pairs, deliveries, queued, raised, done, failed, skipped, cancelled`;

/** A pair of a plan, with the job that has it already. */
export type Overlap = { jobId: number; pairs: number };

/** Lets one transaction at a time begin jobs: none begins between the look and the insert of another. */
export async function lockJobs(tx: Tx): Promise<void> {
  await tx.raw('lock table replay_jobs in share row exclusive mode');
}

/** The jobs that have not ended and have pairs of the plan. */
export async function findOverlaps(tx: Tx, planHash: string): Promise<Overlap[]> {
  const { rows } = await tx.raw<{ rows: Overlap[] }>(
    `select i.job_id as "jobId", count(*) as pairs
     from (select distinct unnest(mapping_ids) as id from replay_plans where hash = :planHash) p
     join replay_items i on i.mapping_id = p.id and i.state in ('queued', 'raised') group by i.job_id order by i.job_id`,
    { planHash },
  );
  return rows;
}

// The pairs stand in the order of their oldest deliveries.
const insertSql = `
with planned as (
  select w.event_id, w.mapping_id, w.place from replay_plans p,
    unnest(p.event_ids, p.mapping_ids) with ordinality w(event_id, mapping_id, place) where p.hash = :planHash
), pairs as (
  select mapping_id, coalesce(array_agg(distinct event_id) filter (where event_id is not null), '{}') as event_ids, min(place) as first
  from planned group by mapping_id order by first limit :most::integer
), made as (
  insert into replay_jobs (plan_hash, selection, rate, stop_share, actor, reason, created_at, paced_at, pairs, deliveries, queued)
  select hash, selection, :rate, :stopShare, :actor, :reason, :now::timestamptz, :now::timestamptz - interval '1 second',
         (select count(*) from pairs), (select coalesce(sum(cardinality(event_ids)), 0) from pairs), (select count(*) from pairs)
  from replay_plans where hash = :planHash
  returning *
), items as (
  insert into replay_items (job_id, place, mapping_id, event_ids)
  select made.id, row_number() over (order by first), mapping_id, event_ids from pairs, made
)
select ${columns} from made`;

export type NewJob = {
  planHash: string;
  rate: number;
  stopShare: number;
  /** The most pairs, the first of the plan. */
  most: number;
  actor: string;
  reason: string | null;
  now: Date;
};

export async function insertJob(tx: Tx, job: NewJob): Promise<ReplayJob> {
  const { rows } = await tx.raw<{ rows: ReplayJob[] }>(insertSql, job);
  if (!rows[0]) throw new Error('insertJob: PostgreSQL returned no row for an insert');
  return rows[0];
}

/** The systems of a job's pairs. */
export async function readJobSystems(tx: Tx, jobId: number): Promise<string[]> {
  const { rows } = await tx.raw<{ rows: { system: string }[] }>(
    `select distinct m.system from replay_items i join external_mappings m on m.id = i.mapping_id where i.job_id = :jobId order by 1`,
    { jobId },
  );
  return rows.map(({ system }) => system);
}

/** Newest first. */
export async function listJobs(
  db: Db,
  { before, limit }: { before: number | null; limit: number },
): Promise<ReplayJob[]> {
  const { rows } = await db.raw<{ rows: ReplayJob[] }>(
    `select ${columns} from replay_jobs where :before::bigint is null or id < :before::bigint order by id desc limit :limit`,
    { before, limit },
  );
  return rows;
}

export async function readJob(db: Db, id: number): Promise<ReplayJob | null> {
  const { rows } = await db.raw<{ rows: ReplayJob[] }>(`select ${columns} from replay_jobs where id = :id`, {
    id,
  });
  return rows[0] ?? null;
}

/** Locked until the end of the transaction: no worker does a round of it meanwhile. */
export async function lockJob(tx: Tx, id: number): Promise<ReplayJob | null> {
  const { rows } = await tx.raw<{ rows: ReplayJob[] }>(
    `select ${columns} from replay_jobs where id = :id for update`,
    { id },
  );
  return rows[0] ?? null;
}

export async function pauseJob(tx: Tx, id: number): Promise<void> {
  await tx.raw(`update replay_jobs set state = 'paused' where id = :id`, { id });
}

/** Its results so far no longer count for the share at which it stops itself. */
export async function resumeJob(tx: Tx, id: number, now: Date): Promise<void> {
  await tx.raw(
    `update replay_jobs set state = 'running', why = null, paced_at = greatest(paced_at, :now::timestamptz - interval '1 second'),
       judged_before = jsonb_build_object('done', done, 'failed', failed)
     where id = :id`,
    { id, now },
  );
}

/**
 * A pair that is raised already is still looked at, and its result is not counted: a pair of a paused system would
 * otherwise stay in the job, and no other replay could have it.
 */
export async function cancelJob(tx: Tx, id: number, now: Date): Promise<void> {
  await tx.raw(
    `with left_out as (
       update replay_items set state = 'cancelled', judged_at = :now::timestamptz where job_id = :id and state in ('queued', 'raised') returning 1
     ), n as (select count(*) as n from left_out)
     update replay_jobs set state = 'cancelled', ended_at = :now::timestamptz, queued = 0, raised = 0, cancelled = cancelled + n.n from n where id = :id`,
    { id, now },
  );
}

export type ItemResult = { mappingId: number; rowId: number | null; result: string | null; at: Date | null };

/** The first pairs of a job that failed. */
export async function readFailures(db: Db, jobId: number, limit: number): Promise<ItemResult[]> {
  const { rows } = await db.raw<{ rows: ItemResult[] }>(
    `select i.mapping_id as "mappingId", m.internal_id as "rowId", i.result, i.judged_at as at
     from replay_items i left join external_mappings m on m.id = i.mapping_id
     where i.job_id = :jobId and i.state = 'failed' order by i.place limit :limit`,
    { jobId, limit },
  );
  return rows;
}

/** The pairs of jobs that ended before a time leave; the jobs stay with their counts. */
export async function dropOldItems(db: Db, before: Date): Promise<void> {
  await db.raw(
    `delete from replay_items i using replay_jobs j where j.id = i.job_id and j.ended_at < :before::timestamptz and j.raised = 0`,
    { before },
  );
}
