// Replay: an operator asks for deliveries again. First it says what each would do, by looking; then
// it raises the mapping's number and makes the next step read. It is safe at any age: reconcile
// reads before it writes and makes a new intent where one is needed, and it needs no event that
// retention has taken.
import { findDeliveries, type DeliveryChoice, type FoundDelivery } from '../../db/mappings/replay.ts';
import { withTransaction } from '../../db/server/connection.ts';
import { raiseMappings } from '../../db/mappings/dirty.ts';
import { urgencies } from '../../db/urgency.ts';
import { recordAction } from '../../db/operator-actions.ts';
import { foresee, type Effect } from '../sync/foresee.ts';
import type { SyncDeps } from '../sync/step.ts';

export type { DeliveryChoice } from '../../db/mappings/replay.ts';
export type { Effect } from '../sync/foresee.ts';

export type ReplayItem = FoundDelivery & { effect: Effect };

/**
 * Looks at what fits the choice, newest mapping work first; reads the other side once per mapping,
 * and changes nothing.
 */
export async function planReplay(deps: SyncDeps, choice: DeliveryChoice): Promise<ReplayItem[]> {
  const found = await findDeliveries(deps.db, choice);
  const effects = new Map<number, Effect>();
  const items: ReplayItem[] = [];
  for (const delivery of found) {
    const effect = effects.get(delivery.mappingId) ?? (await effectOf(deps, delivery));
    effects.set(delivery.mappingId, effect);
    items.push({ ...delivery, effect });
  }
  return items;
}

/**
 * Asks for the items' mappings again, and records who asked and why. Returns how many mappings were
 * raised.
 */
export async function runReplay(
  deps: SyncDeps,
  items: ReplayItem[],
  reason: string,
  actor = 'program',
): Promise<number> {
  const ids = [...new Set(items.map((item) => item.mappingId))];
  if (ids.length === 0) return 0;
  const now = deps.clock.now();
  return withTransaction(deps.db, async (tx) => {
    const raised = await raiseMappings(tx, { ids, now, mustRead: true, urgency: urgencies.bulk });
    await recordAction(tx, {
      ...{ action: 'replay', system: deps.integration.system, actor, reason, at: now },
      detail: { mappings: raised, deliveries: items.length },
      pairs: items.map(({ mappingId, eventId }) => ({ mappingId, eventId })),
    });
    return raised;
  });
}

/** What would be done about its pair; a mapping that a worker holds is looked at as it stood. */
async function effectOf(deps: SyncDeps, { mapping }: FoundDelivery): Promise<Effect> {
  return (await foresee(deps, mapping, { mustRead: true })).effect;
}
