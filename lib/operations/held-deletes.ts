// What a person decides about deletes that the fuse holds (lib/sync/fuse.ts): they go on, they are
// taken back, or the pairs are detached.
//
// Taking back is the no. A deletion at the other side: our row lives still, keeps its number, and
// gets a new record (lib/sync/rungs/decision.ts). A delete of ours: a deleted row stays deleted,
// since every consumer was notified of that; what was deleted comes back as a new row with its
// values, linked with the record that lives still. Both leave a conflict that says so. Each pair is
// one transaction, the fuse's own state included: a crash in between leaves the others held, and
// the same command goes on with them.
import { insertConflicts } from '../../db/conflicts.ts';
import { withTransaction, type Db, type Tx } from '../../db/server/connection.ts';
import { releaseDeletes, settleHold } from '../../db/connections.ts';
import { insertCustomer, isEmailTaken, readCustomer } from '../../db/customers.ts';
import {
  detachMapping,
  insertSuccessor,
  noteDecision,
  raiseHeldDeletes,
} from '../../db/mappings/writes/decisions.ts';
import { freeRecord } from '../../db/mappings/decisions.ts';
import type { DecisionNote, Ending } from '../../db/mappings/consent.ts';
import { insertLinkedEvent } from '../../db/events/events.ts';
import { lockMappings, type Mapping } from '../../db/mappings/mappings.ts';
import { lockWaiting, recordAction } from '../../db/operator-actions.ts';
import { describeRefusal, type TableRefusal } from '../../db/row-rules.ts';
import type { Clock } from '../clock.ts';
import { letGo } from './resolutions.ts';
import { newEventId } from '../uuid.ts';

/** Who decides, and why. */
export type Decider = { actor: string | null; why: string | null };

export type HeldOutcome =
  /** It is back: with `out` as a new customer, with `in` as soon as a worker has made its new record. */
  | { outcome: 'taken_back'; customer: number }
  | { outcome: 'detached' }
  /** Another customer has its email by now: it can be detached or released. */
  | { outcome: 'email_taken' }
  /** A rule or a trigger of the table refuses the row that would come back. */
  | { outcome: 'refused'; refusal: TableRefusal }
  /** The fuse does not hold it, or not any more. */
  | { outcome: 'not_held' };

export type DeleteOperations = {
  /** Releases all that is held, or only the pairs named. Returns how many. */
  release(ids: number[] | null, decider: Decider): Promise<number>;
  takeBack(mappingId: number, decider: Decider): Promise<HeldOutcome>;
  detach(mappingId: number, decider: Decider): Promise<HeldOutcome>;
};

type Deps = {
  db: Db;
  clock: Clock;
  system: string;
  log: { warn(event: string, fields: Record<string, unknown>): void };
};

export function createDeleteOperations({ db, clock, system, log }: Deps): DeleteOperations {
  /** Once nothing is held any more the fuse counts from here on. */
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
          detail: { ...result },
          pairs: [{ mappingId, eventId: null }],
        });
        log.warn('delete.decided', { mapping: mappingId, customer: mapping.internalId, ...result, ...note });
        return result;
      });
    } catch (error) {
      if (isEmailTaken(error)) return { outcome: 'email_taken' };
      const refusal = await describeRefusal(db, error);
      if (refusal === null) throw error;
      return { outcome: 'refused', refusal };
    }
  }

  return {
    async release(ids, { actor, why }) {
      const now = clock.now();
      const released = await withTransaction(db, async (tx) => {
        if (ids === null) await releaseDeletes(tx, system, now);
        const held = await lockWaiting(tx, system, 'fuse');
        const count = await raiseHeldDeletes(tx, system, now, { ids, by: actor, why });
        // Of those named it may have been the last one.
        if (ids !== null) await settleHold(tx, system, now);
        await recordAction(tx, {
          ...{ action: 'release_deletes', system, actor: actor ?? 'unknown', reason: why, at: now },
          detail: { released_deletes: count },
          pairs: ids === null ? held : held.filter(({ mappingId }) => ids.includes(mappingId)),
        });
        return count;
      });
      log.warn('deletes.released', { system, released, by: actor, why });
      return released;
    },
    takeBack: (id, decider) => decide(id, decider, takeBack),
    detach: (id, decider) =>
      decide(id, decider, async (tx, mapping, note, now) => {
        await letGo(tx, mapping, note, now);
        return { outcome: 'detached' };
      }),
  };
}

/** A delete that was released may be on its way: it cannot be taken back. */
function isHeld({ state, reason, intent, decision }: Mapping): boolean {
  return state === 'waiting' && reason?.code === 'fuse' && intent === null && decision === null;
}

async function takeBack(tx: Tx, mapping: Mapping, note: DecisionNote, now: Date): Promise<HeldOutcome> {
  const row = mapping.internalId === null ? null : await readCustomer(tx, mapping.internalId);
  if (!row) return { outcome: 'not_held' };
  if (row.deletedAt === null) {
    await noteDecision(tx, { id: mapping.id, decision: { kind: 'recreate', ...note }, now });
    await tell(tx, mapping, { mappingId: mapping.id, customer: row.id, winner: 'ours' }, now);
    return { outcome: 'taken_back', customer: row.id };
  }
  const context = { taken_back: row.id };
  const stamp = { eventId: newEventId(now), source: 'internal', context, now };
  const { id: customer } = await insertCustomer(tx, { name: row.name, email: row.email }, stamp);
  const ending: Ending = {
    kind: 'taken_back',
    ...{ taken_back: customer, external_id: mapping.externalId, ...note },
  };
  await detachMapping(tx, { id: mapping.id, ending, now, ours: 'stale' });
  await freeRecord(tx, mapping.id);
  const successor = { ...mapping, internalId: customer, wantedVersion: 1 };
  const mappingId = await insertSuccessor(tx, successor, mapping.externalId, mapping.shadow);
  await insertLinkedEvent(tx, {
    ...{ eventId: newEventId(now), customerId: customer, system: mapping.system, now },
  });
  await tell(tx, mapping, { mappingId, customer, winner: 'theirs' }, now);
  return { outcome: 'taken_back', customer };
}

/** The delete met a person's no: kept as a conflict, as everything is that did not survive. */
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
