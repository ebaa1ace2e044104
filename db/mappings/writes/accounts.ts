// Detaches all pairs of an account that the database leaves, or, in a copy, all pairs of the
// original; and reopens the pairs of an account that the database returns to.
import type { Tx } from '../../server/connection.ts';
import { urgencies } from '../../urgency.ts';
import type { Move } from '../connect.ts';
import { leaseOverSql } from './fragments.ts';

const settleSql = `
update sync_deliveries d set status = 'stale', settled_at = :now::timestamptz
from external_mappings m
where m.system = :system and m.account = :account and d.mapping_id = m.id and d.status in ('queued', 'waiting', 'parked')`;

// The earlier state is kept for a return. A consent named a record of that account, so a new
// consent is needed.
const detachSql = `
update external_mappings m
set state = 'detached', reason = null, reason_detail = null, consent = null,
    ending = jsonb_build_object('kind', 'account_left', 'account_left', m.state), intent = null, decision = null, must_read = false,
    clean = dirty, attempts = 0, first_failed_at = null, ${leaseOverSql}, updated_at = now()
from (select id from external_mappings
      where system = :system and account = :account and state in ('pending', 'linked', 'waiting', 'parked') order by id for update) locked
where m.id = locked.id`;

/** Detaches every living pair of an account, and closes its open deliveries. Returns the count. */
export async function detachAccount(tx: Tx, move: Move): Promise<number> {
  await tx.raw(settleSql, move);
  const { rowCount } = await tx.raw<{ rowCount: number }>(detachSql, move);
  return rowCount;
}

const reviveSql = `
with revived as (
  update external_mappings m
  set state = case when external_id is null then 'waiting' when internal_id is null then 'pending' else 'linked' end,
      reason = case when external_id is null then 'not_linked' end, reason_detail = null, ending = null,
      must_read = external_id is not null, dirty = dirty + 1, urgency = ${urgencies.bulk}, next_attempt_at = :now::timestamptz, updated_at = now()
  from (select id from external_mappings
        where system = :system and account = :account and state = 'detached' and ending ->> 'kind' = 'account_left' order by id for update) locked
  where m.id = locked.id
  returning m.external_id
)
select count(external_id) as pairs, count(*) - count(external_id) as waiting from revived`;

/**
 * Reopens the pairs that were detached when the database left this account; their records are read
 * before anything else. A row without a record waits for the first link: it may have waited for it
 * then, or its create may have been under way. Returns the counts.
 */
export async function reviveAccount(tx: Tx, move: Move): Promise<{ pairs: number; waiting: number }> {
  const { rows } = await tx.raw<{ rows: { pairs: number; waiting: number }[] }>(reviveSql, move);
  return rows[0] ?? { pairs: 0, waiting: 0 };
}

// The original finishes its open intents and carries out the consents that it was given; the copy
// does neither. A pair that had ended before has ended in the copy too.
const detachCopiedSql = `
update external_mappings set state = 'detached', reason = 'copied', reason_detail = null, consent = null, ending = null, decision = null,
  intent = null, ${leaseOverSql}, clean = dirty, must_read = false, updated_at = now()
where state <> 'detached'`;

/** Detaches every pair of a copied database from its external record. Returns the count. */
export async function detachCopied(tx: Tx): Promise<number> {
  const { rowCount } = await tx.raw<{ rowCount: number }>(detachCopiedSql);
  return rowCount;
}
