// Questions to a system that came through the API, and their answers: the API stores a question, one worker
// takes it, asks the system, and stores the answer.
//
// A question is taken by one worker. If that worker dies, the question stays without an answer, and its
// reader sees this from `taken_until`: a person asks again.
import type { Db, Tx } from './server/connection.ts';

export type Question = {
  id: number;
  system: string;
  entityType: string;
  rowId: number;
  askedBy: string;
  askedAt: Date;
  beginBy: Date;
  takenUntil: Date | null;
  answeredAt: Date | null;
  /** As the operation has stored it. */
  answer: unknown;
};

const columns = `id, system, entity_type as "entityType", row_id as "rowId", asked_by as "askedBy", asked_at as "askedAt",
  begin_by as "beginBy", taken_until as "takenUntil", answered_at as "answeredAt", answer`;

export type NewQuestion = {
  /** A uuid. */
  askedAs: string;
  systems: readonly string[];
  entityType: string;
  rowId: number;
  askedBy: string;
  beginBy: Date;
  now: Date;
};

const askSql = `
with gone as (
  delete from system_questions where asked_at < :now::timestamptz - interval '1 day'
)
insert into system_questions (asked_as, system, entity_type, row_id, asked_by, asked_at, begin_by)
select :askedAs::uuid, s.system, r.entity_type, r.id, :askedBy, :now::timestamptz, :beginBy::timestamptz
from entity_rows() r, unnest(:systems::text[]) s(system) where r.entity_type = :entityType and r.id = :rowId`;

/** One question for each system; none if there is no such row. Returns how many. */
export async function askComparison(tx: Tx, question: NewQuestion): Promise<number> {
  const { rowCount } = await tx.raw<{ rowCount: number }>(askSql, {
    ...question,
    systems: [...question.systems],
  });
  return rowCount;
}

export async function readQuestions(db: Db, askedAs: string): Promise<Question[]> {
  const { rows } = await db.raw<{ rows: Question[] }>(
    `select ${columns} from system_questions where asked_as = :askedAs::uuid order by id`,
    { askedAs },
  );
  return rows;
}

const takeSql = `
update system_questions set taken_by = :owner, taken_until = :until::timestamptz
where id = (
  select id from system_questions
  where system = :system and answered_at is null and taken_by is null and begin_by > :now::timestamptz
  order by id limit 1 for update skip locked)
returning ${columns}`;

/** The oldest question that no worker has; null if there is none. */
export async function takeQuestion(
  db: Db,
  take: { system: string; owner: string; until: Date; now: Date },
): Promise<Question | null> {
  const { rows } = await db.raw<{ rows: Question[] }>(takeSql, take);
  return rows[0] ?? null;
}

export async function answerQuestion(
  db: Db,
  { id, answer, now }: { id: number; answer: unknown; now: Date },
): Promise<void> {
  await db.raw(
    `update system_questions set answered_at = :now::timestamptz, answer = :answer::jsonb where id = :id`,
    { id, answer: JSON.stringify(answer), now },
  );
}
