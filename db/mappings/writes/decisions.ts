// What people decide about a pair, as it is noted: a decision for a worker to carry out, a release of
// held deletes, and the end of a pair with what follows it.
import type { Tx, Db } from '../../server/connection.ts';
import { raisedUrgency, urgencies } from '../../urgency.ts';
import type { Decision, Ending } from '../consent.ts';
import type { Mapping } from '../mappings.ts';
import { HELD_DELETES } from '../reason.ts';
import { atPeaceSql, leaseOverSql } from './fragments.ts';

/**
 * Notes a decision on a mapping that this transaction has locked, and raises the mapping.
 * The lease ends with it, since a step that began before does not know the decision. Such a step
 * may have an intent open; the next worker that claims the mapping finishes the intent.
 */
export async function noteDecision(
  tx: Tx,
  { id, decision, now }: { id: number; decision: Decision; now: Date },
): Promise<void> {
  await tx.raw(
    `update external_mappings
     set decision = :decision::jsonb, dirty = dirty + 1, urgency = ${urgencies.edit}, next_attempt_at = :now::timestamptz,
         ${leaseOverSql}, updated_at = now()
     where id = :id`,
    { id, now, decision: JSON.stringify(decision) },
  );
}

/**
 * Releases the deletes that wait for a person, all of a system or those named, whatever the fuse says
 * of others; `reasons`: only those that wait for one of these. The lease ends with it, as in noteDecision. A decision that is there already stays.
 * Returns how many are released.
 */
export async function raiseHeldDeletes(
  db: Db | Tx,
  system: string,
  now: Date,
  {
    ids = null,
    by = null,
    why = null,
    reasons = HELD_DELETES,
  }: {
    ids?: number[] | null;
    by?: string | null;
    why?: string | null;
    reasons?: readonly string[];
  } = {},
): Promise<number> {
  const decision: Decision = { kind: 'release', by, at: now.toISOString(), why };
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `update external_mappings m
     set dirty = dirty + 1, urgency = ${raisedUrgency(`${urgencies.bulk}::smallint`)}, next_attempt_at = :now::timestamptz,
         decision = coalesce(decision, :decision::jsonb),
         ${leaseOverSql}, updated_at = now()
     from (select id from external_mappings
           where system = :system and state = 'waiting' and reason = any(:reasons::text[]) and (:ids::bigint[] is null or id = any(:ids::bigint[]))
           order by id for update) locked
     where m.id = locked.id`,
    { system, now, ids, reasons: [...reasons], decision: JSON.stringify(decision) },
  );
  return rowCount;
}

const detachSql = `
update external_mappings
set state = 'detached', reason = null, reason_detail = null, consent = null, ending = :ending::jsonb, decision = null, intent = null, must_read = false,
    clean = dirty, dirty = dirty + case when :open then 1 else 0 end,
    attempts = 0, first_failed_at = null, last_error = null, next_attempt_at = '-infinity',
    ${leaseOverSql}, updated_at = now()
where id = :id`;

/**
 * Ends a pair that this transaction has locked, its record left as it is; the lease is over. The
 * caller has closed its open intent. `stale`: the row's own open deliveries are stale, and what
 * came in about the record is still looked at by a step, since the echo of our write may say which
 * edit it covered. `carried`: the caller gives the row's deliveries to another pair, and has looked
 * at the others.
 */
export async function detachMapping(
  tx: Tx,
  { id, ending, now, ours }: { id: number; ending: Ending; now: Date; ours: 'stale' | 'carried' },
): Promise<void> {
  await tx.raw(
    `update sync_deliveries set status = 'stale', settled_at = :now::timestamptz
     where mapping_id = :id and status in ('queued', 'waiting', 'parked') and (inbound is null) = (:ours = 'stale')`,
    { id, now, ours },
  );
  const { rowCount } = await tx.raw<{ rowCount: number }>(
    `update sync_deliveries set status = 'queued'
     where mapping_id = :id and status in ('queued', 'waiting', 'parked') and inbound is not null`,
    { id },
  );
  await tx.raw(detachSql, { id, ending: JSON.stringify(ending), open: rowCount > 0 });
}

const carrySql = `
update sync_deliveries set mapping_id = :to, status = 'queued'
where mapping_id = :from and inbound is null and status in ('queued', 'waiting', 'parked')`;

/**
 * Creates a pair for a row whose earlier pair this transaction ends; the open deliveries of the row
 * move to it.
 */
export async function insertSuccessor(
  tx: Tx,
  ended: Mapping,
  externalId: string | null,
  shadow: Mapping['shadow'] = {},
): Promise<number> {
  const { rows } = await tx.raw<{ rows: { id: number }[] }>(
    `insert into external_mappings
       (entity_type, internal_id, system, account, external_type, external_id, state, shadow, wanted_version, dirty, must_read)
     values (:entityType, :internalId, :system, :account, :externalType, :externalId, :state, :shadow::jsonb, :wantedVersion, 1, :mustRead)
     returning id`,
    {
      ...ended,
      ...{ externalId, shadow: JSON.stringify(shadow), mustRead: externalId !== null },
      state: externalId === null ? 'pending' : 'linked',
    },
  );
  const id = rows[0]?.id ?? 0;
  await tx.raw(carrySql, { from: ended.id, to: id });
  return id;
}

/**
 * Gives the mapping of a record without a row to a row whose earlier pair this transaction ends.
 */
export async function adoptSuccessor(tx: Tx, ended: Mapping, id: number, now: Date): Promise<void> {
  await tx.raw(
    `update external_mappings
     set internal_id = :internalId, state = 'linked', ${atPeaceSql}, decision = null, wanted_version = :wantedVersion,
         dirty = dirty + 1, must_read = true, attempts = 0, first_failed_at = null, next_attempt_at = :now::timestamptz,
         ${leaseOverSql}, updated_at = now()
     where id = :id`,
    { id, now, internalId: ended.internalId, wantedVersion: ended.wantedVersion },
  );
  await tx.raw(carrySql, { from: ended.id, to: id });
}

/**
 * Reopens a pair that has ended, for a decision: a worker reads its record before anything else.
 * The ending is kept until the decision is carried out. The caller notes the decision in
 * the same transaction (noteDecision).
 */
export async function reopenMapping(
  tx: Tx,
  { id, decision }: { id: number; decision: Decision },
): Promise<void> {
  await tx.raw(
    `update external_mappings
     set state = 'waiting', reason = 'reopened', reason_detail = null, must_read = true, decision = :decision::jsonb,
         ending = case when state = 'detached' then ending - 'refused' else '{"kind": "tombstoned"}' end
     where id = :id`,
    { id, decision: JSON.stringify(decision) },
  );
}
