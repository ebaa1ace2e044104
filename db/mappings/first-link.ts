// The first link of two filled catalogues: the row that each record may belong to, and the consents
// that were given (docs/first-link.md).
import { isInactiveSql, isLetGoSql } from './state.ts';
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

/** How each record of a page stands: its mapping, and what was decided about it. */
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
  name: string;
  email: string;
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
    `select c.id as "customerId", c.created_event_id as "createdEventId", m.id as "mappingId", c.name, c.email, c.version,
            m.reason_detail ->> 'consent' is not distinct from 'true' as consented, c.deleted_at is not null as deleted
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
): Promise<LinkRow[]> {
  const { rows } = await db.raw<{ rows: LinkRow[] }>(
    `select c.id as "customerId", c.created_event_id as "createdEventId", null as "mappingId", c.name, c.email, c.version
     from customers c
     where c.deleted_at is null and c.id > :after and not exists (
       select from external_mappings m where m.entity_type = 'customer' and m.internal_id = c.id and m.system = :system
         and m.external_type = :externalType and m.role = 'primary' and (m.state <> 'detached' or ${isLetGoSql('m')})
         and m.account = coalesce((select account from connections where system = :system), ''))
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
     where system = :system and state = 'waiting' and reason = 'not_linked' and (reason_detail ->> 'consent') is distinct from 'true'`,
    { system },
  );
  return rows[0]?.count ?? 0;
}

/**
 * The consent for one row: this record is its counterpart, or, with null, it has none and one is
 * made.
 */
export type LinkConsent = { mappingId: number; externalId: string | null };

const hasConsentSql = `
update external_mappings m
set reason_detail = :detail::jsonb || jsonb_build_object('external_id', w.external_id), dirty = dirty + 1, urgency = :urgency,
    next_attempt_at = :now::timestamptz, fence = fence + 1, lease_owner = null, lease_until = null, updated_at = now()
from (select l.id, x.external_id
      from external_mappings l join jsonb_to_recordset(:consents::jsonb) as x(mapping_id bigint, external_id text) on x.mapping_id = l.id
      where l.state = 'waiting' and l.reason = 'not_linked' and (l.reason_detail ->> 'consent') is distinct from 'true'
      order by l.id for update of l) w
where m.id = w.id`;

/**
 * Stores the consents and makes workers look. A consent counts once: a repeat changes nothing.
 * Returns how many were new.
 */
export async function storeLinkConsents(
  tx: Db | Tx,
  consents: LinkConsent[],
  { detail, urgency, now }: { detail: Record<string, unknown>; urgency: Urgency; now: Date },
): Promise<number> {
  const rows = consents.map(({ mappingId, externalId }) => ({
    mapping_id: mappingId,
    external_id: externalId,
  }));
  const { rowCount } = await tx.raw<{ rowCount: number }>(hasConsentSql, {
    consents: JSON.stringify(rows),
    detail: JSON.stringify(detail),
    urgency,
    now,
  });
  return rowCount;
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

/**
 * Every living row without a counterpart in an account, or of those named, and that no person let
 * go, gets a mapping that waits for the first link. Returns how many.
 */
export async function insertNotLinked(
  tx: Tx,
  where: Where & { account: string },
  customerIds: number[] | null = null,
): Promise<number> {
  const { rowCount } = await tx.raw<{ rowCount: number }>(
    `insert into external_mappings (internal_id, system, account, external_type, state, reason, wanted_version)
     select c.id, :system, :account, :externalType, 'waiting', 'not_linked', c.version from customers c
     where c.deleted_at is null and (:customerIds::bigint[] is null or c.id = any(:customerIds::bigint[])) and not exists (
       select from external_mappings m where m.entity_type = 'customer' and m.internal_id = c.id and m.system = :system
         and m.account = :account and m.external_type = :externalType and m.role = 'primary'
         and (m.state <> 'detached' or ${isLetGoSql('m')}))
     order by c.id`,
    { ...where, customerIds },
  );
  return rowCount;
}
