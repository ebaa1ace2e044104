// Rows that name other rows: which record the named row has at a system, which row a named record is
// of, and who waits for either.
import type { Db, Tx } from '../server/connection.ts';
import { raisedUrgency, urgencies } from '../urgency.ts';
import { hasEndedSql } from './state.ts';

export type Account = { system: string; account: string };

/** The record of each row, by `entity:id`; a row without a living pair is left out. */
export async function findCounterparts(
  db: Db | Tx,
  { system, account }: Account,
  rows: readonly { entity: string; id: number }[],
): Promise<ReadonlyMap<string, string>> {
  const found = await db.raw<{ rows: { entity: string; id: number; externalId: string }[] }>(
    `select m.entity_type as entity, m.internal_id as id, m.external_id as "externalId"
     from jsonb_to_recordset(:rows::jsonb) as r(entity text, id bigint)
     join external_mappings m on m.entity_type = r.entity and m.internal_id = r.id and m.system = :system and m.account = :account
       and m.role = 'primary' and m.external_id is not null and not ${hasEndedSql('m')}`,
    { system, account, rows: JSON.stringify(rows) },
  );
  return new Map(found.rows.map(({ entity, id, externalId }) => [`${entity}:${id}`, externalId]));
}

/** The row that a record is the counterpart of; null while it is of none. */
export async function findRowOfRecord(
  db: Db | Tx,
  { system, account }: Account,
  { entity, externalId }: { entity: string; externalId: string },
): Promise<number | null> {
  const { rows } = await db.raw<{ rows: { id: number }[] }>(
    `select m.internal_id as id from external_mappings m
     where m.system = :system and m.account = :account and m.entity_type = :entity and m.external_id = :externalId
       and m.internal_id is not null and not ${hasEndedSql('m')}`,
    { system, account, entity, externalId },
  );
  return rows[0]?.id ?? null;
}

/** The pair of a row and a record stands: whoever waits for one of the two goes on. */
export async function raiseReferring(
  tx: Tx,
  {
    system,
    account,
    entity,
    id,
    externalId,
    now,
  }: Account & {
    entity: string;
    id: number;
    externalId: string;
    now: Date;
  },
): Promise<void> {
  await tx.raw(
    `update external_mappings m
     set dirty = dirty + 1, urgency = ${raisedUrgency(`${urgencies.row}::smallint`)}, next_attempt_at = :now::timestamptz, updated_at = now()
     from (select w.id from external_mappings w
           where w.system = :system and w.account = :account and w.state = 'waiting' and w.reason = 'reference'
             and w.reason_detail ->> 'entity' = :entity
             and (w.reason_detail -> 'id' = to_jsonb(:id::bigint) or w.reason_detail ->> 'external_id' = :externalId)
           order by w.id for update) locked
     where m.id = locked.id`,
    { system, account, entity, id, externalId, now },
  );
}

/**
 * A pair has just begun to wait for another one in this transaction. The other may have come to stand
 * since the step read it, too early to raise this one; then this one goes on. The other one's row is
 * locked, so that it cannot come to stand unseen; a row that is at work already counts as standing, since
 * waiting for its lock could be a deadlock. The cost of being wrong is one more step.
 */
export async function goOnIfNamed(
  tx: Tx,
  waiting: Account & {
    mappingId: number;
    entity: string;
    id: number | null;
    externalId: string | null;
    now: Date;
  },
): Promise<void> {
  await tx.raw(
    `with named as materialized (
       select m.id, m.internal_id is not null and m.external_id is not null and not ${hasEndedSql('m')} as stands
       from external_mappings m
       where m.system = :system and m.account = :account and m.entity_type = :entity and m.role = 'primary'
         and (m.internal_id = :id::bigint or m.external_id = :externalId::text)
     ), free as materialized (
       select m.id, m.internal_id is not null and m.external_id is not null and not ${hasEndedSql('m')} as stands
       from external_mappings m where m.id in (select id from named) for update skip locked
     )
     update external_mappings m set dirty = dirty + 1, next_attempt_at = :now::timestamptz
     where m.id = :mappingId and exists (
       select from named n left join free f on f.id = n.id where f.id is null or f.stands)`,
    waiting,
  );
}
