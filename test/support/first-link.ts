import { withTransaction } from '../../db/server/connection.ts';
import { readConnection } from '../../db/connections.ts';
import type { Customer } from './customers.ts';
import { insertNotLinked } from '../../db/mappings/writes/consents.ts';
import { storeConsents, planFirstLink } from '../../lib/operations/link-plan.ts';
import type { LinkPlan } from '../../lib/operations/planned-link.ts';
import type { SyncWorld } from './sync.ts';

/** A row that existed before its system was connected: it waits for its first link. */
export async function waitingRow(
  world: SyncWorld,
  values: { name: string; email: string },
): Promise<Customer> {
  const row = await world.create(values);
  const account = (await readConnection(world.db, 'stripe'))?.account ?? '';
  await withTransaction(world.db, (tx) =>
    insertNotLinked(tx, { system: 'stripe', externalType: 'customer', account }),
  );
  return row;
}

/** Gives consent to all that waits. */
export async function consentToAll(world: Pick<SyncWorld, 'deps'>): Promise<LinkPlan> {
  const plan = await planFirstLink(world.deps);
  await storeConsents(world.deps, plan, 'test');
  return plan;
}
