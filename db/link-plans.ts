// Plans of first links that came through the API: the API stores what is asked, and a worker reads, plans and
// stores the consents (lib/operations/link-work.ts).
//
// Each statement names the state that it leaves, so a worker that went on without its lease changes nothing
// that another worker has done since.
import type { Decision } from './external-records.ts';
import type { Db, Tx } from './server/connection.ts';

export const linkPlanStates = [
  ...(['waiting', 'reading', 'ready', 'checking', 'storing'] as const),
  ...(['done', 'stale', 'failed'] as const),
] as const;

export type LinkPlanState = (typeof linkPlanStates)[number];

/** About the records without a customer that the plan leaves open: they wait on, or a person decides. */
export type RecordsChoice = 'wait' | Decision;

/** Which customers wait: how many, and a digest of their ids. */
export type WaitingRows = { rows: number; digest: string };

export type StoredLinkPlan = {
  id: string;
  system: string;
  state: LinkPlanState;
  askedBy: string;
  askedAt: Date;
  attempts: number;
  readCount: number;
  plannedAt: Date | null;
  hash: string | null;
  rowsWaiting: number | null;
  rowsDigest: string | null;
  /** As the operation has stored them. */
  summary: unknown;
  failure: unknown;
  changed: unknown;
  runBy: string | null;
  runReason: string | null;
  runRecords: RecordsChoice | null;
  runAt: Date | null;
  rowsStored: number;
  recordsRaised: number;
  recordsDecided: number;
  endedAt: Date | null;
};

// Without the plan itself, which may be large.
const columns = `id, system, state, asked_by as "askedBy", asked_at as "askedAt", attempts, read_count as "readCount",
  planned_at as "plannedAt", hash, rows_waiting as "rowsWaiting", rows_digest as "rowsDigest", summary, failure, changed,
  run_by as "runBy", run_reason as "runReason", run_records as "runRecords", run_at as "runAt", rows_stored as "rowsStored",
  records_raised as "recordsRaised", records_decided as "recordsDecided", ended_at as "endedAt"`;

const unread = `state in ('waiting', 'reading')`;
const open = `state in ('waiting', 'reading', 'checking', 'storing')`;

const askSql = `
with gone as (
  delete from link_plans where asked_at < :now::timestamptz - interval '1 day' and not (${open})
)
insert into link_plans (id, system, asked_by, asked_at) values (:id::uuid, :system, :actor, :now::timestamptz)
on conflict (system) where ${unread} do nothing`;

/** One plan of a system is read at a time: a second request gets the one that is not ready yet. Returns its id. */
export async function askLinkPlan(
  tx: Tx,
  asked: { id: string; system: string; actor: string; now: Date },
): Promise<string> {
  const { rowCount } = await tx.raw<{ rowCount: number }>(askSql, asked);
  if (rowCount === 1) return asked.id;
  const { rows } = await tx.raw<{ rows: { id: string }[] }>(
    `select id from link_plans where system = :system and ${unread}`,
    asked,
  );
  // It became ready between the two statements.
  return rows[0]?.id ?? askLinkPlan(tx, asked);
}

export async function readLinkPlan(db: Db | Tx, id: string): Promise<StoredLinkPlan | null> {
  return firstOf(db, `select ${columns} from link_plans where id = :id::uuid`, { id });
}

export async function lockLinkPlan(tx: Tx, id: string): Promise<StoredLinkPlan | null> {
  return firstOf(tx, `select ${columns} from link_plans where id = :id::uuid for update`, { id });
}

/** The newest plan of a system; null if none is kept. */
export async function readNewestLinkPlan(db: Db, system: string): Promise<StoredLinkPlan | null> {
  return firstOf(
    db,
    `select ${columns} from link_plans where system = :system order by asked_at desc, id desc limit 1`,
    { system },
  );
}

/** The oldest plan of the system that a worker has to go on with. */
export async function findOpenLinkPlan(db: Db, system: string): Promise<StoredLinkPlan | null> {
  return firstOf(
    db,
    `select ${columns} from link_plans where system = :system and ${open} order by asked_at, id limit 1`,
    { system },
  );
}

