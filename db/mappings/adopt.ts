// Finds the row that a mapping without a row belongs to, and moves the mapping to that row.
import type { RowFields } from '../entities/rows.ts';
import { isLetGoSql } from './consent.ts';
import { hasEnded, hasEndedSql } from './state.ts';
import { linkAbsorbed } from './writes/records.ts';
import type { Db, Tx } from '../server/connection.ts';
import { folded } from '../email-fold.ts';
import { absorbMapping, lockMappings, type Mapping } from './mappings.ts';

/** A living row that could be a record's, and where its own mapping in that system stands. */
export type Candidate = {
  customerId: number;
  createdEventId: string;
  /** null while its event has not been received. */
  mappingId: number | null;
  externalId: string | null;
  /** Its pair has ended, and stays so. */
  ended: boolean;
  /**
   * The first link of the row: `awaited` if it waits for a consent, `named` if a consent was given
   * and is not carried out yet; null otherwise.
   */
  link: 'awaited' | 'named' | null;
  /** The record that a consent names as the row's, and that is not linked yet. */
  named: string | null;
};

const candidateAnswers = `c.id as "customerId", c.created_event_id as "createdEventId", m.id as "mappingId", m.external_id as "externalId",
  -- A pair that a person has let go answers for its row, where the row has no other.
  coalesce(${hasEndedSql('m')}, exists (
    select from external_mappings l where l.entity_type = c.entity_type and l.internal_id = c.id and l.system = :system
      and l.account = :account and ${isLetGoSql('l')})) as ended,
  case when m.external_id is not null then null
       when m.consent is not null then 'named'
       when m.state = 'waiting' and m.reason = 'not_linked' then 'awaited' end as link,
  case when m.external_id is null then m.consent ->> 'external_id' end as named`;
const candidateSource = `
  from entity_rows() c left join external_mappings m on m.entity_type = c.entity_type and m.internal_id = c.id and m.system = :system
    and m.account = :account and m.external_type = :externalType and m.role = 'primary'`;
const candidateColumns = `${candidateAnswers} ${candidateSource}`;

type Where = Pick<Mapping, 'system' | 'account' | 'entityType' | 'externalType'>;

/**
 * The row whose creating event an owner tag names, tombstones included; by the counterpart that it
 * let go, if it has no other.
 */
export async function findByTag(db: Db, where: Where, ownerTag: string): Promise<Candidate | null> {
  const { rows } = await db.raw<{ rows: Candidate[] }>(
    `select ${candidateColumns} where c.entity_type = :entityType and c.created_event_id = :ownerTag::uuid order by m.state = 'detached' limit 1`,
    { ...pick(where), ownerTag },
  );
  return rows[0] ?? null;
}

export async function findRowByIdentity(db: Db, where: Where, identity: string): Promise<Candidate | null> {
  const { rows } = await db.raw<{ rows: Candidate[] }>(
    `select ${candidateColumns} and m.state <> 'detached'
     where c.entity_type = :entityType and ${folded('c.identity')} = ${folded(':identity::text')} and c.deleted_at is null`,
    { ...pick(where), identity },
  );
  return rows[0] ?? null;
}

/** A candidate with the values that the plan of a first link uses. */
export type ListedCandidate = Candidate & {
  fields: RowFields;
  version: number;
  deleted: boolean;
};

// One look for each row, or the mappings may be read as a whole where nothing is known of the tables yet.
const listedSource = (which: string): string => `
  from entity_rows() c left join lateral (
    select * from external_mappings x where x.entity_type = c.entity_type and x.internal_id = c.id and x.system = :system
      and x.account = :account and x.external_type = :externalType and x.role = 'primary' ${which}
    order by x.state = 'detached' limit 1) m on true`;

