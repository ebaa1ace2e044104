// What a person decides about deletes that wait, since the fuse holds them (lib/sync/fuse.ts) or the
// settings of a system ask (`deletesIn`): they are released, they are taken back, or the pairs are
// detached.
//
// Taking back means that the delete does not happen. If the record was deleted at the external
// system, our row lives on with its id, and gets a new record (lib/sync/rungs/decision.ts). If our
// row was deleted, the row stays deleted, since every consumer has received the deletion: a new row
// is created with its values and linked with the record, which still exists. Both cases leave a
// conflict with the note `taken_back`. If our row lives and a condition asks for the delete, taking
// back detaches the pair. Each pair is one transaction, with the state of the fuse: a
// crash in between leaves the other pairs held, and the same command goes on with them.
import { insertConflicts } from '../../db/conflicts.ts';
import { withTransaction, type Db, type Tx } from '../../db/server/connection.ts';
import { releaseDeletes, settleHold } from '../../db/connections.ts';
import { insertRow, isIdentityTaken, readRow } from '../../db/entities/rows.ts';
import {
  detachMapping,
  insertSuccessor,
  noteDecision,
  raiseHeldDeletes,
} from '../../db/mappings/writes/decisions.ts';
import { freeRecord } from '../../db/mappings/decisions.ts';
import type { DecisionNote, Ending } from '../../db/mappings/consent.ts';
import { HELD_DELETES, isHeldDelete } from '../../db/mappings/reason.ts';
import { insertLinkedEvent } from '../../db/events/events.ts';
import { lockMappings, type Mapping } from '../../db/mappings/mappings.ts';
import { lockWaiting, recordAction } from '../../db/operator-actions.ts';
import { describeRefusal, type TableRefusal } from '../../db/row-rules.ts';
import type { Entity } from '../catalogue/entity.ts';
import type { Clock } from '../clock.ts';
import { letGo } from './resolutions.ts';
import { newEventId } from '../uuid.ts';

/** Who decides, and why. */
export type Decider = { actor: string | null; why: string | null };

export type HeldOutcome =
  /**
   * `out`: there is a new customer; `in`: the customer gets its record once a worker has created
   * one.
   */
  | { outcome: 'taken_back'; customer: number }
  | { outcome: 'detached' }
  /** Another customer has its email by now: it can be detached or released. */
  | { outcome: 'email_taken' }
  /** A rule or a trigger of the table refuses the row that would come back. */
  | { outcome: 'refused'; refusal: TableRefusal }
  /** It waits for no decision, or not any more. */
  | { outcome: 'not_held' };

export type DeleteOperations = {
  /** Releases all held deletes, or only those of the given pairs. Returns how many. */
  release(ids: number[] | null, decider: Decider): Promise<number>;
  takeBack(mappingId: number, decider: Decider): Promise<HeldOutcome>;
  detach(mappingId: number, decider: Decider): Promise<HeldOutcome>;
};

type Deps = {
  db: Db;
  clock: Clock;
  entity: Entity;
  system: string;
  log: { warn(event: string, fields: Record<string, unknown>): void };
};

export function createDeleteOperations({ db, clock, entity, system, log }: Deps): DeleteOperations {
  /** Once no delete is held any more, the fuse counts anew from this moment. */
  async function decide(
    mappingId: number,
    { actor, why }: Decider,
    work: (tx: Tx, mapping: Mapping, note: DecisionNote, now: Date) => Promise<HeldOutcome>,
  ): Promise<HeldOutcome> {
    const now = clock.now();
    const note = { by: actor, at: now.toISOString(), why };
    try {
      return await withTransaction(db, async (tx) => {
        const [mapping] = await lockMappings(tx, [mappingId]);
        if (!mapping || !isHeld(mapping)) return { outcome: 'not_held' };
        const result = await work(tx, mapping, note, now);
        await settleHold(tx, system, now);
        await recordAction(tx, {
          ...{ action: 'decide_delete', system, actor: actor ?? 'unknown', reason: why, at: now },
          ...{ detail: { ...result }, before: heldJson(mapping), after: { ...result } },
          pairs: [{ mappingId, eventId: null }],
        });
        log.warn('delete.decided', { mapping: mappingId, customer: mapping.internalId, ...result, ...note });
        return result;
      });
    } catch (error) {
      if (isIdentityTaken(entity, error)) return { outcome: 'email_taken' };
      const refusal = await describeRefusal(db, entity, error);
      if (refusal === null) throw error;
      return { outcome: 'refused', refusal };
    }
  }

  return {
    async release(ids, { actor, why }) {
      const now = clock.now();
      const released = await withTransaction(db, async (tx) => {
        if (ids === null) await releaseDeletes(tx, system, now);
        const held = await lockWaiting(tx, system, ...HELD_DELETES);
        const count = await raiseHeldDeletes(tx, system, now, { ids, by: actor, why });
        // The pairs given may have included the last one that was held.
        if (ids !== null) await settleHold(tx, system, now);
        await recordAction(tx, {
          ...{ action: 'release_deletes', system, actor: actor ?? 'unknown', reason: why, at: now },
          ...{ detail: { released_deletes: count }, before: { held: held.length } },
          after: { held: held.length - count },
          pairs: ids === null ? held : held.filter(({ mappingId }) => ids.includes(mappingId)),
        });
        return count;
      });
      log.warn('deletes.released', { system, released, by: actor, why });
      return released;
    },
    takeBack: (id, decider) => decide(id, decider, (...asked) => takeBack(entity, ...asked)),
    detach: (id, decider) =>
      decide(id, decider, async (tx, mapping, note, now) => {
        await letGo(tx, entity, mapping, note, now);
        return { outcome: 'detached' };
      }),
  };
}

