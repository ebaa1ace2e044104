// Notices of records on our topics that do not belong on their topic. Like every notice of a parked
// delivery, the relay publishes them to the dlq topic.
import type { Tx } from '../server/connection.ts';

export type RecordNotice = {
  /** The same id for the same record, in whichever process and however often it is read. */
  eventId: string;
  offset: number;
  reason: string;
  detail: Record<string, unknown>;
};

export type RecordsPlace = { topic: string; partition: number };

export type NoticeLimit = {
  /**
   * How many records of one partition get a notice each in one minute of the clock; all further
   * records of the minute share one more notice.
   */
  perMinute: number;
  /** The id of that shared notice. */
  floodId: string;
};

// Readers of several groups read the same record: the lock lets one of them write at a time.
const lockSql = `select pg_advisory_xact_lock(hashtextextended(:key, 0))`;

const insertSql = `
with noticed as (
  select count(*) as notices
  from (select created_at from sync_events where entity_key = :key order by id desc limit :perMinute + 1) newest
  where created_at >= date_trunc('minute', :now::timestamptz)
), fresh as (
  select n.event_id, n."offset", n.payload, row_number() over (order by n."offset") as nth
  from jsonb_to_recordset(:notices::jsonb) n(event_id uuid, "offset" bigint, payload jsonb)
  where not exists (select from sync_events e where e.event_id = n.event_id)
), rest as (
  select count(*) as records, min(f."offset") as first_offset from fresh f, noticed t where f.nth > :perMinute - t.notices
), made as (
  select f.event_id, f.payload, f.nth from fresh f, noticed t where f.nth <= :perMinute - t.notices
  union all
  select :floodId::uuid, jsonb_build_object('parked', jsonb_build_object('event_id', :floodId::uuid, 'target', :topic::text, 'reason', 'flood',
    'detail', jsonb_build_object('partition', :partition::integer, 'first_offset', r.first_offset, 'records', r.records))), null
  from rest r
  where r.records > 0 and not exists (select from sync_events e where e.event_id = :floodId::uuid)
)
insert into sync_events (event_id, event_type, entity_type, entity_key, source, payload, created_at)
select event_id, 'delivery.parked', 'record', :key, 'bus', payload, :now::timestamptz from made order by nth nulls last`;

/** Stores notices of these records of one partition, unless they are stored already. */
export async function insertRecordNotices(
  tx: Tx,
  { topic, partition }: RecordsPlace,
  notices: readonly RecordNotice[],
  { perMinute, floodId, now }: NoticeLimit & { now: Date },
): Promise<void> {
  const key = `record:${topic}/${partition}`;
  await tx.raw(lockSql, { key });
  const rows = notices.map(({ eventId, offset, reason, detail }) => ({
    event_id: eventId,
    offset,
    payload: { parked: { event_id: eventId, target: topic, reason, detail } },
  }));
  await tx.raw(insertSql, {
    ...{ key, topic, partition, perMinute, floodId, now },
    notices: JSON.stringify(rows),
  });
}
