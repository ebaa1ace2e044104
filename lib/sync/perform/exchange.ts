// A person chose the record of a row. If the row has another counterpart, the two change places:
// the chosen record becomes the primary, with an empty shadow, so that the next step reads it and
// merges; the old one becomes an alias, or ends if it was deleted at the system.
//
// Guarantees: never two primaries of a row, and no alias without one, whatever dies when: the
// exchange is one transaction. Nothing is written to the old record. Its owner tag stays in it and
// does not count any more (`void_tag`). Assumes: the connection is locked before the mappings,
// both in order of id, as in receive; the old primary has no open intent, so no request of ours to
// it can be on its way.
import { findPrimary } from '../../../db/mappings/aliases.ts';
import { knownIdentity } from '../identity.ts';
import type { Entity } from '../../catalogue/entity.ts';
import { exchangePrimary, type Exchange } from '../../../db/mappings/writes/records.ts';
import { insertConflicts } from '../../../db/conflicts.ts';
import { withTransaction, type Tx } from '../../../db/server/connection.ts';
import { lockConnection } from '../../../db/connections.ts';
import { insertLinkedEvent } from '../../../db/events/events.ts';
import { lockMappings, type Mapping } from '../../../db/mappings/mappings.ts';
import { hasEnded } from '../../../db/mappings/state.ts';
import { raiseAwaiting } from '../../../db/external-records.ts';
import { failpoint } from '../../failpoint.ts';
import { newEventId } from '../../uuid.ts';
import { keepLeftRecord } from '../left-record.ts';
import type { Step, SyncDeps } from '../step.ts';
import type { Performed } from './performed.ts';

/** The step's record, which was just read, takes the place of the row's counterpart. */
export async function takeOver(deps: SyncDeps, step: Step, customerId: number): Promise<Performed> {
  const { mapping, claim } = step;
  const now = deps.clock.now();
  const actor = mapping.consent?.by ?? null;
  const result = await withTransaction(
    deps.db,
    async (tx): Promise<'exchanged' | 'lost' | 'again' | 'busy'> => {
      await lockConnection(tx, mapping.system);
      const primary = await findPrimary(tx, { ...mapping, customerId });
      if (!primary) return 'again';
      const { from, to } = pairOf(await lockMappings(tx, [claim.id, primary.id]), primary.id, claim.id);
      if (to?.fence !== claim.fence) return 'lost';
      if (!from || hasMoved(from, customerId)) return 'again';
      if (from.intent !== null) return 'busy';
      await exchange(tx, deps.entity, { from, to, customerId, actor, now });
      await failpoint('adopt.before-commit');
      return 'exchanged';
    },
  );
  if (result === 'exchanged') {
    deps.log.info('mapping.exchanged', { mapping: claim.id, customer: customerId, actor });
    deps.nudge();
  }
  if (result === 'busy') {
    step.progress = { ...step.progress, obstacle: 'busy' };
    return 'decide';
  }
  return result === 'again' ? 'load' : 'over';
}

/** Both mappings are locked, and neither has an open intent. Says so by an event and by a conflict row. */
export async function exchange(
  tx: Tx,
  entity: Entity,
  { from, to, customerId, actor, now }: Exchange & { actor: string | null; now: Date },
): Promise<void> {
  const gone = from.state === 'waiting' && from.reason?.code === 'alias_lives';
  await keepLeftRecord(tx, entity, from, { now, leave: false });
  await exchangePrimary(tx, {
    ...{ from, to, customerId, gone, now },
    knownIdentity: knownIdentity(entity, from.shadow),
  });
  const { system, account } = from;
  // A row may wait because the record that was chosen has its email: it gets the email of this row now.
  if (to.externalId !== null) await raiseAwaiting(tx, { system, account, externalId: to.externalId, now });
  const eventId = newEventId(now);
  const context = { actor, external_id: to.externalId, instead_of: from.externalId };
  await insertLinkedEvent(tx, {
    eventId,
    entityType: entity.name,
    customerId,
    system: from.system,
    context,
    now,
  });
  await insertConflicts(tx, [
    {
      id: newEventId(now),
      mappingId: from.id,
      entityType: from.entityType,
      internalId: customerId,
      kind: 'external_duplicate',
      field: null,
      base: null,
      ours: to.externalId,
      theirs: from.externalId,
      rule: 'chosen',
      winner: 'neither',
      note: actor === null ? null : `by ${actor}`,
      intentId: null,
      eventId,
      dedupeKey: `chosen:${eventId}`,
      createdAt: now,
    },
  ]);
}

/** Of two mappings that were locked. */
export function pairOf(
  locked: Mapping[],
  fromId: number,
  toId: number,
): { from: Mapping | undefined; to: Mapping | undefined } {
  return { from: locked.find(({ id }) => id === fromId), to: locked.find(({ id }) => id === toId) };
}

/**
 * Whether a mapping that was found before it was locked is not the row's living primary any more,
 * or has no counterpart.
 */
export function hasMoved(mapping: Mapping, customerId: number): boolean {
  const { role, internalId, externalId } = mapping;
  const isLinked = role === 'primary' && internalId === customerId && externalId !== null;
  return !isLinked || hasEnded(mapping);
}
