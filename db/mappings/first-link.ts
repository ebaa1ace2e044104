// The first link of two filled catalogues: the row that each record may belong to, and who waits for a
// consent (docs/first-link.md). How consents are stored: writes/consents.ts.
import type { RowFields } from '../entities/rows.ts';
import { isLetGoSql } from './consent.ts';
import { isInactiveSql } from './state.ts';
import type { Db, Tx } from '../server/connection.ts';
import type { Decision as RecordDecision } from '../external-records.ts';
import type { Urgency } from '../urgency.ts';

type Where = { system: string; externalType: string };

/** What we know of a listed record. */
export type ListedState = {
  externalId: string;
  /** It has a mapping with a row of ours, or one that has ended. */
  known: boolean;
  /** The reason for which its own mapping, without a row, rests; null where none does. */
  restsFor: string | null;
  /** What a person decided about it. */
  decision: RecordDecision | null;
};

const listedSql = `
select x.id as "externalId",
  coalesce(k.internal_id is not null or ${isInactiveSql('k')}, false) as known,
  case when k.internal_id is null and k.dirty = k.clean and k.state in ('waiting', 'parked') then k.reason end as "restsFor",
  d.decision
from unnest(:externalIds::text[]) as x(id)
left join external_mappings k on k.system = :system and k.account = :account and k.external_type = :externalType
  and k.external_id = x.id
left join external_records d on d.system = :system and d.account = :account and d.external_type = :externalType
  and d.external_id = x.id`;

/** The state of each record of a page: its mapping, and the decision about it. */
export async function readListed(
  db: Db | Tx,
  where: Where & { account: string },
  externalIds: string[],
): Promise<ListedState[]> {
  const { rows } = await db.raw<{ rows: ListedState[] }>(listedSql, { ...where, externalIds });
  return rows;
}

/** A living row that waits for the first link. */
export type LinkRow = {
  customerId: number;
  createdEventId: string;
  /** null: none of its events has been received yet, so it has no mapping. */
  mappingId: number | null;
  fields: RowFields;
  version: number;
};

export type WaitingRow = LinkRow & {
  mappingId: number;
  /** A consent was given already. */
  consented: boolean;
  deleted: boolean;
};

/** Rows that wait for the first link, in order of their mapping. */
export async function readWaitingRows(
  db: Db,
  system: string,
  after: number,
  limit: number,
): Promise<WaitingRow[]> {
  const { rows } = await db.raw<{ rows: WaitingRow[] }>(
    `select c.id as "customerId", c.created_event_id as "createdEventId", m.id as "mappingId", c.fields, c.version,
            m.consent is not null as consented, c.deleted_at is not null as deleted
     from external_mappings m join entity_rows() c on c.entity_type = m.entity_type and c.id = m.internal_id
     where m.system = :system and m.state = 'waiting' and m.reason = 'not_linked' and m.id > :after
     order by m.id limit :limit`,
    { system, after, limit },
  );
  return rows;
}

const isUnmappedSql = `c.deleted_at is null and not exists (
  select from external_mappings m where m.entity_type = c.entity_type and m.internal_id = c.id and m.system = :system
    and m.external_type = :externalType and m.role = 'primary' and (m.state <> 'detached' or ${isLetGoSql('m')})
    and m.account = coalesce((select account from connections where system = :system), ''))`;

/**
 * Living rows of which no event has been received yet, in order of their id: they have no mapping,
 * and no person let them go.
 */
export async function readUnmappedRows(
  db: Db,
  { system, externalType }: Where,
  after: number,
  limit: number,
): Promise<LinkRow[]> {
  const { rows } = await db.raw<{ rows: LinkRow[] }>(
    `select c.id as "customerId", c.created_event_id as "createdEventId", null as "mappingId", c.fields, c.version
     from entity_rows() c
     where ${isUnmappedSql} and c.id > :after
     order by c.id limit :limit`,
    { system, externalType, after, limit },
  );
  return rows;
}

/**
 * How many living rows have no record yet and wait for nothing that a link decides: they are on
 * their way, or stopped.
 */
