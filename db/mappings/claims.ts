// The lease on a mapping: taken, given back, and noted before a request leaves. Every write under
// it names its fence.
import { numberOf, saidOfChange } from '../entities/catalogue-number.ts';
import type { BreakerRow } from '../limits/breakers.ts';
import type { Direction } from '../limits/pauses.ts';
import type { RestRow } from '../limits/rests.ts';
import type { Db, Tx } from '../server/connection.ts';
import { runPrepared } from '../server/prepared.ts';
import { urgencies, type Urgency } from '../urgency.ts';

// Each class of urgency in each of two lines, records that exist and records to be made, is one
// range of the index of what is due: read in its order up to its room, however many wait behind.
// Echoes of records that exist have a room of their own, since they need no call. Of all that was
// read, those go first who are most urgent; but `longest` places go to those that have been due
// longest, so that none waits for ever. What waits for a reason in `leaves` is another worker's
// (workers/neighbours.ts). Half-open, one mapping is tried; open, none, and none while the account
// rests.
//
// PostgreSQL keeps one plan of it only while that plan seems as cheap as one made for the values of a
// call: so the classes are a list whose length it knows, and what is claimed is found by its id.
const claimSql = `
with breaker as (
  select since, opened_at, why, probes, probe_at from breakers where system = :system and account = :account
), rest as (
  select since, until, why from account_rests where system = :system and account = :account and until > :now::timestamptz
), ranges as (
  select l.makes, u.urgency, l.makes = 0 and u.urgency = ${urgencies.echo} as free,
    case when l.makes = 0 and u.urgency = ${urgencies.echo} then :echoes::integer else l.room end as room
  from (values (0, :others::integer), (1, :creates::integer)) l(makes, room)
  join (values ${Object.values(urgencies)
    .map((urgency) => `(${urgency})`)
    .join(', ')}) u(urgency) on u.urgency <= :last::integer
), found as (
  select d.*, r.makes, r.urgency, r.free, r.room from ranges r cross join lateral (
    select id, next_attempt_at from external_mappings
    where system = :system and account = :account and dirty <> clean
      and (external_id is null)::integer = r.makes and urgency = r.urgency
      and not (state = 'waiting' and coalesce(reason, '') = any(:leaves::text[]))
      and not exists (select from row_pauses p where p.system = :system and p.entity_type = external_mappings.entity_type
        and p.row_id = external_mappings.internal_id offset 0) -- never joined: the index gives the order
      and next_attempt_at <= :now::timestamptz and (lease_until is null or lease_until < clock_timestamp())
    order by next_attempt_at -- and by nothing else, or the index of what is due does not give the order
    limit r.room
    for update skip locked
  ) d
), ordered as (
  select *, case when row_number() over (partition by free order by next_attempt_at, id) <= :longest::integer then 0 else 1 end as late
  from found
), lined as (
  select *, row_number() over (partition by free, makes order by late, urgency, next_attempt_at, id) as place from ordered
), due as (
  select id from (
    (select id, free from lined where not free and place <= room order by late, urgency, next_attempt_at, id limit :limit::integer)
    union all
    select id, free from lined where free
  ) both_kinds
  where demand_catalogue(:catalogue::bigint, true)
    and not exists (select from connections c where c.system = :system and c.paused_at is not null)
    and not exists (select from breaker where opened_at is not null)
    and not exists (select from rest)
  order by free
  limit case when exists (select from breaker) then 1 end
), claimed as (
  update external_mappings m
  set lease_owner = :owner, lease_until = clock_timestamp() + :leaseMs * interval '1 millisecond', fence = fence + 1
  where m.id = any(array(select id from due))
  returning m.id, m.fence, m.entity_type, m.external_id is null as makes, m.urgency
)
select id, fence, entity_type as "entityType", makes, urgency, null::jsonb as breaker, null::jsonb as rest, null::jsonb as paused from claimed
union all
select null, null, null, null, null, jsonb_build_object('since', since, 'openedAt', opened_at, 'why', why, 'probes', probes, 'probeAt', probe_at), null, null
from breaker
union all
select null, null, null, null, null, null, jsonb_build_object('since', since, 'until', until, 'why', why), null from rest
union all
select null, null, null, null, null, null, null,
  jsonb_build_object('outbound', bool_or(direction = 'outbound'), 'inbound', bool_or(direction = 'inbound'))
from lane_pauses where system = :system having count(*) > 0`;

export type Claimed = {
  id: number;
  fence: number;
  entityType: string;
  /** It has no counterpart yet. */
  makes: boolean;
  urgency: Urgency;
};

/** What a claim may take. */
export type ClaimRoom = {
  /** Of all but echoes. */
  limit: number;
  /** How many of those are records to be created, and records that exist. */
  creates: number;
  others: number;
  /** Echoes at records that exist, beside the limit: no call is expected of them. */
  echoes: number;
  /** So many of the limit go to the mappings that have been due longest, whatever their class. */
  longest: number;
};

