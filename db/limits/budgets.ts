// What systems say of the quotas of an account, as their newest answers had it.
import type { Db, Tx } from '../server/connection.ts';

export type BudgetRow = {
  name: string;
  limit: number;
  used: number;
  /** How much of it background work may use up, from 0 to 1. */
  backgroundShare: number;
  /** null if the system does not say it. */
  resetsAt: Date | null;
};

/** `account` is '' before the first contact. */
type Place = { system: string; account: string };

/** Answers that name the same end within so much of each other are about the same time. */
const SAME_END = `interval '5 seconds'`;

// Answers of several workers are stored in any order: of the same time the one with most counts.
const saveSql = `
insert into account_budgets as b (system, account, name, quota, used, background_share, resets_at, seen_at)
values (:system, :account, :name, :limit, :used, :backgroundShare, :resetsAt::timestamptz, :now::timestamptz)
on conflict (system, account, name) do update
set quota = excluded.quota, background_share = excluded.background_share, resets_at = excluded.resets_at, seen_at = excluded.seen_at,
    used = case when b.resets_at between excluded.resets_at - ${SAME_END} and excluded.resets_at + ${SAME_END}
                then greatest(b.used, excluded.used) else excluded.used end`;

export async function saveBudget(db: Db, budget: Place & BudgetRow & { now: Date }): Promise<void> {
  await db.raw(saveSql, budget);
}

/** A person asks for the calls again: the next answers say what is used up. */
export async function forgetBudgets(tx: Tx, place: Place): Promise<void> {
  await tx.raw('delete from account_budgets where system = :system and account = :account', place);
}

/** What has no end counts for a day. */
const NO_END = `interval '1 day'`;

const columns = `name, quota as "limit", used, background_share as "backgroundShare", resets_at as "resetsAt"`;
const counts = `(resets_at > :now::timestamptz or (resets_at is null and seen_at > :now::timestamptz - ${NO_END}))`;

/** Those of an account that count now, by their names. */
export async function readBudgets(
  db: Db | Tx,
  { system, account, now }: Place & { now: Date },
): Promise<BudgetRow[]> {
  const { rows } = await db.raw<{ rows: BudgetRow[] }>(
    `select ${columns} from account_budgets where system = :system and account = :account and ${counts} order by name`,
    { system, account, now },
  );
  return rows;
}

/** Those of all accounts that count now. */
export async function listBudgets(db: Db, now: Date): Promise<({ system: string } & BudgetRow)[]> {
  const { rows } = await db.raw<{ rows: ({ system: string } & BudgetRow)[] }>(
    `select system, ${columns} from account_budgets where ${counts} order by system, account, name`,
    { now },
  );
  return rows;
}