export async function countOnTheirWay(db: Db, { system, externalType }: Where): Promise<number> {
  const { rows } = await db.raw<{ rows: { count: number }[] }>(
    `select count(*) from external_mappings m join entity_rows() c on c.entity_type = m.entity_type and c.id = m.internal_id
     where m.system = :system and m.external_type = :externalType and m.role = 'primary' and m.external_id is null
       and m.state in ('pending', 'waiting', 'parked') and m.reason is distinct from 'not_linked' and c.deleted_at is null`,
    { system, externalType },
  );
  return rows[0]?.count ?? 0;
}

/** The mappings of rows that wait for the first link, by row. */
export async function findWaitingMappings(
  db: Db | Tx,
  { system, account, externalType }: Where & { account: string },
  customerIds: number[],
): Promise<Map<number, number>> {
  const { rows } = await db.raw<{ rows: { id: number; customer: number }[] }>(
    `select id, internal_id as customer from external_mappings
     where entity_type = 'customer' and internal_id = any(:customerIds) and system = :system and account = :account
       and external_type = :externalType and role = 'primary' and state = 'waiting' and reason = 'not_linked'`,
    { system, account, externalType, customerIds },
  );
  return new Map(rows.map(({ id, customer }) => [customer, id]));
}

/** How many rows wait for the first link; those whose consent was given are not counted. */
export async function countNotLinked(db: Db, system: string): Promise<number> {
  const { rows } = await db.raw<{ rows: { count: number }[] }>(
    `select count(*) from external_mappings
     where system = :system and state = 'waiting' and reason = 'not_linked' and consent is null`,
    { system },
  );
  return rows[0]?.count ?? 0;
}

/** How many rows have a consent for their first link that no worker has carried out yet. */
export async function countConsented(db: Db, system: string): Promise<number> {
  const { rows } = await db.raw<{ rows: { count: number }[] }>(
    `select count(*) from external_mappings
     where system = :system and state = 'waiting' and reason = 'not_linked' and consent is not null`,
    { system },
  );
  return rows[0]?.count ?? 0;
}

const digestSql = `
with waiting as (
  select m.internal_id as id from external_mappings m
  where m.system = :system and m.state = 'waiting' and m.reason = 'not_linked' and m.consent is null
  union
  select c.id from entity_rows() c where ${isUnmappedSql}
)
select count(*) as rows, coalesce(sum(hashint8extended(id, 0)::numeric), 0)::text as digest from waiting`;

/** Which rows wait for the first link without a consent, with and without a mapping. */
export async function digestWaitingRows(
  db: Db | Tx,
  where: Where,
): Promise<{ rows: number; digest: string }> {
  const { rows } = await db.raw<{ rows: { rows: number; digest: string }[] }>(digestSql, where);
  return rows[0] ?? { rows: 0, digest: '0' };
}

/** Makes workers look at records that no mapping stands for yet; those that have one are left as they are. */
export async function askForNewRecords(
  db: Db | Tx,
  about: Where & { externalIds: string[]; urgency: Urgency; now: Date },
): Promise<number> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `insert into external_mappings (system, account, external_type, external_id, dirty, must_read, urgency, next_attempt_at)
     select :system, c.account, :externalType, x.id, 1, true, :urgency, :now::timestamptz
     from connections c cross join unnest(:externalIds::text[]) as x(id)
     where c.system = :system and c.account is not null
     order by x.id
     on conflict (system, account, external_type, external_id) where external_id is not null do nothing`,
    about,
  );
  return rowCount;
}

/** Makes workers look again at records whose mapping waits for one of these reasons. */
export async function raiseRecords(
  db: Db | Tx,
  about: Where & {
    account: string;
    externalIds: string[];
    reasons: string[];
    urgency: Urgency;
    now: Date;
  },
): Promise<number> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `update external_mappings m
     set dirty = dirty + 1, must_read = true, urgency = :urgency, next_attempt_at = :now::timestamptz, updated_at = now()
     from (select id from external_mappings
           where system = :system and account = :account and external_type = :externalType and external_id = any(:externalIds)
             and internal_id is null and state = 'waiting' and reason = any(:reasons)
           order by id for update) locked
     where m.id = locked.id`,
    about,
  );
  return rowCount;
}
