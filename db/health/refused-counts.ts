// How many records Kafka refused from us, and how many records of Kafka we refused.
import type { Db, Tx } from '../server/connection.ts';

export type RefusedCount = {
  /** The full name of the topic in Kafka. */
  topic: string;
  /**
   * `record_refused`: Kafka refused a record of ours; otherwise why we refused a record of the
   * topic.
   */
  reason: string;
  records: number;
  firstAt: Date;
  lastAt: Date;
  detail: Record<string, unknown> | null;
};

/** A count is shown until a week has passed without a refusal; then it begins anew. */
const SHOWN = `interval '7 days'`;

/** The end of `insert into refused_records …`: adds to the count, or begins it anew. */
export const addToCount = `
on conflict (topic, reason) do update set
  records = case when refused_records.last_at < excluded.last_at - ${SHOWN} then excluded.records else refused_records.records + excluded.records end,
  first_at = case when refused_records.last_at < excluded.last_at - ${SHOWN} then excluded.first_at else refused_records.first_at end,
  last_at = excluded.last_at, detail = excluded.detail`;

// In the order of the key: two transactions that count for one topic must not wait for each other.
const countSql = `
insert into refused_records (topic, reason, records, first_at, last_at, detail)
select :topic, reason, records, :now::timestamptz, :now::timestamptz, detail
from jsonb_to_recordset(:counts::jsonb) c(reason text, records bigint, detail jsonb) order by reason
${addToCount}`;

/** Counts the refused records of one topic, by reason. */
export async function countRefusedRecords(
  tx: Tx,
  topic: string,
  counts: readonly { reason: string; records: number; detail: Record<string, unknown> }[],
  now: Date,
): Promise<void> {
  await tx.raw(countSql, { topic, now, counts: JSON.stringify(counts) });
}

/** The counts of the last week, the latest first. */
export async function readRefusedCounts(db: Db, now: Date): Promise<RefusedCount[]> {
  const { rows } = await db.raw<{ rows: RefusedCount[] }>(
    `select topic, reason, records, first_at as "firstAt", last_at as "lastAt", detail from refused_records
     where last_at > :now::timestamptz - ${SHOWN} order by last_at desc, topic, reason`,
    { now },
  );
  return rows;
}
