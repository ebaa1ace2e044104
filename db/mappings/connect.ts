// A database moves to another account of a system: pairs of the old one are let go, with everything
// that was under way.
import type { Tx } from '../server/connection.ts';
import type { OpenIntent } from './mappings.ts';
import { urgencies } from '../urgency.ts';

type Move = { system: string; account: string; now: Date };

const settleSql = `
update sync_deliveries d set status = 'stale', settled_at = :now::timestamptz
from external_mappings m
where m.system = :system and m.account = :account and d.mapping_id = m.id and d.status in ('queued', 'waiting', 'parked')`;

// The fence rises, so whoever has one in hand settles nothing more. What it was is kept, for a way back.
const detachSql = `
update external_mappings m
set state = 'detached', reason = null, reason_detail = jsonb_build_object('account_left', m.state), intent = null, decision = null, must_read = false,
    clean = dirty, attempts = 0, first_failed_at = null, fence = fence + 1, lease_owner = null, lease_until = null, updated_at = now()
from (select id from external_mappings
      where system = :system and account = :account and state in ('pending', 'linked', 'waiting', 'parked') order by id for update) locked
where m.id = locked.id`;

/** What is open at an account, as it is stored. */
export async function readOpenIntents(
  tx: Tx,
  { system, account }: Move,
): Promise<{ mappingId: number; intent: OpenIntent }[]> {
  const { rows } = await tx.raw<{ rows: { mappingId: number; intent: OpenIntent }[] }>(
    `select id as "mappingId", intent from external_mappings
     where system = :system and account = :account and intent is not null order by id for update`,
    { system, account },
  );
  return rows;
}

/** Lets every living pair of an account go, and what is open with it. Returns how many. */
export async function detachAccount(tx: Tx, move: Move): Promise<number> {
  await tx.raw(settleSql, move);
  const { rowCount } = await tx.raw<{ rowCount: number }>(detachSql, move);
  return rowCount;
}

const reviveSql = `
with revived as (
  update external_mappings m
  set state = case when external_id is null then 'waiting' when internal_id is null then 'pending' else 'linked' end,
      reason = case when external_id is null then 'not_linked' end, reason_detail = null,
      must_read = external_id is not null, dirty = dirty + 1, urgency = ${urgencies.bulk}, next_attempt_at = :now::timestamptz, updated_at = now()
  from (select id from external_mappings
        where system = :system and account = :account and state = 'detached' and jsonb_exists(reason_detail, 'account_left') order by id for update) locked
  where m.id = locked.id
  returning m.external_id
)
select count(external_id) as pairs, count(*) - count(external_id) as waiting from revived`;

/**
 * Pairs that were let go when this account was left are taken up again, to be read before anything
 * else. A row without a record waits for its first link: it may have waited for it then, or its
 * create may have been under way. Returns how many.
 */
export async function reviveAccount(tx: Tx, move: Move): Promise<{ pairs: number; waiting: number }> {
  const { rows } = await tx.raw<{ rows: { pairs: number; waiting: number }[] }>(reviveSql, move);
  return rows[0] ?? { pairs: 0, waiting: 0 };
}

export async function countLivingPairs(tx: Tx, system: string, account: string): Promise<number> {
  const { rows } = await tx.raw<{ rows: { count: number }[] }>(
    `select count(*) from external_mappings
     where system = :system and account = :account and state in ('pending', 'linked', 'waiting', 'parked')`,
    { system, account },
  );
  return rows[0]?.count ?? 0;
}

/** From now on the database belongs to this account; the fuses begin anew. */
export async function rebindConnection(tx: Tx, binding: Move & { livemode: boolean }): Promise<void> {
  await tx.raw(
    `update connections set account = :account, livemode = :livemode, bound_at = :now::timestamptz,
       deletes_out_held_at = null, deletes_out_counted_from = :now::timestamptz,
       deletes_in_held_at = null, deletes_in_counted_from = :now::timestamptz
     where system = :system`,
    binding,
  );
}
