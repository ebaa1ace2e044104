// What is stored under an id that a person has: each statement reads one index.
import type { Db } from '../server/connection.ts';

export type FoundPair = { mappingId: number; entityType: string; rowId: number | null };

const pairColumns = `m.id as "mappingId", m.entity_type as "entityType", m.internal_id as "rowId"`;

// Records are unique for each system, account and kind of record; few of these three exist, and their values
// are found from the index by leaps.
const recordSql = `
with recursive places as (
  (select system, account, external_type from external_mappings where external_id is not null
   order by system, account, external_type limit 1)
  union all
  select n.* from places p cross join lateral (
    select system, account, external_type from external_mappings
    where external_id is not null and (system, account, external_type) > (p.system, p.account, p.external_type)
    order by system, account, external_type limit 1) n
)
select ${pairColumns} from places p
join external_mappings m on m.system = p.system and m.account = p.account and m.external_type = p.external_type and m.external_id = :externalId
order by m.id limit :limit`;

export async function findPairsByRecord(
  db: Db,
  asked: { externalId: string; limit: number },
): Promise<FoundPair[]> {
  const { rows } = await db.raw<{ rows: FoundPair[] }>(recordSql, asked);
  return rows;
}

/** The pair that a write of ours was for; none or one. */
export async function findIntent(db: Db, id: string): Promise<FoundPair[]> {
  const { rows } = await db.raw<{ rows: FoundPair[] }>(
    `select ${pairColumns} from sync_intents i join external_mappings m on m.id = i.mapping_id where i.id = :id::uuid`,
    { id },
  );
  return rows;
}

/** The events that a request has written, among those with ids from `from` to below `to`. */
export async function findEventsOfRequest(
  db: Db,
  asked: { requestId: string; from: string; to: string; limit: number },
): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `select event_id as id from sync_events
     where event_id >= :from::uuid and event_id < :to::uuid and context ->> 'request_id' = :requestId order by event_id limit :limit`,
    asked,
  );
  return rows.map(({ id }) => id);
}

/** By the id that a system gave its event. */
export async function findEventsOfExternal(
  db: Db,
  asked: { externalEventId: string; limit: number },
): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `select event_id as id from sync_events where payload #>> '{external,event}' = :externalEventId order by id limit :limit`,
    asked,
  );
  return rows.map(({ id }) => id);
}

/** Events that were refused, by the id that their system gave them. */
export async function findRefusals(
  db: Db,
  asked: { externalEventId: string; limit: number },
): Promise<number[]> {
  const { rows } = await db.raw<{ rows: { id: number }[] }>(
    `with recursive names as (
       (select system from inbound_refusals where external_event_id is not null order by system limit 1)
       union all
       select n.system from names p cross join lateral (
         select system from inbound_refusals where external_event_id is not null and system > p.system order by system limit 1) n
     )
     select r.id from names n join inbound_refusals r on r.system = n.system and r.external_event_id = :externalEventId
     order by r.id desc limit :limit`,
    asked,
  );
  return rows.map(({ id }) => id);
}