const listedSql = `
with r as (select * from jsonb_to_recordset(:records::jsonb) as r(external_id text, owner_tag uuid, identity text))
select r.external_id as "of", 'tag' as by, t.* from r cross join lateral (
  select ${candidateAnswers}, c.fields, c.version, c.deleted_at is not null as deleted ${listedSource('')}
  where c.entity_type = :entityType and c.created_event_id = r.owner_tag limit 1) t
union all
select r.external_id, 'identity', e.* from r cross join lateral (
  select ${candidateAnswers}, c.fields, c.version, false
  ${listedSource(`and x.state <> 'detached'`)}
  where c.entity_type = :entityType and ${folded('c.identity')} = ${folded('r.identity')} and c.deleted_at is null limit 1) e`;

/**
 * What `findByTag` and `findRowByIdentity` answer about each record of a page. A record of which no row
 * is found is left out.
 */
export async function findListed(
  db: Db | Tx,
  where: Where,
  records: { externalId: string; ownerTag: string | null; identity: string | null }[],
): Promise<(ListedCandidate & { of: string; by: 'tag' | 'identity' })[]> {
  const listed = records.map(({ externalId, ownerTag, identity }) => ({
    external_id: externalId,
    owner_tag: ownerTag,
    identity,
  }));
  const { rows } = await db.raw<{ rows: (ListedCandidate & { of: string; by: 'tag' | 'identity' })[] }>(
    listedSql,
    { ...pick(where), records: JSON.stringify(listed) },
  );
  return rows;
}

export async function findByCustomer(db: Db, where: Where, customerId: number): Promise<Candidate | null> {
  const { rows } = await db.raw<{ rows: Candidate[] }>(
    `select ${candidateColumns} and m.state <> 'detached' where c.entity_type = :entityType and c.id = :customerId and c.deleted_at is null`,
    { ...pick(where), customerId },
  );
  return rows[0] ?? null;
}

/** Second records of a row of which no inbound event has reported the deletion. */
export async function findLivingAliases(db: Db, where: Where, customerId: number): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { externalId: string }[] }>(
    `select m.external_id as "externalId" from external_mappings m
     where m.entity_type = :entityType and m.internal_id = :customerId and m.role = 'alias' and m.state = 'alias' and m.merged_into is null and m.system = :system
       and m.account = :account and m.external_type = :externalType
       and not exists (select from sync_deliveries d where d.mapping_id = m.id and d.inbound ->> 'kind' = 'deleted')
     order by m.id`,
    { ...pick(where), customerId },
  );
  return rows.map(({ externalId }) => externalId);
}

/**
 * Gives a record's mapping to the row's own: deliveries and dirty number move, the row's mapping is
 * linked and has to read. `busy`: a worker holds the row's mapping, or it has an open intent, so
 * what it will be is not known yet. `taken`: it has another counterpart, or has ended. `lost`: the
 * lease on the record's mapping is gone.
 */
export async function absorbInto(
  tx: Tx,
  from: { id: number; fence: number },
  intoId: number,
  now: Date,
): Promise<'absorbed' | 'busy' | 'taken' | 'lost'> {
  const locked = await lockMappings(tx, [from.id, intoId]);
  const [record, own] = [locked.find((m) => m.id === from.id), locked.find((m) => m.id === intoId)];
  if (!record || record.fence !== from.fence || record.internalId !== null) return 'lost';
  if (!own) return 'busy';
  if (own.externalId !== null && own.externalId !== record.externalId) return 'taken';
  if (hasEnded(own)) return 'taken';
  if (own.intent !== null) return 'busy';
  const { rowCount } = await tx.raw<{ rowCount: number }>(
    `update external_mappings set fence = fence + 1, lease_owner = null, lease_until = null
     where id = :id and (lease_until is null or lease_until < clock_timestamp())`,
    { id: own.id },
  );
  if (rowCount === 0) return 'busy';
  await absorbMapping(tx, record, own);
  await linkAbsorbed(tx, own.id, { externalId: record.externalId, now });
  return 'absorbed';
}

function pick({ system, account, entityType, externalType }: Where): Record<keyof Where, string> {
  return { system, account, entityType, externalType };
}
