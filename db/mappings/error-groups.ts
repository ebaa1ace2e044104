// Pairs that need a person, or fail and are tried again, in groups of the same cause.
import type { Db, Tx } from '../server/connection.ts';
import { isClosedSql, joinClosedSql } from './closed-pairs.ts';
import { isOfInterestSql } from './left-out.ts';
import { toMapping, type Mapping } from './mappings.ts';

/** What makes pairs one group. */
export type GroupKey = { system: string; class: string; code: string; field: string | null };

export type ErrorGroup = GroupKey & {
  /** Pairs that no person has closed; so are the next four figures. */
  count: number;
  /** Pairs that a person has closed. */
  closed: number;
  parked: number;
  waiting: number;
  /** They fail, and are tried again. */
  retrying: number;
  /** Our rows that are touched. */
  customers: number;
  /** The first delivery that is kept and failed so; without one, when a pair got into this state. */
  firstSeen: Date;
  lastSeen: Date;
  /** The pair that got into this state last. */
  example: number;
  /** The kind of the failure; null for a reason that is none. */
  kind: string | null;
};

// The class is the kind of the failure, if it is one that a call had, else the state. Of a rule of our
// table that refuses a row, the first column stands for the field.
const allPairsSql = (system: string) => `
select p.*, coalesce(p.kind, p.standing) as class from (
  select m.id, m.system, m.internal_id, m.state as standing, m.reason as code, m.updated_at, m.first_failed_at, c.mapping_id is not null as closed,
         case when jsonb_exists(m.reason_detail, 'request_id') then m.reason_detail ->> 'kind' end as kind,
         coalesce(m.reason_detail ->> 'field', m.reason_detail #>> '{columns,0}') as field
  from external_mappings m ${joinClosedSql('m')}
  where m.state in ('waiting', 'parked') and m.reason is not null and ${isOfInterestSql('m')}
  union all
  select m.id, m.system, m.internal_id, 'retrying', m.last_error ->> 'code', m.updated_at, m.first_failed_at, false, m.last_error ->> 'kind', m.last_error ->> 'field'
  from external_mappings m
  where m.last_error is not null and m.dirty <> m.clean and m.state not in ('waiting', 'parked') and m.last_error ->> 'code' is not null
) p
where (${system}::text is null or p.system = ${system}::text)`;

const pairsSql = allPairsSql(':system');

/** The pairs of the groups, each with its system, class, code and field; `closed`: only those that a person has closed, or has not. */
export const groupPairsSql = (system: string, closed: boolean | null): string =>
  `select p.id, p.system, p.class, p.code, p.field from (${allPairsSql(system)}) p${closed === null ? '' : ` where ${closed ? '' : 'not '}p.closed`}`;

// What a person has closed is counted by itself.
const groupsSql = `
select g.*, least(g.since, (
    select d.created_at from sync_deliveries d
    where d.last_error is not null and d.last_error ->> 'code' = g.code and d.target in (g.system, 'internal')
      and d.last_error ->> 'field' is not distinct from g.field
    order by d.sync_event_id limit 1)) as "firstSeen"
from (
  select p.system, p.class, p.code, p.field, count(*) filter (where not p.closed) as count, count(*) filter (where p.closed) as closed,
         count(*) filter (where p.standing = 'parked' and not p.closed) as parked,
         count(*) filter (where p.standing = 'waiting' and not p.closed) as waiting, count(*) filter (where p.standing = 'retrying') as retrying,
         count(distinct p.internal_id) filter (where not p.closed) as customers, min(coalesce(p.first_failed_at, p.updated_at)) as since,
         max(p.updated_at) as "lastSeen", (array_agg(p.id order by p.closed, p.updated_at desc, p.id desc))[1] as example, min(p.kind) as kind
  from (${pairsSql}) p
  group by p.system, p.class, p.code, p.field
) g
where :closed::boolean is null or (g.count = 0) = :closed::boolean
order by g.count desc, g.closed desc, g.system, g.code, g.class, g.field
limit :limit`;

/**
 * The largest groups first; all of them without a limit. `closed`: true only groups all of whose pairs
 * are closed, false only the others, null both.
 */
export async function readErrorGroups(
  db: Db | Tx,
  {
    limit = null,
    system = null,
    closed = null,
  }: { limit?: number | null; system?: string | null | undefined; closed?: boolean | null },
): Promise<ErrorGroup[]> {
  const { rows } = await db.raw<{ rows: ErrorGroup[] }>(groupsSql, { limit, system, closed });
  return rows;
}

// Only the pairs that are shown are read whole.
const membersSql = `
select m.*, p.closed from (
  select p.id, p.closed, p.updated_at from (${pairsSql}) p
  where p.system = :system and p.class = :class and p.code = :code and p.field is not distinct from :field::text
  order by p.closed, p.updated_at desc, p.id desc
  limit :limit) p
join external_mappings m on m.id = p.id
order by p.closed, p.updated_at desc, p.id desc`;

/** `since`: when the pair last changed. `closed`: by a person, as it stands. */
export type StandingPair = { mapping: Mapping; since: Date; closed: boolean };

type RawPair = Parameters<typeof toMapping>[0] & { updated_at: Date; closed: boolean };

function toPair(row: RawPair): StandingPair {
  return { mapping: toMapping(row), since: row.updated_at, closed: row.closed };
}

/** The pairs of a group, first those that are open, the newest first. */
export async function readGroupMembers(
  db: Db,
  { system, class: of, code, field }: GroupKey,
  limit: number,
): Promise<StandingPair[]> {
  const { rows } = await db.raw<{ rows: RawPair[] }>(membersSql, {
    ...{ system, class: of, code, field, limit },
  });
  return rows.map(toPair);
}

/** The pairs with these ids. */
export async function readPairs(db: Db, ids: readonly number[]): Promise<StandingPair[]> {
  const { rows } = await db.raw<{ rows: RawPair[] }>(
    `select m.*, ${isClosedSql('m')} as closed from external_mappings m where m.id = any(:ids::bigint[])`,
    { ids: [...ids] },
  );
  return rows.map(toPair);
}

/** The newest open event of each pair. */
export async function readOpenEvents(db: Db, ids: readonly number[]): Promise<Map<number, string>> {
  const { rows } = await db.raw<{ rows: { id: number; eventId: string }[] }>(
    `select distinct on (d.mapping_id) d.mapping_id as id, d.event_id as "eventId" from sync_deliveries d
     where d.mapping_id = any(:ids::bigint[]) and d.status in ('queued', 'waiting', 'parked') order by d.mapping_id, d.sync_event_id desc`,
    { ids: [...ids] },
  );
  return new Map(rows.map(({ id, eventId }) => [id, eventId]));
}
