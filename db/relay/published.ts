// Where events were published: from an event to its Kafka record, and from a committed offset back
// to the events.
import type { Db } from '../server/connection.ts';

/** One publication of one event. An event of a page that was repeated has several. */
export type Publication = {
  topic: string;
  partition: number;
  offset: number;
  /** The fence of the lease under which the event was sent. */
  fence: number;
  savedAt: Date;
};

const publicationsSql = `
select topic, partition, first_offset + array_position(ids, :id::bigint) - 1 as offset, fence, saved_at as "savedAt"
from relay_batches
where first_id <= :id and last_id >= :id and ids @> array[:id::bigint]
order by saved_at, topic`;

/** Where the event with this sync_events.id was published, oldest first. */
export async function findPublications(db: Db, syncEventId: number): Promise<Publication[]> {
  const { rows } = await db.raw<{ rows: Publication[] }>(publicationsSql, { id: syncEventId });
  return rows;
}

const eventAtSql = `
select ids[:offset::bigint - first_offset + 1] as id
from relay_batches
where topic = :topic and partition = :partition and first_offset <= :offset and first_offset + count > :offset
order by first_offset desc, saved_at desc
limit 1`;

/** The sync_events.id of the record at this offset, or null if this relay did not publish it. */
export async function findEventAt(
  db: Db,
  place: { topic: string; partition: number; offset: number },
): Promise<number | null> {
  const { rows } = await db.raw<{ rows: { id: number }[] }>(eventAtSql, place);
  return rows[0]?.id ?? null;
}
