// The first link of two filled catalogues: the row that each record may belong to, and who waits for a
// consent (docs/first-link.md). How consents are stored: writes/consents.ts.
import { isLetGoSql } from './consent.ts';
import { isInactiveSql } from './state.ts';
import type { Db, Tx } from '../server/connection.ts';
import { folded } from '../email-fold.ts';
import type { Urgency } from '../urgency.ts';

type Where = { system: string; externalType: string };

export type ListedRecord = { externalId: string; ownerTag: string | null; email: string | null };

/** A living row that waits for the first link, as a record's match. */
export type LinkRow = {
  customerId: number;
  /** null: none of its events has been received yet, so it has no mapping. */
  mappingId: number | null;
  name: string;
  email: string;
  /** A consent was given already. */
  consented: boolean;
  /** The record that it names. */
  named: string | null;
};

export type RecordMatch = {
  externalId: string;
  /** It has a mapping with a row of ours, or one that has ended. */
  known: boolean;
  /** Our owner tag on it names this row, whatever its state. */
  taggedRow: number | null;
  /** The row that waits and that its owner tag names, or else that has its email. */
  row: LinkRow | null;
  /** A row has its email, and does not wait: it has a counterpart, or is being given one. */
  taken: boolean;
};

const matchSql = `
with r as (
  select * from jsonb_to_recordset(:records::jsonb) as r(external_id text, owner_tag uuid, email text)
), bound as (
  select coalesce((select account from connections where system = :system), '') as account
), waiting as (
  select r.external_id, c.id, c.name, c.email, m.id as mapping_id, m.consent is not null as consented,
         m.consent ->> 'external_id' as named, m.id is null or (m.state = 'waiting' and m.reason = 'not_linked') as waits
  from r cross join bound
  cross join lateral ( -- two questions, for either has its index
    (select * from customers where r.owner_tag is not null and created_event_id = r.owner_tag)
    union all
    (select * from customers where r.owner_tag is null and ${folded('email')} = ${folded('r.email')} and deleted_at is null)
  ) c
  left join lateral (
    select * from external_mappings m where m.entity_type = 'customer' and m.internal_id = c.id and m.system = :system
      and m.account = bound.account and m.external_type = :externalType and m.role = 'primary' and m.state <> 'detached'
    limit 1 -- or it may be read as a whole first, where nothing is known of the tables yet
  ) m on true
  where c.deleted_at is null
)
select r.external_id as "externalId",
  coalesce((select true from external_mappings k where k.system = :system and k.account = (select account from bound)
            and k.external_type = :externalType and k.external_id = r.external_id
            and (k.internal_id is not null or ${isInactiveSql('k')}) limit 1), false) as known,
  (select c.id from customers c where c.created_event_id = r.owner_tag) as "taggedRow",
  (select jsonb_build_object('customerId', w.id, 'mappingId', w.mapping_id, 'name', w.name, 'email', w.email, 'consented', w.consented, 'named', w.named)
   from waiting w where w.external_id = r.external_id and w.waits) as row,
  exists (select from waiting w where w.external_id = r.external_id and not w.waits) as taken
from r`;

/** What we know of a page of their records: by external id, by our owner tag, by email. */
export async function matchRecords(
  db: Db | Tx,
  where: Where,
  records: ListedRecord[],
): Promise<RecordMatch[]> {
  const listed = records.map(({ externalId, ownerTag, email }) => ({
    external_id: externalId,
    owner_tag: ownerTag,
    email,
  }));
  const { rows } = await db.raw<{ rows: RecordMatch[] }>(matchSql, {
    ...where,
    records: JSON.stringify(listed),
  });
  return rows;
}

/** Rows that wait for the first link, in order of their mapping. */
export async function readWaitingRows(
  db: Db,
  system: string,
  after: number,
  limit: number,
): Promise<(LinkRow & { mappingId: number; deleted: boolean })[]> {
  const { rows } = await db.raw<{ rows: (LinkRow & { mappingId: number; deleted: boolean })[] }>(
    `select c.id as "customerId", m.id as "mappingId", c.name, c.email, m.consent is not null as consented,
            m.consent ->> 'external_id' as named, c.deleted_at is not null as deleted
     from external_mappings m join customers c on m.entity_type = 'customer' and c.id = m.internal_id
     where m.system = :system and m.state = 'waiting' and m.reason = 'not_linked' and m.id > :after
     order by m.id limit :limit`,
    { system, after, limit },
  );
  return rows;
}

/**
 * Living rows of which no event has been received yet, in order of their id: they have no mapping,
 * and no person let them go.
 */
export async function readUnmappedRows(
  db: Db,
  { system, externalType }: Where,
  after: number,
  limit: number,
): Promise<number[]> {
  const { rows } = await db.raw<{ rows: { id: number }[] }>(
    `select c.id from customers c
     where c.deleted_at is null and c.id > :after and not exists (
       select from external_mappings m where m.entity_type = 'customer' and m.internal_id = c.id and m.system = :system
         and m.external_type = :externalType and m.role = 'primary' and (m.state <> 'detached' or ${isLetGoSql('m')})
         and m.account = coalesce((select account from connections where system = :system), ''))
     order by c.id limit :limit`,
    { system, externalType, after, limit },
  );
  return rows.map(({ id }) => id);
}

/**
 * How many living rows have no record yet and wait for nothing that a link decides: they are on
 * their way, or stopped.
 */
export async function countOnTheirWay(db: Db, { system, externalType }: Where): Promise<number> {
  const { rows } = await db.raw<{ rows: { count: number }[] }>(
    `select count(*) from external_mappings m join customers c on m.entity_type = 'customer' and c.id = m.internal_id
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
