// The lease on a mapping: taken, given back, and noted before a request leaves. Every write under it names its fence.
import type { BreakerRow } from './breakers.ts';
import type { Db } from './connection.ts';

// Two lines, each in order of urgency and time: records that exist, and records to be made. Each reads its part of the index of what is
// due and stops at its room; of both together those go first whose turn it is. Half-open, one mapping is tried; open, none.
const claimSql = `
with breaker as (
  select since, opened_at, why, probes, probe_at from breakers where system = :system and account = :account
), others as (
  select id, urgency, next_attempt_at from external_mappings
  where system = :system and account = :account and dirty <> clean and (external_id is null)::integer = 0
    and next_attempt_at <= :now::timestamptz and (lease_until is null or lease_until < clock_timestamp())
  order by urgency, next_attempt_at -- and by nothing else, or the index of what is due does not give the order
  limit :others::integer
  for update skip locked
), creates as (
  select id, urgency, next_attempt_at from external_mappings
  where system = :system and account = :account and dirty <> clean and (external_id is null)::integer = 1
    and next_attempt_at <= :now::timestamptz and (lease_until is null or lease_until < clock_timestamp())
  order by urgency, next_attempt_at -- and by nothing else, or the index of what is due does not give the order
  limit :creates::integer
  for update skip locked
), due as (
  select id from (select * from others union all select * from creates) lines
  where not exists (select from connections c where c.system = :system and c.paused_at is not null)
    and not exists (select from breaker where opened_at is not null)
  order by urgency, next_attempt_at
  limit case when exists (select from breaker) then least(1, :limit::integer) else :limit::integer end
), claimed as (
  update external_mappings m
  set lease_owner = :owner, lease_until = clock_timestamp() + :leaseMs * interval '1 millisecond', fence = fence + 1
  from due where m.id = due.id
  returning m.id, m.fence, m.external_id is null as makes
)
select id, fence, makes, null as breaker from claimed
union all
select null, null, null, jsonb_build_object('since', since, 'openedAt', opened_at, 'why', why, 'probes', probes, 'probeAt', probe_at)
from breaker`;

export type Claimed = {
  id: number;
  fence: number;
  /** It has no counterpart yet. */
  makes: boolean;
};

type ClaimRow = (Claimed & { breaker: null }) | { id: null; breaker: StoredBreaker };
type StoredBreaker = Omit<BreakerRow, 'since' | 'openedAt' | 'probeAt'> & {
  since: string;
  openedAt: string | null;
  probeAt: string;
};

/**
 * Takes up to `limit` mappings that are dirty, due and unleased, and of those that have no counterpart yet, or that have one, as many
 * as there is room for. A paused system has none, and one whose breaker is open neither; the breaker is told along.
 */
export async function claimDue(
  db: Db,
  claim: {
    system: string;
    account: string;
    owner: string;
    now: Date;
    leaseMs: number;
    limit: number;
    creates: number;
    others: number;
  },
): Promise<{ claims: Claimed[]; breaker: BreakerRow | null }> {
  const { rows } = await db.raw<{ rows: ClaimRow[] }>(claimSql, claim);
  const stored = rows.flatMap((row) => (row.id === null ? [row.breaker] : []))[0];
  return {
    claims: rows.flatMap(({ ...row }) =>
      row.id === null ? [] : [{ id: row.id, fence: row.fence, makes: row.makes }],
    ),
    breaker: stored ? toBreaker(stored) : null,
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

/** What is due, whatever it needs; for those who take turns by themselves. */
export async function claimMappings(
  db: Db,
  claim: { system: string; account: string; owner: string; now: Date; leaseMs: number; limit: number },
): Promise<Claimed[]> {
  return (await claimDue(db, { ...claim, creates: claim.limit, others: claim.limit })).claims;
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

/** Notes that the open intent is about to be sent again, and may reach the system now. False if the lease is gone. */
export async function stampResend(db: Db, id: number, fence: number, at: Date): Promise<boolean> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `update external_mappings set intent = jsonb_set(intent - 'unsent', '{lastSentAt}', to_jsonb(:at::text))
     where id = :id and fence = :fence and intent is not null`,
    { id, fence, at: at.toISOString() },
  );
  return rowCount === 1;
}
