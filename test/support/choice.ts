import { toMapping } from '../../db/mappings/mappings.ts';
import { shownMapping, type ShownMapping } from '../../db/mappings/shown.ts';
import { createChoiceOperations, type ChoiceOperations } from '../../lib/operations/record-choice.ts';
import type { SyncWorld } from './sync.ts';
import { linkedPair, type TwoWayWorld } from './two-way.ts';
import { customer as customerEntity } from '../../lib/catalogue/built-in.ts';

/** Chooses records for the customers of a world, as a person does. */
export function operationsOf({ db, clock, integration }: SyncWorld): ChoiceOperations {
  const { system, document } = integration;
  const target = { system, externalType: document.externalType };
  return createChoiceOperations({ entity: customerEntity, db, clock, nudge: () => undefined, target });
}

/** A customer with its record, and a second record with its email. */
export async function doubled(
  world: TwoWayWorld,
  values: { name?: string } = {},
): Promise<{ id: number; first: string; second: string }> {
  const { id, externalId: first } = await linkedPair(world, { name: 'Ada', email: 'ada@example.com' });
  world.advance(1_000);
  const { id: second } = world.simulator.dashboard.createCustomer({
    name: 'Ada',
    email: 'Ada@example.com',
    ...values,
  });
  await world.rest();
  return { id, first, second };
}

/** The mapping of one external id; there is one, or the test fails here. */
export async function recordMapping({ db }: SyncWorld, externalId: string): Promise<ShownMapping> {
  const { rows } = await db.raw<{ rows: Parameters<typeof toMapping>[0][] }>(
    `select * from external_mappings where external_id = :externalId`,
    { externalId },
  );
  if (!rows[0]) throw new Error(`no mapping of ${externalId}`);
  return shownMapping(toMapping(rows[0]));
}

/** A customer's records with their states: `cus_1 primary linked`, the oldest mapping first. */
export async function standsOf({ db }: SyncWorld, customerId: number): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { says: string }[] }>(
    `select concat_ws(' ', external_id, role, state, reason) as says from external_mappings
     where internal_id = :customerId order by id`,
    { customerId },
  );
  return rows.map(({ says }) => says);
}
