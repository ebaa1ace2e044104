// Replay: an operator asks for deliveries to be tried again. The plan first says what each would
// do, after a read; the replay then raises the mapping and makes the next step read. A replay is
// safe at any age: reconcile reads before it writes, makes a new intent if it needs one, and needs
// no event that retention has dropped.
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
 * Plans the deliveries that fit the choice, the newest mapping work first; reads the record of each
 * mapping once, and changes nothing.
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
 * Raises the mappings of the items, and records who asked and why. Returns how many mappings were
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

/**
 * What a step would do about the pair; a mapping that a worker has claimed is judged as last
 * stored.
 */
async function effectOf(deps: SyncDeps, { mapping }: FoundDelivery): Promise<Effect> {
  return (await foresee(deps, mapping, { mustRead: true })).effect;
}
