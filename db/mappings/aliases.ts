// Second records: a row's alias, the exchange of primary and alias, and records that stayed when
// their row was deleted.
import type { RowFields } from '../entities/rows.ts';
import type { Db, Tx } from '../server/connection.ts';
import { toMapping, type Mapping } from './mappings.ts';

type Where = Pick<Mapping, 'system' | 'account' | 'entityType' | 'externalType'>;
type StoredMapping = Parameters<typeof toMapping>[0];

/** The mapping of an external id, not locked. */
export async function findRecordMapping(
  db: Db | Tx,
  where: Where & { externalId: string },
): Promise<Mapping | null> {
  const { system, account, externalType, externalId } = where;
  const { rows } = await db.raw<{ rows: StoredMapping[] }>(
    `select * from external_mappings
     where system = :system and account = :account and external_type = :externalType and external_id = :externalId`,
    { system, account, externalType, externalId },
  );
  return rows[0] ? toMapping(rows[0]) : null;
}

/**
 * The pair that a row lives by in one account, not locked; null where there is none yet, or it was
 * let go.
 */
export async function findPrimary(
  db: Db | Tx,
  where: Where & { customerId: number },
): Promise<Mapping | null> {
  const { system, account, entityType, externalType, customerId } = where;
  const { rows } = await db.raw<{ rows: StoredMapping[] }>(
    `select * from external_mappings
     where entity_type = :entityType and internal_id = :customerId and system = :system and account = :account
       and external_type = :externalType and role = 'primary' and state <> 'detached'`,
    { system, account, entityType, externalType, customerId },
  );
  return rows[0] ? toMapping(rows[0]) : null;
}

/**
 * Locks, in order of id, an alias and every mapping of its row: the fate of the alias may end the
 * wait of its primary. Null if the lease is gone.
 */
export async function lockWithRow(
  tx: Tx,
  { id, fence }: { id: number; fence: number },
): Promise<Mapping | null> {
  const { rows } = await tx.raw<{ rows: StoredMapping[] }>(
    `select m.* from external_mappings m join external_mappings a on a.id = :id
     where m.id = a.id or (m.entity_type = a.entity_type and m.internal_id = a.internal_id and m.system = a.system
       and m.account = a.account and m.external_type = a.external_type)
     order by m.id for update of m`,
    { id },
  );
  const own = rows.find((row) => row.id === id && row.fence === fence);
  return own ? toMapping(own) : null;
}

/**
 * A primary that waits because it has an alias looks again: the alias is gone. Its mapping is
 * locked (`lockWithRow`).
 */
export async function raiseHeldPrimary(tx: Tx, alias: Mapping, now: Date): Promise<void> {
  const { system, account, entityType, externalType, internalId } = alias;
  await tx.raw(
    `update external_mappings
     set dirty = dirty + 1, urgency = 0, next_attempt_at = :now::timestamptz, updated_at = now()
     where entity_type = :entityType and internal_id = :internalId and system = :system and account = :account
       and external_type = :externalType and role = 'primary' and state = 'waiting' and reason = 'alias_lives'`,
    { system, account, entityType, externalType, internalId, now },
  );
}

/** Creates the mapping of a record that has none; the insert also locks it in this transaction. */
export async function insertRecordMapping(
  tx: Tx,
  where: Where & { externalId: string },
): Promise<Mapping | null> {
  const { system, account, entityType, externalType, externalId } = where;
  const { rows } = await tx.raw<{ rows: StoredMapping[] }>(
    `insert into external_mappings (system, account, entity_type, external_type, external_id)
     values (:system, :account, :entityType, :externalType, :externalId)
     on conflict (system, account, external_type, external_id) where external_id is not null do nothing returning *`,
    { system, account, entityType, externalType, externalId },
  );
  return rows[0] ? toMapping(rows[0]) : null;
}

/** A record that is no row's counterpart, and is known by the row that it belongs to, or belonged to. */
export type LeftRecord = {
  mappingId: number;
  externalId: string;
  state: 'alias' | 'detached';
  /** The row whose second record it is, or that was deleted or let go without it. */
  customerId: number | null;
  /** As it was last known at the system. */
  email: string | null;
  since: Date;
};

const leftColumns = `m.id as "mappingId", m.external_id as "externalId", m.state, m.internal_id as "customerId",
  m.known_email as email, m.updated_at as since
  from external_mappings m left join entity_rows() c on c.entity_type = m.entity_type and c.id = m.internal_id
  where m.system = :system and m.account = coalesce((select account from connections where system = :system), '')
    and m.external_id is not null`;

const leftThere = `m.state = 'alias' and m.merged_into is null and c.deleted_at is not null`;

/**
 * Second records that stayed at the system when their row was deleted in our table: the engine does
 * not change them, and a person may delete or link them.
 */
export async function listLeftAliases(db: Db | Tx, system: string, limit: number): Promise<LeftRecord[]> {
  const { rows } = await db.raw<{ rows: LeftRecord[] }>(
    `select ${leftColumns} and ${leftThere} order by m.id limit :limit`,
    { system, limit },
  );
  return rows;
}

export async function countLeftAliases(db: Db | Tx, system: string): Promise<number> {
  const { rows } = await db.raw<{ rows: { count: number }[] }>(
    `select count(*) from (select ${leftColumns} and ${leftThere}) l`,
    { system },
  );
  return rows[0]?.count ?? 0;
}

/** A row whose record was deleted at the system while another record of it lives. */
export type HeldDeletion = {
  customerId: number;
  fields: RowFields;
  externalId: string;
  aliases: string[];
  /** The deletion was accepted, and a worker carries it out. */
  accepted: boolean;
  since: Date;
};

export async function listHeldDeletions(db: Db | Tx, system: string, limit: number): Promise<HeldDeletion[]> {
  const { rows } = await db.raw<{ rows: HeldDeletion[] }>(
    `select c.id as "customerId", c.fields, m.external_id as "externalId", m.updated_at as since,
       coalesce((select jsonb_agg(a.external_id order by a.id) from external_mappings a
                 where a.entity_type = m.entity_type and a.internal_id = m.internal_id and a.system = m.system
                   and a.account = m.account and a.state = 'alias' and a.merged_into is null), '[]') as aliases,
       m.decision ->> 'kind' is not distinct from 'release' as accepted
     from external_mappings m join entity_rows() c on c.entity_type = m.entity_type and c.id = m.internal_id and c.deleted_at is null
     where m.system = :system and m.state = 'waiting' and m.reason = 'alias_lives'
     order by m.id limit :limit`,
    { system, limit },
  );
  return rows;
}