type ClaimRow =
  | (Claimed & { breaker: null })
  | { id: null; breaker: StoredBreaker | null; rest: StoredRest; paused: Record<Direction, boolean> | null };
type StoredRest = { since: string; until: string; why: RestRow['why'] } | null;
type StoredBreaker = Omit<BreakerRow, 'since' | 'openedAt' | 'probeAt'> & {
  since: string;
  openedAt: string | null;
  probeAt: string;
};

/**
 * Takes mappings that are dirty, due and unleased, the most urgent first, as many as there is room
 * for. No mapping is taken of a system that is paused, whose breaker is open or whose account
 * rests, and none of a row that is paused; the answer includes the rows of the breaker and of the rest,
 * and which directions are paused. Throws `catalogue_changed` if the
 * database was migrated to another catalogue meanwhile.
 */
export async function claimDue(
  db: Db,
  claim: {
    system: string;
    account: string;
    owner: string;
    now: Date;
    leaseMs: number;
    leaves?: readonly string[];
    /** Less urgent mappings are left; by default none are. */
    last?: Urgency;
  } & ClaimRoom,
): Promise<{
  claims: Claimed[];
  breaker: BreakerRow | null;
  rest: RestRow | null;
  paused: Record<Direction, boolean> | null;
}> {
  const { leaves = [], last = urgencies.housekeeping, ...others } = claim;
  const bindings = { ...others, leaves: [...leaves], last, catalogue: numberOf(db) };
  const { rows } = await runPrepared<{ rows: ClaimRow[] }>(db, claimSql, bindings).catch((error: unknown) => {
    throw saidOfChange(error);
  });
  const stored = rows.flatMap((row) => (row.id === null && row.breaker ? [row.breaker] : []))[0];
  const rest = rows.flatMap((row) => (row.id === null && row.rest ? [row.rest] : []))[0];
  const paused = rows.flatMap((row) => (row.id === null && row.paused ? [row.paused] : []))[0] ?? null;
  return {
    paused,
    claims: rows.flatMap(({ ...row }) =>
      row.id === null
        ? []
        : [
            {
              id: row.id,
              fence: row.fence,
              entityType: row.entityType,
              makes: row.makes,
              urgency: row.urgency,
            },
          ],
    ),
    breaker: stored ? toBreaker(stored) : null,
    rest: rest ? { ...rest, since: new Date(rest.since), until: new Date(rest.until) } : null,
  };
}

function toBreaker({ since, openedAt, probeAt, ...rest }: StoredBreaker): BreakerRow {
  return {
    ...rest,
    since: new Date(since),
    openedAt: openedAt === null ? null : new Date(openedAt),
    probeAt: new Date(probeAt),
  };
}

/** Claims due mappings and as many echoes, for callers that take rate tokens themselves. */
export async function claimMappings(
  db: Db,
  claim: { system: string; account: string; owner: string; now: Date; leaseMs: number; limit: number },
): Promise<Claimed[]> {
  const { limit } = claim;
  const room = { creates: limit, others: limit, echoes: limit, longest: 0 };
  return (await claimDue(db, { ...claim, ...room })).claims;
}

/** Takes the lease of one mapping, whatever it has to do; null while another worker holds it. */
export async function claimMapping(
  db: Db | Tx,
  claim: { id: number; owner: string; leaseMs: number },
): Promise<{ id: number; fence: number } | null> {
  const { rows } = await db
    .raw<{ rows: { id: number; fence: number }[] }>(
      `update external_mappings
     set lease_owner = :owner, lease_until = clock_timestamp() + :leaseMs * interval '1 millisecond', fence = fence + 1
     where id = :id and (lease_until is null or lease_until < clock_timestamp()) and demand_catalogue(:catalogue::bigint, true)
     returning id, fence`,
      { ...claim, catalogue: numberOf(db) },
    )
    .catch((error: unknown) => {
      throw saidOfChange(error);
    });
  return rows[0] ?? null;
}

/** Gives a mapping back untouched. */
export async function releaseMapping(db: Db, id: number, fence: number): Promise<void> {
  await db.raw(
    `update external_mappings set lease_owner = null, lease_until = null where id = :id and fence = :fence`,
    { id, fence },
  );
}

/** Gives a mapping back after a step that broke off, not to be claimed again before a moment. */
export async function backOffMapping(db: Db, id: number, fence: number, until: Date): Promise<void> {
  await db.raw(
    `update external_mappings set lease_owner = null, lease_until = null, next_attempt_at = :until::timestamptz,
       attempts = least(attempts, 1000000) + 1
     where id = :id and fence = :fence`,
    { id, fence, until },
  );
}

/**
 * Notes that the open intent is about to be sent again, and may reach the system now. False if the
 * lease is gone.
 */
export async function stampResend(db: Db, id: number, fence: number, at: Date): Promise<boolean> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `update external_mappings set intent = jsonb_set(intent - 'unsent', '{lastSentAt}', to_jsonb(:at::text))
     where id = :id and fence = :fence and intent is not null`,
    { id, fence, at: at.toISOString() },
  );
  return rowCount === 1;
}
