// One round of a replay, in one transaction that has locked the job's row. The lock is the lease of
// the job: it lasts as long as the transaction, PostgreSQL frees it when its holder dies, and whoever
// lost it can write nothing more. So a round needs no other fence.
//
// A crash before the commit leaves the job, its items and the pairs as they were; after it, all three
// are as the round left them. No item is counted twice: each count changes with the state of its items,
// and an item leaves a state once.
import { waitsForPauseSql } from '../limits/pauses.ts';
import type { Db, Tx } from '../server/connection.ts';
import { joinClosedSql } from '../mappings/closed-pairs.ts';
import { raisedUrgency, urgencies } from '../urgency.ts';

/** Jobs that are to be raised from, or whose raised pairs have no result yet. */
export async function findOpenJobs(db: Db): Promise<number[]> {
  const { rows } = await db.raw<{ rows: { id: number }[] }>(
    `select id from replay_jobs where state = 'running' or raised > 0 order by id`,
  );
  return rows.map(({ id }) => id);
}

export type LockedJob = {
  id: number;
  state: string;
  rate: number;
  stopShare: number;
  statuses: string[] | null;
  pacedAt: Date;
  before: { done: number; failed: number };
  pairs: number;
  queued: number;
  raised: number;
  done: number;
  failed: number;
};

/** Null while another process has it, or if it needs no round. */
export async function lockOpenJob(tx: Tx, id: number): Promise<LockedJob | null> {
  const { rows } = await tx.raw<{ rows: LockedJob[] }>(
    `select id, state, rate, stop_share as "stopShare", paced_at as "pacedAt", judged_before as before, pairs, queued, raised, done, failed,
       case when jsonb_typeof(selection -> 'statuses') = 'array' then array(select jsonb_array_elements_text(selection -> 'statuses')) end as statuses
     from replay_jobs where id = :id and (state = 'running' or raised > 0) for update skip locked`,
    { id },
  );
  return rows[0] ?? null;
}

// A pair is judged once a step that began after it was raised has settled: it is clean up to the number that it was raised to, and no
// worker has it; the end of a pause brings a pair that waits for it its result. One that is gone was another row's; one that was
// detached has ended.
const judgeSql = `
with judged as (
  select i.place,
    case when m.id is null or m.state = 'detached' then 'skipped' when m.state in ('parked', 'waiting') then 'failed' else 'done' end as state,
    case when m.id is null then 'gone' else concat_ws(': ', m.state, m.reason) end as result
  from replay_items i left join external_mappings m on m.id = i.mapping_id
  where i.job_id = :id and i.state = 'raised'
    and (m.id is null or m.state = 'detached' or m.clean >= i.dirty and (m.lease_until is null or m.lease_until < clock_timestamp())
         and not ${waitsForPauseSql('m')})
  order by i.place limit :limit
), written as (
  update replay_items i set state = j.state, result = j.result, judged_at = :now::timestamptz
  from judged j where i.job_id = :id and i.place = j.place and i.state = 'raised' returning j.state
)
select count(*) filter (where state = 'done') as done, count(*) filter (where state = 'failed') as failed,
       count(*) filter (where state = 'skipped') as skipped from written`;

export type Judged = { done: number; failed: number; skipped: number };

export async function judgeItems(
  tx: Tx,
  { id, now, limit }: { id: number; now: Date; limit: number },
): Promise<Judged> {
  const { rows } = await tx.raw<{ rows: Judged[] }>(judgeSql, { id, now, limit });
  return rows[0] ?? { done: 0, failed: 0, skipped: 0 };
}

/** Raised pairs that have failed since, and are tried again. */
export async function countRetrying(tx: Tx, id: number): Promise<number> {
  const { rows } = await tx.raw<{ rows: { count: number }[] }>(
    `select count(*) as count from replay_items i join external_mappings m on m.id = i.mapping_id
     where i.job_id = :id and i.state = 'raised' and m.clean < i.dirty and m.last_error is not null and m.attempts > i.attempts`,
    { id },
  );
  return rows[0]?.count ?? 0;
}

