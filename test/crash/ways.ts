// The cases in which a worker is killed at every failpoint.
import { operationsOf } from '../support/choice.ts';
import { mappingOf } from '../support/sync-rows.ts';
import { consentToAll, waitingRow } from '../support/first-link.ts';
import { linkedPair, type TwoWayWorld } from '../support/two-way.ts';
import { resolutionsOf } from '../support/resolutions.ts';

export interface Way {
  name: string;
  /** Whether `make test` kills in this case; in the others only `make proof` does. */
  quick?: boolean;
  /** Prepares, in a world without rows, the work of the worker. */
  prepare(world: TwoWayWorld): Promise<void>;
  /** The customers that have to exist at the end, on both sides. */
  living: Person[];
  /** The values of every conflict row about a field that has to exist, ours and theirs. */
  conflicts?: [ours: string, theirs: string][];
}

export interface Person {
  name: string;
  email: string;
}

const FIRST: Person = { name: 'First', email: 'first@example.com' };
const OURS: Person = { name: 'Ours', email: 'ours@example.com' };
const THEIRS: Person = { name: 'Theirs', email: 'theirs@example.com' };
const MINUTE = 60_000;

export const ways: readonly Way[] = [
  {
    name: 'create',
    quick: true,
    prepare: async (world) => {
      await world.create(OURS);
    },
    living: [OURS],
  },
  {
    name: 'update',
    prepare: async (world) => {
      const { id } = await linkedPair(world, FIRST);
      await world.update(id, OURS);
    },
    living: [OURS],
  },
  {
    name: 'delete',
    prepare: async (world) => {
      const { id } = await linkedPair(world, FIRST);
      await world.remove(id);
    },
    living: [],
  },
  {
    name: 'inbound create',
    prepare: async (world) => {
      world.simulator.dashboard.createCustomer({ ...THEIRS });
      await world.deliver();
    },
    living: [THEIRS],
  },
  {
    name: 'inbound update',
    prepare: async (world) => {
      const { externalId } = await linkedPair(world, FIRST);
      world.simulator.dashboard.updateCustomer(externalId, { ...THEIRS });
      await world.deliver();
    },
    living: [THEIRS],
  },
  {
    name: 'inbound delete',
    prepare: async (world) => {
      const { externalId } = await linkedPair(world, FIRST);
      world.simulator.dashboard.deleteCustomer(externalId);
      await world.deliver();
    },
    living: [],
  },
  {
    name: 'two edits of two fields',
    prepare: async (world) => {
      const { id, externalId } = await linkedPair(world, FIRST);
      world.simulator.dashboard.updateCustomer(externalId, { email: THEIRS.email });
      await world.update(id, { name: OURS.name });
      await world.deliver();
    },
    living: [{ name: OURS.name, email: THEIRS.email }],
  },
  {
    name: 'two edits of one field',
    prepare: async (world) => {
      const { id, externalId } = await linkedPair(world, FIRST);
      world.simulator.dashboard.updateCustomer(externalId, { name: THEIRS.name });
      await world.update(id, { name: OURS.name });
      await world.deliver();
    },
    living: [{ ...FIRST, name: OURS.name }],
    conflicts: [[OURS.name, THEIRS.name]],
  },
  {
    name: 'two edits of one field, and theirs of the other',
    prepare: async (world) => {
      const { id, externalId } = await linkedPair(world, FIRST);
      world.simulator.dashboard.updateCustomer(externalId, { ...THEIRS });
      await world.update(id, { name: OURS.name });
      await world.deliver();
    },
    living: [{ name: OURS.name, email: THEIRS.email }],
    conflicts: [[OURS.name, THEIRS.name]],
  },
  {
    name: 'the echo of a write that covered their edit',
    prepare: async (world) => {
      const { id, externalId } = await linkedPair(world, FIRST);
      world.simulator.dashboard.updateCustomer(externalId, { name: THEIRS.name });
      await world.update(id, { name: OURS.name });
      await world.run();
      await world.deliver();
    },
    living: [{ ...FIRST, name: OURS.name }],
    conflicts: [[OURS.name, THEIRS.name]],
  },
  {
    name: 'a record with the owner tag of a row that has no record',
    prepare: async (world) => {
      const refused = { kind: 'error_before_effect', method: 'POST', status: 400 } as const;
      world.simulator.faults.add({ ...refused, path: '/v1/customers' });
      const { createdEventId } = await world.create(OURS);
      await world.run();
      const metadata = { [`twinbox_${world.deps.policy.instanceId}`]: createdEventId };
      world.simulator.dashboard.createCustomer({ ...OURS, metadata });
      // A thin event has no owner tag, so only the read shows it.
      await world.deliver(world.undelivered(), { thin: true });
    },
    living: [OURS],
  },
  {
    name: 'a create of unknown outcome that had an effect',
    prepare: (world) => createOfUnknownOutcome(world, 'after'),
    living: [OURS],
  },
  {
    name: 'a create of unknown outcome that had no effect',
    prepare: (world) => createOfUnknownOutcome(world, 'before'),
    living: [OURS],
  },
  {
    name: 'an edit that only the sweep finds',
    prepare: async (world) => {
      const { externalId } = await linkedPair(world, FIRST);
      world.simulator.dashboard.updateCustomer(externalId, { ...THEIRS });
      for (const event of world.undelivered()) world.lose(event);
      world.advance(2 * MINUTE);
    },
    living: [THEIRS],
  },
  {
    name: 'the first link of a row with a record that has another name',
    prepare: async (world) => {
      await waitingRow(world, { ...FIRST, name: OURS.name });
      world.simulator.dashboard.createCustomer({ ...FIRST, name: THEIRS.name });
      await consentToAll(world);
    },
    living: [{ ...FIRST, name: OURS.name }],
    conflicts: [[OURS.name, THEIRS.name]],
  },
  {
    name: 'the first contact with an account that has customers',
    prepare: async (world) => {
      world.simulator.dashboard.createCustomer({ ...THEIRS });
      for (const event of world.undelivered()) world.lose(event);
      await world.db('account_readings').delete();
      world.advance(6 * 60 * MINUTE);
    },
    living: [THEIRS],
  },
  {
    name: 'a record that is gone, which a person has created again',
    prepare: async (world) => {
      const { id } = await linkedPair(world, FIRST);
      world.simulator.reset();
      await world.update(id, OURS);
      await world.rest();
      const operations = resolutionsOf(world);
      const { id: mapping } = await mappingOf(world.db, id);
      await operations.resolve(mapping, { action: 'recreate', actor: 'test', why: null });
    },
    living: [OURS],
  },
  {
    name: 'an alias that gets an email of its own',
    prepare: async (world) => {
      const { second } = await doubledPair(world);
      world.simulator.dashboard.updateCustomer(second, { ...THEIRS });
      await world.deliver();
    },
    living: [FIRST, THEIRS],
  },
  {
    name: 'an alias that is deleted after the linked record',
    prepare: async (world) => {
      const { externalId, second } = await doubledPair(world);
      world.simulator.dashboard.deleteCustomer(externalId);
      await world.rest();
      world.simulator.dashboard.deleteCustomer(second);
      await world.deliver();
    },
    living: [],
  },
  {
    name: 'an alias that replaces a deleted record',
    prepare: async (world) => {
      const { id, externalId, second } = await doubledPair(world);
      world.simulator.dashboard.deleteCustomer(externalId);
      await world.rest();
      await operationsOf(world).choose(id, second, 'test');
    },
    living: [FIRST],
  },
];

async function doubledPair(world: TwoWayWorld): Promise<{ id: number; externalId: string; second: string }> {
  const pair = await linkedPair(world, FIRST);
  const { id: second } = world.simulator.dashboard.createCustomer({ ...FIRST });
  await world.rest();
  return { ...pair, second };
}

async function createOfUnknownOutcome(world: TwoWayWorld, effect: 'before' | 'after'): Promise<void> {
  await world.create(OURS);
  world.simulator.faults.add({ kind: `error_${effect}_effect`, method: 'POST' });
  await world.run();
  world.advance(6 * MINUTE);
}
