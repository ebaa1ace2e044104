// What a person decides about a pair that no step brings into agreement: its record is gone and the
// row gets a new one, the pair is detached, or another record belongs to the row. The decision is
// stored in one transaction. Detaching needs no call to the external system and is done in that
// transaction; the other decisions are carried out by a worker (lib/sync/rungs/decision.ts), which
// reads the record first. A repeated call changes nothing.
//
// A crash before the commit leaves nothing; after the commit the decision stays in the mapping
// until it is carried out.
import { withTransaction, type Db, type Tx } from '../../db/server/connection.ts';
import { readRow, type MappedRow } from '../../db/entities/rows.ts';
import { decideRecords } from '../../db/external-records.ts';
import { isLetGo, type Decision, type DecisionNote, type Ending } from '../../db/mappings/consent.ts';
import { findMappingOf } from '../../db/mappings/decisions.ts';
import { insertClosedIntent } from '../../db/closed-intents.ts';
import { recordAction } from '../../db/operator-actions.ts';
import { lockMappings, type Mapping } from '../../db/mappings/mappings.ts';
import { isHeldDelete } from '../../db/mappings/reason.ts';
import { shownReason } from '../../db/mappings/shown.ts';
import { hasEnded } from '../../db/mappings/state.ts';
import { detachMapping, noteDecision, reopenMapping } from '../../db/mappings/writes/decisions.ts';
import { identityName, type Entity } from '../catalogue/entity.ts';
import type { Clock } from '../clock.ts';
import { intentDamage } from '../sync/damage.ts';
import { waitsForIdentity } from '../sync/pair-state.ts';
import { keepLeftRecord } from '../sync/left-record.ts';
import { inOnce, type Once } from './once.ts';

export type Resolution = {
  action: 'recreate' | 'let_go' | 'record';
  /** With `record`: the id of the record. */
  externalId?: string | undefined;
  /** The reason that the person gives, for the audit trail. */
  why: string | null;
  /** Who decides. */
  actor: string | null;
};

export type ResolveOutcome =
  /**
   * `decided`: a worker carries it out. `let_go`: detached. `decided_already`: by an earlier call.
   */
  | { outcome: 'decided' | 'decided_already' | 'let_go'; mapping: Mapping }
  | { outcome: 'cannot_resolve'; mapping: Mapping; why: string }
  | { outcome: 'not_found' };

export type ResolveOperations = {
  resolve(mappingId: number, resolution: Resolution, once?: Once<ResolveOutcome>): Promise<ResolveOutcome>;
};

type Deps = {
  db: Db;
  clock: Clock;
  entity: Entity;
  log: { warn(event: string, fields: Record<string, unknown>): void };
};

export function createResolveOperations({ db, clock, entity, log }: Deps): ResolveOperations {
  return {
    async resolve(mappingId, resolution, once) {
      const work = (tx: Tx) => decide(tx, entity, mappingId, resolution, clock.now());
      const result = await withTransaction(db, inOnce(once, work));
      if (result.outcome === 'decided' || result.outcome === 'let_go') {
        const { action, actor, why } = resolution;
        const { internalId: customer, externalId, state } = result.mapping;
        const reason = shownReason(result.mapping);
        const about = { mapping: mappingId, customer, external_id: externalId, state, reason };
        log.warn('pair.resolved', { ...about, action, by: actor, why });
      }
      return result;
    },
  };
}

async function decide(
  tx: Tx,
  entity: Entity,
  mappingId: number,
  resolution: Resolution,
  now: Date,
): Promise<ResolveOutcome> {
  const [mapping] = await lockMappings(tx, [mappingId]);
  if (!mapping) return { outcome: 'not_found' };
  const { action, externalId, why: reason, actor } = resolution;
  if (isDecided(mapping, resolution)) return { outcome: 'decided_already', mapping };
  const row = mapping.internalId === null ? null : await readRow(tx, entity, mapping.internalId);
  const why = whyNot(entity, mapping, row, action) ?? (await whyNotRecord(tx, mapping, resolution));
  if (why !== null) return { outcome: 'cannot_resolve', mapping, why };
  const note = { by: actor, at: now.toISOString(), why: reason };
  const asked = {
    ...{ action: 'resolve', system: mapping.system, actor: actor ?? 'unknown', reason, at: now },
    detail: { decision: action, ...(externalId !== undefined && { external_id: externalId }) },
    before: { state: mapping.state, reason: shownReason(mapping), external_id: mapping.externalId },
    pairs: [{ mappingId: mapping.id, eventId: null }],
  };
  if (action === 'let_go') {
    await letGo(tx, entity, mapping, note, now);
    await recordAction(tx, { ...asked, after: { state: 'detached' } });
    return { outcome: 'let_go', mapping };
  }
  const named = externalId === undefined ? {} : { external_id: externalId };
  const decision: Decision = { kind: action, ...named, ...note };
  if (hasEnded(mapping)) await reopenMapping(tx, { id: mapping.id, decision });
  await noteDecision(tx, { id: mapping.id, decision, now });
  await recordAction(tx, { ...asked, after: { decision: action, ...named } });
  return { outcome: 'decided', mapping: { ...mapping, decision } };
}

