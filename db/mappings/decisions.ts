// What people decide about pairs that are stuck (lib/sync/rungs/decision.ts): which pairs those
// are, and how a decision is noted.
import { isLetGoSql } from './state.ts';
import type { Db, Tx } from '../server/connection.ts';
import { raisedUrgency, urgencies } from '../urgency.ts';
import { toMapping, type Decision, type Mapping } from './mappings.ts';

/**
 * Notes a decision on a mapping that this transaction has locked, and makes a worker look again.
 * The lease ends with it: a step that began before the decision knows nothing of it. Such a step
 * may have an intent open; whoever takes the mapping next finishes it.
 */
export async function noteDecision(
  tx: Tx,
  { id, decision, now }: { id: number; decision: Decision; now: Date },
): Promise<void> {
  await tx.raw(
    `update external_mappings
     set decision = :decision::jsonb, dirty = dirty + 1, urgency = ${urgencies.edit}, next_attempt_at = :now::timestamptz,
         fence = fence + 1, lease_owner = null, lease_until = null, updated_at = now()
     where id = :id`,
    { id, now, decision: JSON.stringify(decision) },
  );
}

/**
 * Releases the deletes that the fuse holds, all of a system or those named, whatever the fuse says
 * of others. The lease ends with it, as in noteDecision. A decision that is there already stays.
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
  }: { ids?: number[] | null; by?: string | null; why?: string | null } = {},
): Promise<number> {
  const decision: Decision = { kind: 'release', by, at: now.toISOString(), why };
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `update external_mappings m
     set dirty = dirty + 1, urgency = ${raisedUrgency(`${urgencies.bulk}::smallint`)}, next_attempt_at = :now::timestamptz,
         decision = coalesce(decision, :decision::jsonb),
         fence = fence + 1, lease_owner = null, lease_until = null, updated_at = now()
     from (select id from external_mappings
           where system = :system and state = 'waiting' and reason = 'fuse' and (:ids::bigint[] is null or id = any(:ids::bigint[]))
           order by id for update) locked
     where m.id = locked.id`,
    { system, now, ids, decision: JSON.stringify(decision) },
  );
  return rowCount;
}

/** What a decision says for those who look later; `by` is who decided. */
export type DecisionNote = { by: string | null; at: string; why: string | null };

const detachSql = `
update external_mappings
set state = 'detached', reason = null, reason_detail = :detail::jsonb, decision = null, intent = null, must_read = false,
    clean = dirty, dirty = dirty + case when :open then 1 else 0 end,
    attempts = 0, first_failed_at = null, last_error = null, next_attempt_at = '-infinity',
    fence = fence + 1, lease_owner = null, lease_until = null, updated_at = now()
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
  {
    id,
    detail,
    now,
    ours,
  }: { id: number; detail: Record<string, unknown>; now: Date; ours: 'stale' | 'carried' },
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
  await tx.raw(detachSql, { id, detail: JSON.stringify(detail), open: rowCount > 0 });
}

const carrySql = `
update sync_deliveries set mapping_id = :to, status = 'queued'
where mapping_id = :from and inbound is null and status in ('queued', 'waiting', 'parked')`;

/**
 * A pair for a row whose earlier pair this transaction ends; what of the row's changes is still
 * open goes along.
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

/** A pair that has ended gives its record to another one; its detail still names it. */
export async function freeRecord(tx: Tx, id: number): Promise<void> {
  await tx.raw(`update external_mappings set external_id = null where id = :id`, { id });
}

/** The mapping of a record without a row becomes that of a row whose earlier pair this transaction ends. */
export async function adoptSuccessor(tx: Tx, ended: Mapping, id: number, now: Date): Promise<void> {
  await tx.raw(
    `update external_mappings
     set internal_id = :internalId, state = 'linked', reason = null, reason_detail = null, decision = null, wanted_version = :wantedVersion,
         dirty = dirty + 1, must_read = true, attempts = 0, first_failed_at = null, next_attempt_at = :now::timestamptz,
         fence = fence + 1, lease_owner = null, lease_until = null, updated_at = now()
     where id = :id`,
    { id, now, internalId: ended.internalId, wantedVersion: ended.wantedVersion },
  );
  await tx.raw(carrySql, { from: ended.id, to: id });
}

/** A pair that has ended is taken up again for a decision: a worker reads its record before anything else. */
export async function reopenMapping(tx: Tx, { id, reason }: { id: number; reason: string }): Promise<void> {
  await tx.raw(
    `update external_mappings set state = 'waiting', reason = :reason, reason_detail = null, must_read = true where id = :id`,
    { id, reason },
  );
}

/** The mapping that stands for a record of the same account, whatever its state. */
export async function findMappingOf(
  db: Db | Tx,
  { system, account, externalType }: Pick<Mapping, 'system' | 'account' | 'externalType'>,
  externalId: string,
): Promise<Mapping | null> {
  const { rows } = await db.raw<{ rows: Parameters<typeof toMapping>[0][] }>(
    `select * from external_mappings
     where system = :system and account = :account and external_type = :externalType and external_id = :externalId`,
    { system, account, externalType, externalId },
  );
  return rows[0] ? toMapping(rows[0]) : null;
}

export type StuckState = 'parked' | 'waiting' | 'detached';

/** A pair that a person may decide about. */
export type StuckPair = {
  mappingId: number;
  system: string;
  customerId: number | null;
  externalId: string | null;
  state: StuckState;
  reason: string | null;
  decision: Decision | null;
  /** The row is a tombstone. */
  deleted: boolean;
  /**
   * With the reason `fuse`: whose delete is held, `out` for a row that was deleted in our table.
   */
  direction: 'in' | 'out' | null;
  since: Date;
};

export type StuckFilter = {
  system: string;
  customers?: number[];
  mappings?: number[];
  reason?: string;
  /** Parked and waiting unless named; `detached` are those that a person has let go. */
  states?: StuckState[];
  limit: number;
};

const stuckSql = `
select m.id as "mappingId", m.system, m.internal_id as "customerId", m.external_id as "externalId", m.state, m.reason, m.decision,
       c.deleted_at is not null as deleted,
       case when m.reason = 'fuse' then m.reason_detail ->> 'direction' end as direction, m.updated_at as since
from external_mappings m left join customers c on m.entity_type = 'customer' and c.id = m.internal_id
where m.system = :system and m.state = any(:states::text[]) and m.role = 'primary'
  and (m.state <> 'detached' or ${isLetGoSql('m')})
  and (:customers::bigint[] is null or m.internal_id = any(:customers::bigint[]))
  and (:mappings::bigint[] is null or m.id = any(:mappings::bigint[]))
  and (:reason::text is null or m.reason = :reason::text)
order by m.id
limit :limit`;

/** Pairs that are stuck, in order of their ids. */
export async function findStuck(db: Db | Tx, filter: StuckFilter): Promise<StuckPair[]> {
  const { system, limit, customers = null, mappings = null, reason = null } = filter;
  const { states = ['parked', 'waiting'] } = filter;
  const { rows } = await db.raw<{ rows: StuckPair[] }>(stuckSql, {
    ...{ system, limit, customers, mappings, reason, states },
  });
  return rows;
}
