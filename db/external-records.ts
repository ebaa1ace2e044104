// The unmatched records of an account, by their identity: a create is compared with them before it
// is sent.
//
// A record stays in this table once a customer is linked with it; only its mapping says whether it
// is matched, so linking needs no statement on this table. A read confirms the identity of a record
// before anything is decided by it.
import type { Db, Tx } from './server/connection.ts';
import { runPrepared } from './server/prepared.ts';
import { raisedUrgency, urgencies } from './urgency.ts';

export type RecordPlace = { system: string; account: string; externalType: string };

export type Decision = 'import' | 'leave';

/** `decision` is stored with the record; without it an earlier decision stays. */
export type KeptRecord = {
  externalId: string;
  identity: string | null;
  createdAt: Date;
  decision?: Decision;
};

const keepSql = `
insert into external_records as r (system, account, external_type, external_id, identity, created_at, decision)
select :system, :account, :externalType, x.external_id, x.identity, x.created_at, x.decision
from jsonb_to_recordset(:records::jsonb) as x(external_id text, identity text, created_at timestamptz, decision text)
order by x.external_id
on conflict (system, account, external_type, external_id) do update
set identity = excluded.identity, decision = coalesce(excluded.decision, r.decision)
where (r.identity, r.decision) is distinct from (excluded.identity, coalesce(excluded.decision, r.decision))`;

/** Stores records as just read. Returns true if one is new or had another identity before. */
export async function keepRecords(db: Db | Tx, place: RecordPlace, records: KeptRecord[]): Promise<boolean> {
  if (records.length === 0) return false;
  const rows = records.map(({ externalId, identity, createdAt, decision }) => ({
    external_id: externalId,
    identity,
    created_at: createdAt,
    decision: decision ?? null,
  }));
  const { rowCount } = await db.raw<{ rowCount: number }>(keepSql, {
    ...pick(place),
    records: JSON.stringify(rows),
  });
  return rowCount > 0;
}

/** The record does not exist at the system any more. */
export async function forgetRecord(db: Db | Tx, place: RecordPlace, externalId: string): Promise<void> {
  await db.raw(
    `delete from external_records where system = :system and account = :account and external_type = :externalType
       and external_id = :externalId`,
    { ...pick(place), externalId },
  );
}

// A record is matched while a mapping links it with a customer. For a create, an alias or the
// record of a detached pair counts as unmatched; a record that was deleted at the system does not
// count any more.
const isMatched = (record: string): string => `exists (
  select from external_mappings m
  where m.system = ${record}.system and m.account = ${record}.account and m.external_type = ${record}.external_type
    and m.external_id = ${record}.external_id
    and (m.state = 'tombstoned' or (m.role = 'primary' and m.internal_id is not null and m.state <> 'detached')))`;

const byIdentitySql = `
select (select done_at is not null from account_readings a
        where a.system = :system and a.account = :account and a.external_type = :externalType) as "isRead",
       coalesce((select jsonb_agg(x.external_id) from (
         select r.external_id from external_records r
         where r.system = :system and r.account = :account and r.external_type = :externalType and r.identity = :identity
           and not ${isMatched('r')}
         order by r.created_at, r.external_id limit :most) x), '[]') as "externalIds"`;

/** More than a person would compare; people decide which of them is linked. */
export const MOST_ALIKE = 20;

/**
 * Unmatched records with an identity, the oldest first; `isRead`: every record of the account was
 * read once.
 */
export async function findByIdentity(
  db: Db | Tx,
  place: RecordPlace,
  identity: string,
): Promise<{ isRead: boolean; externalIds: string[] }> {
  const { rows } = await runPrepared<{ rows: { isRead: boolean | null; externalIds: string[] }[] }>(
    db,
    byIdentitySql,
    { ...pick(place), identity, most: MOST_ALIKE },
  );
  const [row] = rows;
  return { isRead: row?.isRead === true, externalIds: row?.externalIds ?? [] };
}

export type Holder = {
  externalId: string;
  mappingId: number;
  /** null: the mapping has no customer. */
  customerId: number | null;
  role: 'primary' | 'alias';
  state: string;
  /** The customer of the mapping is not deleted. */
  lives: boolean;
  /** The pair is dirty, so its next state is not known yet. */
  busy: boolean;
};

/** The mappings of some records. A record without a mapping is left out. */
export async function findHolders(db: Db | Tx, place: RecordPlace, externalIds: string[]): Promise<Holder[]> {
  if (externalIds.length === 0) return [];
  const { rows } = await db.raw<{ rows: Holder[] }>(
    `select m.external_id as "externalId", m.id as "mappingId", m.internal_id as "customerId", m.role, m.state,
            c.id is not null and c.deleted_at is null as lives, m.dirty <> m.clean or m.intent is not null as busy
     from external_mappings m left join entity_rows() c on c.entity_type = m.entity_type and c.id = m.internal_id
     where m.system = :system and m.account = :account and m.external_type = :externalType and m.external_id = any(:externalIds)`,
    { ...pick(place), externalIds },
  );
  return rows;
}

