// The receipts of comparisons: what each run of `verify` has found, in numbers.
import type { Db } from '../server/connection.ts';

export type ComparisonReceipt = {
  system: string;
  beganAt: Date;
  endedAt: Date;
  actor: string;
  agree: number;
  /** How many of each kind; a kind without any may be left out. */
  findings: Record<string, number>;
  /** Records there without a row of ours. */
  unknownThere: number;
};

const KEPT = 100;

const saveSql = `
with gone as (
  delete from comparisons where id in (
    select id from comparisons where system = :system order by ended_at desc, id desc offset ${KEPT - 1})
)
insert into comparisons (id, system, began_at, ended_at, actor, agree, findings, unknown_there)
values (:id, :system, :beganAt::timestamptz, :endedAt::timestamptz, :actor, :agree, :findings::jsonb, :unknownThere)`;

/** Stores one, and leaves the newest hundred of its system. */
export async function saveComparison(db: Db, receipt: ComparisonReceipt & { id: string }): Promise<void> {
  await db.raw(saveSql, { ...receipt, findings: JSON.stringify(receipt.findings) });
}

const newestSql = `
select c.system, c.began_at as "beganAt", c.ended_at as "endedAt", c.actor, c.agree, c.findings, c.unknown_there as "unknownThere"
from unnest(:systems::text[]) s(system)
cross join lateral (select * from comparisons c where c.system = s.system order by c.ended_at desc, c.id desc limit 1) c`;

/** The newest of each system that has one. */
export async function readNewestComparisons(
  db: Db,
  systems: readonly string[],
): Promise<ComparisonReceipt[]> {
  const { rows } = await db.raw<{ rows: ComparisonReceipt[] }>(newestSql, { systems: [...systems] });
  return rows;
}