/** As the record of the decision has it. */
function heldJson({ state, reason, internalId: customer }: Mapping): Record<string, unknown> {
  return { state, reason: reason?.code ?? null, customer };
}

/** A delete that was released may have been sent already, and cannot be taken back. */
function isHeld({ state, reason, intent, decision }: Mapping): boolean {
  return state === 'waiting' && isHeldDelete(reason) && intent === null && decision === null;
}

/**
 * The record is to be deleted, although the row lives: the condition of the mapping leaves the row out.
 * Without the delete the record stays where it is.
 */
function isOutbound({ reason }: Mapping): boolean {
  return reason?.code === 'fuse' && reason.detail.direction === 'out';
}

async function takeBack(
  entity: Entity,
  tx: Tx,
  mapping: Mapping,
  note: DecisionNote,
  now: Date,
): Promise<HeldOutcome> {
  const row = mapping.internalId === null ? null : await readRow(tx, entity, mapping.internalId);
  if (!row) return { outcome: 'not_held' };
  if (row.deletedAt === null && isOutbound(mapping)) {
    await letGo(tx, entity, mapping, note, now);
    return { outcome: 'detached' };
  }
  if (row.deletedAt === null) {
    await noteDecision(tx, { id: mapping.id, decision: { kind: 'recreate', ...note }, now });
    await tell(tx, mapping, { mappingId: mapping.id, customer: row.id, winner: 'ours' }, now);
    return { outcome: 'taken_back', customer: row.id };
  }
  const context = { taken_back: row.id };
  const stamp = { eventId: newEventId(now), source: 'internal', context, now };
  const { id: customer } = await insertRow(tx, entity, row.fields, stamp);
  const ending: Ending = {
    kind: 'taken_back',
    ...{ taken_back: customer, external_id: mapping.externalId, ...note },
  };
  await detachMapping(tx, { id: mapping.id, ending, now, ours: 'stale' });
  await freeRecord(tx, mapping.id);
  const successor = { ...mapping, internalId: customer, wantedVersion: 1 };
  const mappingId = await insertSuccessor(tx, successor, mapping.externalId, mapping.shadow);
  await insertLinkedEvent(tx, {
    ...{
      eventId: newEventId(now),
      entityType: entity.name,
      customerId: customer,
      system: mapping.system,
      now,
    },
  });
  await tell(tx, mapping, { mappingId, customer, winner: 'theirs' }, now);
  return { outcome: 'taken_back', customer };
}

/** The delete was taken back: a conflict keeps it, as it keeps every value that was given up. */
async function tell(
  tx: Tx,
  held: Mapping,
  { mappingId, customer, winner }: { mappingId: number; customer: number; winner: 'ours' | 'theirs' },
  now: Date,
): Promise<void> {
  const kind = winner === 'ours' ? 'deleted_there' : 'deleted_here';
  const note = customer === held.internalId ? 'taken_back' : `taken_back: was customer ${held.internalId}`;
  await insertConflicts(tx, [
    {
      ...{
        id: newEventId(now),
        mappingId,
        entityType: held.entityType,
        internalId: customer,
        kind,
        field: null,
      },
      ...{ base: null, ours: null, theirs: held.externalId, rule: 'a_person_decided', winner, note },
      ...{ intentId: null, eventId: null, dedupeKey: `taken_back:${held.id}`, createdAt: now },
    },
  ]);
}
