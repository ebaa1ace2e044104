import { expect } from 'chai';
import { readCustomer } from '../../../db/customers.ts';
import { enableFailpoint } from '../../../lib/failpoint.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { killAtEach } from '../../support/killed-worker.ts';
import { conflictsOf } from '../../support/sync-rows.ts';
import { fateOf, linkedPair, useTwoWay } from '../../support/two-way.ts';

const HEAR = ['receive-inbound.before', 'receive-inbound.after'];
const SETTLE = ['settle.before', 'settle.before-commit', 'settle.after'];
const WRITE = ['intent.stored', 'intent.before-send', 'intent.answered'];

describe('inward: a worker that is killed', () => {
  const world = useTwoWay();
  let serial = 0;

  type Way = {
    name: string;
    points: string[];
    /** Brings about what the worker is to hear; the record it is about, and how its row has to end. */
    prepare: () => Promise<{ externalId: string; living: boolean; values?: object; conflicts?: number }>;
  };

  const fresh = (): { name: string; email: string } => {
    serial += 1;
    return { name: `Theirs ${serial}`, email: `theirs${serial}@example.com` };
  };

  const ways: Way[] = [
    {
      name: 'while it makes a row of their record',
      points: [
        ...HEAR,
        'reconcile.loaded',
        'adopt.read',
        'adopt.before-commit',
        'adopt.imported',
        ...WRITE,
        ...SETTLE,
      ],
      prepare: async () => {
        const values = fresh();
        const { id } = world.simulator.dashboard.createCustomer(values);
        return { externalId: id, living: true, values };
      },
    },
    {
      name: 'while it pulls their edit',
      points: [
        ...HEAR,
        'reconcile.loaded',
        'reconcile.read',
        'write-ours.before-commit',
        'write-ours.after',
        ...SETTLE,
      ],
      prepare: async () => {
        const { externalId } = await linkedPair(world);
        const values = fresh();
        world.simulator.dashboard.updateCustomer(externalId, values);
        return { externalId, living: true, values };
      },
    },
    {
      name: 'while it takes over their delete',
      points: [
        'reconcile.loaded',
        'reconcile.read',
        'delete-ours.before-commit',
        'delete-ours.after',
        ...SETTLE,
      ],
      prepare: async () => {
        const { externalId } = await linkedPair(world);
        world.simulator.dashboard.deleteCustomer(externalId);
        return { externalId, living: false };
      },
    },
    {
      name: 'while it links a record that bears the mark of a row without one',
      points: ['adopt.read', 'adopt.before-commit', 'adopt.absorbed', ...SETTLE],
      prepare: async () => {
        const refused = { kind: 'error_before_effect', method: 'POST', status: 400 } as const;
        world.simulator.faults.add({ ...refused, path: '/v1/customers' });
        const { name, email, createdEventId } = await world.create(fresh());
        await world.run();
        const metadata = { [`twinbox_${world.deps.policy.instanceId}`]: createdEventId };
        const { id } = world.simulator.dashboard.createCustomer({ name, email, metadata });
        await world.deliver(world.undelivered(), { thin: true });
        await world.hear();
        return { externalId: id, living: true, values: { name, email } };
      },
    },
    {
      name: 'while it merges two edits of one field',
      points: ['reconcile.read', 'intent.stored', 'intent.answered', ...SETTLE],
      prepare: async () => {
        const { id, externalId } = await linkedPair(world);
        world.simulator.dashboard.updateCustomer(externalId, { name: `There ${id}` });
        await world.update(id, { name: `Here ${id}` });
        return { externalId, living: true, values: { name: `Here ${id}` }, conflicts: 1 };
      },
    },
  ];

  for (const { name, points, prepare } of ways) {
    it(`${name} leaves nothing undone, at any point`, async () => {
      await killAtEach(world, points, {
        prepare: async () => {
          const prepared = await prepare();
          await world.deliver();
          return prepared;
        },
        after: async ({ externalId, living, values, conflicts = 0 }, point) => {
          await world.rest();
          await expectAgreement(world);
          const row = await rowOf(externalId);
          expect(row?.deletedAt === null, point).to.equal(living);
          if (values) expect(row, point).to.include(values);
          expect(await conflictsOf(world.db, row?.id ?? 0), point).to.have.length(conflicts);
          const open = (await fateOf(world.db, externalId)).filter((fate) =>
            /queued|waiting|parked/.test(fate),
          );
          expect(open, point).to.deep.equal([]);
        },
      });
    });
  }

  it('between the storing of an event and the 2xx for it hears it again, and once', async () => {
    world.simulator.dashboard.createCustomer(fresh());
    enableFailpoint('inbox.stored', 'throw', { once: true });
    const events = world.undelivered();
    const failed = await world.deliver(events).catch(() => 'not answered');
    expect(failed).to.equal('not answered');
    expect(await world.deliver(events)).to.deep.equal(['known']);
    await world.rest();
    await expectAgreement(world);
  });

  async function rowOf(externalId: string) {
    const { rows } = await world.db.raw<{ rows: { id: number }[] }>(
      `select internal_id as id from external_mappings where external_id = :externalId`,
      { externalId },
    );
    return readCustomer(world.db, rows[0]?.id ?? 0);
  }
});
