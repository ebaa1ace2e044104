// The lease on a mapping: taken, given back, and noted before a request leaves. Every write under it names its fence.
import type { Db } from './connection.ts';

const claimSql = `
with due as (
  select id from external_mappings m
  where system = :system and account = :account and dirty <> clean and next_attempt_at <= :now::timestamptz
    and (lease_until is null or lease_until < clock_timestamp())
    and not exists (select from connections c where c.system = :system and c.paused_at is not null)
  order by next_attempt_at -- and by nothing else, or the index of what is due does not give the order
  limit :limit
  for update skip locked
)
update external_mappings m
set lease_owner = :owner, lease_until = clock_timestamp() + :leaseMs * interval '1 millisecond', fence = fence + 1
from due where m.id = due.id
returning m.id, m.fence`;

/** Takes up to `limit` mappings that are dirty, due and unleased. A paused system has none. */
export async function claimMappings(
  db: Db,
  claim: { system: string; account: string; owner: string; now: Date; leaseMs: number; limit: number },
): Promise<{ id: number; fence: number }[]> {
  const { rows } = await db.raw<{ rows: { id: number; fence: number }[] }>(claimSql, claim);
  return rows;
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
    `update external_mappings set lease_owner = null, lease_until = null, next_attempt_at = :until::timestamptz, attempts = attempts + 1
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