/** Ends a pair that this transaction has locked, and leaves its record as it is. */
export async function letGo(
  tx: Tx,
  entity: Entity,
  mapping: Mapping,
  note: DecisionNote,
  now: Date,
): Promise<void> {
  const { id, intent, internalId, externalId, state } = mapping;
  if (intent && intentDamage(intent) === null)
    await insertClosedIntent(tx, {
      ...intent,
      ...{ mappingId: id, closedAt: now, result: 'unknown', externalId, requestId: null },
    });
  const ending: Ending = { kind: 'let_go', was: state, because: shownReason(mapping), ...note };
  await keepLeftRecord(tx, entity, mapping, { now, leave: true });
  // A record that was linked with no customer: it stays without one, and no further decision is
  // needed.
  if (internalId === null && externalId !== null)
    await decideRecords(tx, mapping, {
      ...{ externalIds: [externalId], decision: 'leave', actor: note.by ?? 'unknown', now },
    });
  await detachMapping(tx, { id, ending, now, ours: 'stale' });
}

function isDecided(mapping: Mapping, { action, externalId }: Resolution): boolean {
  if (action === 'let_go') return isLetGo(mapping);
  const { decision } = mapping;
  return decision?.kind === action && decision.external_id === externalId;
}

/** Why a decision would not help this mapping; null if the decision is possible. */
export function whyNot(
  entity: Pick<Entity, 'identity'>,
  mapping: Mapping,
  row: MappedRow | null,
  action: Resolution['action'],
): string | null {
  const { system, state, reason, internalId, externalId } = mapping;
  const record = externalId ?? 'no record';
  if (state === 'alias')
    return `${record} is a second record of customer ${internalId ?? '?'}: npx twinbox link shows what can be done with it.`;
  if (state === 'linked' || state === 'pending')
    return `Customer ${internalId ?? '?'} and ${record} are ${state}, so no decision is needed. npx twinbox verify --repair compares them again.`;
  if (internalId === null && action !== 'let_go')
    return `${record} waits for a customer, so only let_go can be decided; npx twinbox link links the record.`;
  const isDeleted = row === null || row.deletedAt !== null;
  if (isHeldDelete(reason) && isDeleted && action !== 'let_go')
    return `The delete of customer ${internalId ?? '?'}: npx twinbox deletes ${system} decides about the delete.`;
  if (action === 'recreate' && waitsForIdentity(mapping))
    return `A record with the ${identityName(entity)} of customer ${internalId ?? '?'} exists: npx twinbox link ${internalId ?? 'CUSTOMER'} --create creates another record nevertheless.`;
  if (hasEnded(mapping)) {
    const isForAPerson = state === 'tombstoned' || isLetGo(mapping);
    if (isDeleted || !isForAPerson) return `The pair has ended (${state}).`;
    if (action === 'let_go') return `The pair has ended (${state}) already.`;
    const living = row.mappings.find((each) => each.system === mapping.system && !hasEnded(each));
    return living
      ? `Customer ${row.id} has another pair now, with ${living.externalId ?? 'no record'}.`
      : null;
  }
  if (isDeleted && action === 'record')
    return `Customer ${internalId ?? '?'} is deleted in our table: the pair can only be detached (let_go), or the record declared gone (recreate).`;
  return null;
}

/** A record that belongs to another row cannot be taken. */
async function whyNotRecord(
  tx: Tx,
  mapping: Mapping,
  { action, externalId }: Resolution,
): Promise<string | null> {
  if (action !== 'record') return null;
  if (externalId === undefined || !/^\S{1,255}$/.test(externalId))
    return 'Give the id of the record at the external system, such as cus_NffrFeUfNV2Hib.';
  const other = await findMappingOf(tx, mapping, externalId);
  if (other === null || other.id === mapping.id) return null;
  if (other.internalId !== null)
    return `${externalId} is ${other.role === 'alias' ? 'a second record' : 'the record'} of customer ${other.internalId}.`;
  return hasEnded(other) ? `${externalId} belongs to a pair that has ended (${other.state}).` : null;
}
