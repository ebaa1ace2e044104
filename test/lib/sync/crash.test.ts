import { expect } from 'chai';
import { expectAgreement } from '../../support/invariants.ts';
import { killAtEach } from '../../support/killed-worker.ts';
import { conflictsOf, mappingOf, outcomesOf } from '../../support/sync-rows.ts';
import { useSync } from '../../support/sync.ts';

const OPEN = ['queued', 'waiting', 'parked'];
const RECEIVE = ['receive.before', 'receive.after'];
const WRITE = ['intent.stored', 'intent.before-send', 'intent.answered'];
const SETTLE = ['settle.before', 'settle.before-commit', 'settle.after'];

describe('a worker that is killed', () => {
  const world = useSync();

  type Way = {
    name: string;
    points: string[];
    /** Brings about what the worker is to do; the customer it is about. */
    prepare: () => Promise<number>;
    /** What has to be true at the end, besides agreement. */
    check?: (customer: number) => Promise<void>;
  };

  const ways: Way[] = [
    {
      name: 'while it makes a customer',
      points: [...RECEIVE, 'reconcile.loaded', ...WRITE, ...SETTLE],
      prepare: async () => (await world.create()).id,
    },
    {
      name: 'while it updates one',
      points: ['reconcile.loaded', ...WRITE, ...SETTLE],
      prepare: async () => {
        const id = await linked();
        await world.update(id, { name: `Changed ${id}` });
        return id;
      },
    },
    {
      name: 'while it deletes one',
      points: ['reconcile.loaded', 'remove.guarded', ...WRITE, ...SETTLE],
      prepare: async () => {
        const id = await linked();
        await world.remove(id);
        return id;
      },
    },
    {
      name: 'while it merges both sides and writes both',
      points: [
        'reconcile.read',
        'write-ours.before-commit',
        'write-ours.after',
        'intent.stored',
        'intent.answered',
      ],
      prepare: async () => {
        const id = await linked();
        world.simulator.dashboard.updateCustomer(await externalIdOf(id), {
          name: `Theirs ${id}`,
          email: `theirs${id}@example.com`,
        });
        await world.update(id, { name: `Ours ${id}` });
        await world.poke(id);
        return id;
      },
      check: async (id) => {
        expect((await conflictsOf(world.db, id)).map(({ ours, theirs }) => [ours, theirs])).to.deep.equal([
          [`Ours ${id}`, `Theirs ${id}`],
        ]);
      },
    },
    {
      name: 'while it takes over their delete',
      points: ['delete-ours.before-commit', 'delete-ours.after'],
      prepare: async () => {
        const id = await linked();
        world.simulator.dashboard.deleteCustomer(await externalIdOf(id));
        await world.poke(id);
        return id;
      },
    },
  ];

  for (const { name, points, prepare, check } of ways) {
    it(`${name} leaves nothing undone, at any point`, async () => {
      await killAtEach(world, points, {
        prepare,
        after: async (customer, point) => {
          await world.run();
          await expectAgreement(world);
          const outcomes = await outcomesOf(world.db, customer);
          expect(
            outcomes.filter((status) => OPEN.includes(status)),
            point,
          ).to.deep.equal([]);
          await check?.(customer);
        },
      });
    });
  }

  async function linked(): Promise<number> {
    const { id } = await world.create();
    await world.run();
    return id;
  }

  async function externalIdOf(id: number): Promise<string> {
    return (await mappingOf(world.db, id)).externalId ?? '';
  }
});
