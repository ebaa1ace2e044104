import { enableFailpoint } from '../../lib/failpoint.ts';
import type { Lane } from '../../workers/lane.ts';
import type { TwoWayWorld } from './two-way.ts';

/**
 * Our edit of the name is sent, and overwrites an edit that was made at Stripe just before, unseen.
 */
export async function coverEdit(
  world: TwoWayWorld,
  { id, externalId }: { id: number; externalId: string },
  { edit = { name: 'Covered' }, lane }: { edit?: { name?: string; email?: string }; lane?: Lane } = {},
): Promise<void> {
  await world.update(id, { name: 'Ours' });
  await world.receive();
  enableFailpoint(
    'intent.before-send',
    () => void world.simulator.dashboard.updateCustomer(externalId, edit),
    { once: true },
  );
  await world.run(lane);
}