/** Raised pairs without a result, since their system, its direction or their row is paused. */
export async function countHeld(tx: Tx, id: number): Promise<number> {
  const { rows } = await tx.raw<{ rows: { count: number }[] }>(
    `select count(*) as count from replay_items i join external_mappings m on m.id = i.mapping_id
     where i.job_id = :id and i.state = 'raised' and (
       ${waitsForPauseSql('m')}
       or exists (select from connections c where c.system = m.system and c.paused_at is not null)
       or exists (select from row_pauses p where p.system = m.system and p.entity_type = m.entity_type and p.row_id = m.internal_id))`,
    { id },
  );
  return rows[0]?.count ?? 0;
}

// Items leave the queue in the order of their places: the first of the queue has the place after all that have left it.
// What the selection asked for need not be true any more: another event, or a person, has settled the pair meanwhile. Whoever closed
// a pair after the job began meant it; one that was closed before was selected as such.
const nextSql = `
with next as (
  select place, mapping_id, event_ids from replay_items where job_id = :id and place > :moved::integer and state = 'queued' order by place limit :limit
), locked as (
  select m.id, m.state, m.last_error is not null and m.dirty <> m.clean as failing, c.closed_at
  from external_mappings m ${joinClosedSql('m')} where m.id in (select mapping_id from next) order by m.id for update of m
)
select n.place, l.id,
  l.id is not null and l.state <> 'detached' and (l.closed_at is null or l.closed_at < (select created_at from replay_jobs where id = :id)) and (
    case when cardinality(n.event_ids) = 0 then l.state in ('parked', 'waiting') or l.failing
         else :statuses::text[] is null or exists (
           select from sync_deliveries d where d.event_id = any(n.event_ids) and d.mapping_id = n.mapping_id and d.status = any(:statuses::text[])) end) as wanted
from next n left join locked l on l.id = n.mapping_id order by n.place`;

// A pair is raised as an operator's replay always raised it: its record is read, and single changes of people go first.
const raiseSql = `
with raised as (
  update external_mappings m
  set dirty = dirty + 1, must_read = true, next_attempt_at = :now::timestamptz,
      urgency = ${raisedUrgency(`${urgencies.bulk}::smallint`)}, updated_at = now()
  where id = any(:ids::bigint[])
  returning id, dirty, attempts
)
update replay_items i set state = 'raised', dirty = r.dirty, attempts = r.attempts, raised_at = :now::timestamptz
from raised r where i.job_id = :id and i.mapping_id = r.id and i.state = 'queued'`;

/** Raises the next pairs after the `moved` ones, and locks them; those that need no replay any more are skipped. */
export async function raiseNext(
  tx: Tx,
  {
    id,
    limit,
    moved,
    statuses,
    now,
  }: { id: number; limit: number; moved: number; statuses: string[] | null; now: Date },
): Promise<{ raised: number; skipped: number }> {
  const { rows } = await tx.raw<{ rows: { place: number; id: number | null; wanted: boolean }[] }>(nextSql, {
    ...{ id, limit, moved, statuses },
  });
  const ids = rows.flatMap((row) => (row.wanted && row.id !== null ? [row.id] : []));
  const places = rows.filter(({ wanted }) => !wanted).map(({ place }) => place);
  if (places.length > 0)
    await tx.raw(
      `update replay_items set state = 'skipped', result = 'superseded', judged_at = :now::timestamptz
       where job_id = :id and place = any(:places::integer[]) and state = 'queued'`,
      { id, places, now },
    );
  if (ids.length > 0) await tx.raw(raiseSql, { id, ids, now });
  return { raised: ids.length, skipped: places.length };
}

export type Moves = {
  id: number;
  state: string;
  why: string | null;
  pacedAt: Date;
  endedAt: Date | null;
  raised: number;
  superseded: number;
} & Judged;

const moveSql = `
update replay_jobs
set state = :state, why = coalesce(:why, why), paced_at = :pacedAt::timestamptz, ended_at = coalesce(ended_at, :endedAt::timestamptz),
    queued = queued - :raised::integer - :superseded::integer,
    raised = raised + :raised::integer - :done::integer - :failed::integer - :skipped::integer,
    done = done + :done::integer, failed = failed + :failed::integer, skipped = skipped + :skipped::integer + :superseded::integer
where id = :id`;

/** Writes what the round has moved. */
export async function moveJob(tx: Tx, moves: Moves): Promise<void> {
  await tx.raw(moveSql, moves);
}
