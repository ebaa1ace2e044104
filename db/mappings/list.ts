// Mappings that a person may want to see: mappings that wait, are parked or are aliases, and
// mappings that a person has detached.
import type { RowFields } from '../entities/rows.ts';
import { isLetGoSql, type Decision } from './consent.ts';
import { shownDetailSql } from './shown.ts';
import { isOfInterestSql } from './left-out.ts';
import type { Db, Tx } from '../server/connection.ts';

export type AttentionState = 'waiting' | 'parked' | 'alias' | 'detached';

export type ListedMapping = {
  id: number;
  system: string;
  externalId: string | null;
  /** Our customer; null while it is not known which customer the record belongs to. */
  customer: number | null;
  state: AttentionState;
  reason: string | null;
  decision: Decision | null;
  detail: Record<string, unknown> | null;
  /** How often the open deliveries were tried. */
  attempts: number;
  /** Events of the pair that are not done. */
  openEvents: number;
  error: Record<string, unknown> | null;
  createdAt: Date;
  updatedAt: Date;
};

export type MappingFilter = {
  limit: number;
  after?: number;
  state?: AttentionState;
  reason?: string;
  customer?: number;
};

// The mapping of a parked pair counts attempts from zero again, so that the next edit gets the
// whole time; the deliveries keep the number of attempts.
const ofOpenSql = (what: string): string => `(select coalesce(${what}, 0) from sync_deliveries d
  where d.mapping_id = m.id and d.status in ('queued', 'waiting', 'parked'))`;

const listSql = `
select m.id, m.system, m.external_id as "externalId", m.internal_id as customer, m.state, m.reason, m.decision, m.detail,
       greatest(m.attempts, ${ofOpenSql('max(d.attempts)')}) as attempts, ${ofOpenSql('count(*)')} as "openEvents", m.last_error as error, m.created_at as "createdAt", m.updated_at as "updatedAt"
from (
  -- A second record whose row was deleted here stayed there: that is no state of its own, and its reason all the same.
  select m.id, m.system, m.external_id, m.internal_id, m.state, m.decision, m.ending, m.attempts, m.last_error, m.created_at, m.updated_at,
         case when l.is_left then 'left_there' else m.reason end as reason,
         case when l.is_left then jsonb_build_object('email', m.known_email) else ${shownDetailSql('m')} end as detail
  from external_mappings m cross join lateral (
    select m.state = 'alias' and exists (
      select from entity_rows() c where c.entity_type = m.entity_type and c.id = m.internal_id and c.deleted_at is not null) as is_left) l
) m
where (m.state in ('waiting', 'parked', 'alias') or ${isLetGoSql('m')})
  and (${isOfInterestSql('m')} or :reason::text is not null or :customer::bigint is not null)
  and (:after::bigint is null or m.id > :after::bigint)
  and (:state::text is null or m.state = :state::text)
  and (:reason::text is null or m.reason = :reason::text)
  and (:customer::bigint is null or m.internal_id = :customer::bigint)
order by m.id
limit :limit`;

/** A page of mappings in the order of their ids. */
export async function listMappings(db: Db, filter: MappingFilter): Promise<ListedMapping[]> {
  const { limit, after = null, state = null, reason = null, customer = null } = filter;
  const { rows } = await db.raw<{ rows: ListedMapping[] }>(listSql, {
    limit,
    after,
    state,
    reason,
    customer,
  });
  return rows;
}

/** How many pairs live. */
export async function countLinked(db: Db | Tx, system: string): Promise<number> {
  const { rows } = await db.raw<{ rows: { count: number }[] }>(
    `select count(*) from external_mappings where system = :system and state = 'linked'`,
    { system },
  );
  return rows[0]?.count ?? 0;
}

/** How many rows of ours have a living pair, at whichever system. */
export async function countLinkedRows(db: Db | Tx): Promise<number> {
  const { rows } = await db.raw<{ rows: { count: number }[] }>(
    `select count(distinct internal_id) from external_mappings where state = 'linked'`,
  );
  return rows[0]?.count ?? 0;
}

/** A record of theirs that waits for consent, with the row of ours that has its email. */
export type Linkable = {
  mappingId: number;
  system: string;
  externalId: string | null;
  /** The row that the consent is about; its fields are null if it was deleted since. */
  customerId: number | null;
  fields: RowFields | null;
  /** The record that the row is linked with by now. */
  linkedWith: string | null;
  consent: boolean;
  since: Date;
};

const linkableSql = `
select m.id as "mappingId", m.system, m.external_id as "externalId", m.asked_for as "customerId",
       c.fields, own.external_id as "linkedWith", m.consent is not null as consent,
       m.created_at as since
from (
  -- Damaged by hand, one row names nobody, and the others are listed all the same.
  select *, case when reason_detail ->> 'customer' ~ '^\\d{1,18}$' then (reason_detail ->> 'customer')::bigint end as asked_for
  from external_mappings
) m
left join entity_rows() c on c.entity_type = m.entity_type and c.id = m.asked_for and c.deleted_at is null
left join external_mappings own on own.entity_type = 'customer' and own.internal_id = c.id and own.system = m.system
  and own.account = m.account and own.external_type = m.external_type and own.role = 'primary' and own.state <> 'detached'
where m.state = 'waiting' and m.reason = 'ask_link' and m.internal_id is null
  and case when :ids::bigint[] is null
           -- A row that waits for its link is asked about once, with all that wait.
           then not coalesce(own.state = 'waiting' and own.reason = 'not_linked', false)
           else m.id = any(:ids::bigint[]) end
order by m.id
limit :limit`;

/** Which customer and which record would be linked. */
export async function findLinkable(
  db: Db,
  { ids = null, limit }: { ids?: number[] | null; limit: number },
): Promise<Linkable[]> {
  const { rows } = await db.raw<{ rows: Linkable[] }>(linkableSql, { ids, limit });
  return rows;
}