async function firstOf(
  db: Db | Tx,
  sql: string,
  bindings: Record<string, string>,
): Promise<StoredLinkPlan | null> {
  const { rows } = await db.raw<{ rows: StoredLinkPlan[] }>(sql, bindings);
  return rows[0] ?? null;
}

/** A reading begins, or begins again. */
export async function beginLinkReading(db: Db, id: string): Promise<void> {
  await db.raw(
    `update link_plans set attempts = attempts + 1, read_count = 0, state = case state when 'waiting' then 'reading' else state end
     where id = :id::uuid and state in ('waiting', 'reading', 'checking')`,
    { id },
  );
}

export async function noteLinkReading(db: Db, id: string, records: number): Promise<void> {
  await db.raw(
    `update link_plans set read_count = :records where id = :id::uuid and state in ('reading', 'checking')`,
    { id, records },
  );
}

export type MadePlan = {
  hash: string;
  /** JSON. */
  plan: string;
  summary: object;
  waiting: WaitingRows;
};

export async function storeLinkPlan(
  db: Db,
  id: string,
  { hash, plan, summary, waiting }: MadePlan,
  now: Date,
): Promise<void> {
  await db.raw(
    `update link_plans set state = 'ready', attempts = 0, hash = :hash, plan = :plan::json, summary = :summary::jsonb,
       rows_waiting = :rows, rows_digest = :digest, planned_at = :now::timestamptz
     where id = :id::uuid and state = 'reading'`,
    { id, hash, plan, summary: JSON.stringify(summary), ...waiting, now },
  );
}

export async function failLinkPlan(db: Db, id: string, failure: object, now: Date): Promise<void> {
  await db.raw(
    `update link_plans set state = 'failed', failure = :failure::jsonb, ended_at = :now::timestamptz
     where id = :id::uuid and state in ('waiting', 'reading', 'checking')`,
    { id, failure: JSON.stringify(failure), now },
  );
}

export type LinkRunAsk = {
  id: string;
  actor: string;
  reason: string;
  records: RecordsChoice;
  now: Date;
};

/** A person gives consent to the plan; a worker looks first whether it is still true. */
export async function askLinkRun(tx: Tx, asked: LinkRunAsk): Promise<void> {
  await tx.raw(
    `update link_plans set state = 'checking', run_by = :actor, run_reason = :reason, run_records = :records, run_at = :now::timestamptz
     where id = :id::uuid and state = 'ready'`,
    asked,
  );
}

export async function readStoredLinkPlan(db: Db, id: string): Promise<unknown> {
  const { rows } = await db.raw<{ rows: { plan: unknown }[] }>(
    `select plan from link_plans where id = :id::uuid`,
    { id },
  );
  return rows[0]?.plan ?? null;
}

/** The plan is still true: from now on its consents are stored, whatever changes. */
export async function beginLinkStoring(db: Db, id: string): Promise<void> {
  await db.raw(`update link_plans set state = 'storing' where id = :id::uuid and state = 'checking'`, { id });
}

export async function endStaleLinkPlan(db: Db | Tx, id: string, changed: object, now: Date): Promise<void> {
  await db.raw(
    `update link_plans set state = 'stale', changed = :changed::jsonb, ended_at = :now::timestamptz
     where id = :id::uuid and state in ('ready', 'checking')`,
    { id, changed: JSON.stringify(changed), now },
  );
}

/** Counts what a transaction has stored, in that transaction. */
export async function countLinkStored(
  tx: Tx,
  id: string,
  { rows = 0, records = 0, decided = 0 }: { rows?: number; records?: number; decided?: number },
): Promise<void> {
  await tx.raw(
    `update link_plans set rows_stored = rows_stored + :rows, records_raised = records_raised + :records,
       records_decided = records_decided + :decided
     where id = :id::uuid`,
    { id, rows, records, decided },
  );
}

export async function endLinkRun(db: Db, id: string, now: Date): Promise<void> {
  await db.raw(
    `update link_plans set state = 'done', ended_at = :now::timestamptz where id = :id::uuid and state = 'storing'`,
    { id, now },
  );
}