/**
 * Makes workers look again at the rows that wait because this record exists: it is gone, or has
 * another identity now. Returns how many.
 */
export async function raiseAwaiting(
  db: Db | Tx,
  { system, account, externalId, now }: { system: string; account: string; externalId: string; now: Date },
): Promise<number> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `update external_mappings m
     set dirty = dirty + 1, urgency = ${raisedUrgency(`${urgencies.row}::smallint`)}, next_attempt_at = :now::timestamptz,
         updated_at = now()
     from (select id from external_mappings
           where state = 'waiting' and reason = 'not_linked' and jsonb_exists(reason_detail -> 'records', :externalId)
             and system = :system and account = :account
           order by id for update) locked
     where m.id = locked.id`,
    { system, account, externalId, now },
  );
  return rowCount;
}

// A second record of a living customer has its conflict: no decision about it is needed in this
// query.
const unmatchedSql = `
from external_records r
where r.system = :system and r.account = :account and r.external_type = :externalType and not ${isMatched('r')}
  and not exists (
    select from external_mappings m join entity_rows() c on c.entity_type = m.entity_type and c.id = m.internal_id and c.deleted_at is null
    where m.system = r.system and m.account = r.account and m.external_type = r.external_type and m.external_id = r.external_id
      and m.role = 'alias')`;

export type UnmatchedCounts = {
  /** Records about which no decision was made. */
  undecided: number;
  /** Records that will become customers of ours, and are not customers yet. */
  importing: number;
  /** Records that stay without a customer of ours. */
  left: number;
};

/** How many unmatched records the account has. */
export async function countUnmatched(db: Db | Tx, place: RecordPlace): Promise<UnmatchedCounts> {
  const { rows } = await db.raw<{ rows: UnmatchedCounts[] }>(
    `select count(*) filter (where r.decision is null) as undecided, count(*) filter (where r.decision = 'import') as importing,
            count(*) filter (where r.decision = 'leave') as left ${unmatchedSql}`,
    pick(place),
  );
  return rows[0] ?? { undecided: 0, importing: 0, left: 0 };
}

/**
 * Stores a decision about some records, in place of any earlier one. Returns for how many it is
 * new.
 */
export async function decideRecords(
  db: Db | Tx,
  place: RecordPlace,
  { externalIds, ...decided }: { externalIds: string[]; decision: Decision; actor: string; now: Date },
): Promise<number> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `update external_records r set decision = :decision, decided_by = :actor, decided_at = :now::timestamptz
     where system = :system and account = :account and external_type = :externalType and external_id = any(:externalIds)
       and decision is distinct from :decision`,
    { ...pick(place), ...decided, externalIds },
  );
  return rowCount;
}

/** The decision about a record; null if there is none. */
export async function readDecision(
  db: Db | Tx,
  place: RecordPlace,
  externalId: string,
): Promise<Decision | null> {
  const { rows } = await db.raw<{ rows: { decision: Decision | null }[] }>(
    `select decision from external_records
     where system = :system and account = :account and external_type = :externalType and external_id = :externalId`,
    { ...pick(place), externalId },
  );
  return rows[0]?.decision ?? null;
}

/** Unmatched records without this decision, in the order of their ids, in pages. */
export async function listUndecided(
  db: Db,
  place: RecordPlace,
  { decision, after, limit }: { decision: Decision; after: string; limit: number },
): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `select r.external_id as id ${unmatchedSql} and r.decision is distinct from :decision and r.external_id > :after
     order by r.system, r.account, r.external_type, r.external_id limit :limit`,
    { ...pick(place), decision, after, limit },
  );
  return rows.map(({ id }) => id);
}

function pick({ system, account, externalType }: RecordPlace): RecordPlace {
  return { system, account, externalType };
}

/** A record that a read or the account's list has shown, with or without a mapping. */
export type KnownRecord = { system: string; account: string; externalId: string; decision: Decision | null };

/** A record by its id, of the accounts that the database belongs to. */
export async function findKnownRecords(
  db: Db,
  { externalId, system }: { externalId: string; system: string | null },
): Promise<KnownRecord[]> {
  const { rows } = await db.raw<{ rows: KnownRecord[] }>(
    `select r.system, r.account, r.external_id as "externalId", r.decision
     from connections c join external_records r on r.system = c.system and r.account = c.account
     where r.external_id = :externalId
       and (:system::text is null or r.system = :system::text)
     order by r.system`,
    { externalId, system },
  );
  return rows;
}
