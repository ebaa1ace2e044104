// How many records Kafka did not take from us, and how many we did not take from Kafka.
import type { Db, Tx } from '../server/connection.ts';

export type RefusedCount = {
  /** By the name it has in Kafka. */
  topic: string;
  /**
   * `record_refused`: Kafka did not take ours; otherwise why we did not take a record of the topic.
   */
  reason: string;
  records: number;
  firstAt: Date;
  lastAt: Date;
  detail: Record<string, unknown> | null;
};

/** After a week without any the count begins anew, and until then it is shown. */
const SHOWN = `interval '7 days'`;

/** The end of `insert into refused_records …`: adds to what is there, or begins anew. */
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

/** Counts what was refused of one topic, by reason. */
export async function countRefusedRecords(
  tx: Tx,
  topic: string,
  counts: readonly { reason: string; records: number; detail: Record<string, unknown> }[],
  now: Date,
): Promise<void> {
  await tx.raw(countSql, { topic, now, counts: JSON.stringify(counts) });
}

/** What was refused within the last week, the latest first. */
export async function readRefusedCounts(db: Db, now: Date): Promise<RefusedCount[]> {
  const { rows } = await db.raw<{ rows: RefusedCount[] }>(
    `select topic, reason, records, first_at as "firstAt", last_at as "lastAt", detail from refused_records
     where last_at > :now::timestamptz - ${SHOWN} order by last_at desc, topic, reason`,
    { now },
  );
  return rows;
}
