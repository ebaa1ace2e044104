import { expect } from 'chai';
import { listCustomers } from '../../support/customers.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { enablePauses, startWorker } from '../../support/workers.ts';
import { pauseAt } from '../../support/signal.ts';
import { expireLeases } from '../../support/sync-rows.ts';
import { reconcile } from '../../../lib/sync/reconcile.ts';
import { mappingsIn, useTwoWay } from '../../support/two-way.ts';

describe('inbound: a new record', () => {
  const world = useTwoWay();

  it('becomes a row with its event, and our owner tag is written back', async () => {
    const theirs = world.simulator.dashboard.createCustomer({
      name: 'Ada Lovelace',
      email: 'ada@example.com',
    });
    await world.rest();
    const [row] = await listCustomers(world.db, { limit: 10 });
    expect(row).to.include({ name: 'Ada Lovelace', email: 'ada@example.com', version: 1 });
    expect(row?.mappings).to.have.length(1);
    expect(row?.mappings[0]).to.include({ externalId: theirs.id, state: 'linked', reason: null });
    expect(Object.values(world.simulator.customers()[0]?.metadata ?? {})).to.deep.equal([
      row?.createdEventId,
    ]);
    expect(world.calls()).to.deep.equal(['GET /v1/customers/cus', 'POST /v1/customers/cus']);
    const { rows } = await world.db.raw<{ rows: { type: string; source: string; target: string | null }[] }>(
      `select e.event_type as type, e.source, d.status as target from sync_events e
       left join sync_deliveries d on d.event_id = e.event_id and d.target = 'stripe'
       where e.entity_id = ${row!.id} order by e.id`,
    );
    expect(rows).to.deep.equal([
      { type: 'customer.created', source: 'stripe', target: 'origin' },
      { type: 'customer.linked', source: 'stripe', target: null },
    ]);
    await expectAgreement(world);
  });

  for (const [policy, reason] of [
    [{ imports: false }, 'not_imported'],
    [{ pulls: false }, 'pulls_off'],
  ] as const) {
    it(`makes no row where the setting says so (${reason}), and one once it says otherwise`, async () => {
      const { id } = world.simulator.dashboard.createCustomer({ email: 'ada@example.com' });
      await world.rest(world.worker({ policy }));
      expect((await mappingsIn(world.db))[0]).to.include({ state: 'waiting', reason });
      expect(await listCustomers(world.db, { limit: 9 })).to.deep.equal([]);
      world.simulator.dashboard.updateCustomer(id, { name: 'Again' });
      await world.rest();
      expect(await listCustomers(world.db, { limit: 9 })).to.have.length(1);
      await expectAgreement(world);
    });
  }

  it('whose email another row takes while the record becomes a row is looked at again', async () => {
    world.simulator.dashboard.createCustomer({ name: 'Theirs', email: 'ada@example.com' });
    await world.deliver();
    await world.receiveInbound();
    const held = pauseAt('adopt.read');
    const working = world.lane.runOnce();
    await held.reached;
    await world.create({ name: 'Ours', email: 'ADA@example.com' });
    held.resume();
    await working;
    await world.lane.drain();
    expect((await mappingsIn(world.db))[0]).to.include({ state: 'waiting', reason: 'ask_link' });
    expect(await listCustomers(world.db, { limit: 9 })).to.have.length(1);
  });

  it('keeps a long name and its quotes as they are', async () => {
    const name = `O'Brien "${'x'.repeat(200)}"`;
    world.simulator.dashboard.createCustomer({ name, email: 'ob@example.com' });
    await world.rest();
    expect((await listCustomers(world.db, { limit: 9 }))[0]).to.include({ name });
  });

  for (const at of [
    'adopt.read',
    'adopt.imported',
    'intent.before-send',
    'intent.answered',
    'settle.before',
  ]) {
    it(`is one row, whichever of two workers goes first, when one loses its lease at ${at}`, async () => {
      world.simulator.dashboard.createCustomer({ name: 'Ada', email: 'ada@example.com' });
      await world.deliver();
      await world.receiveInbound();
      enablePauses();
      const claim = async () => (await world.claim())[0]!;
      const first = await claim();
      const slow = startWorker(() => reconcile(world.deps, first));
      while (slow.at !== at && !slow.done) await slow.step();
      await expireLeases(world.db);
      const second = await claim();
      const fast = startWorker(() => reconcile(world.deps, second));
      while (!fast.done || !slow.done) {
        await fast.step();
        await slow.step();
      }
      await expireLeases(world.db);
      await world.rest();
      expect(await listCustomers(world.db, { limit: 9 })).to.have.length(1);
      expect(world.simulator.customers()).to.have.length(1);
      await expectAgreement(world);
    });
  }
});
