import { expect } from 'chai';
import { listCustomers, readCustomer } from '../../../db/customers.ts';
import { readSweep } from '../../../db/sweep.ts';
import { compareAll } from '../../../lib/sync/comparison.ts';
import { repair } from '../../../lib/sync/repair.ts';
import { sweep } from '../../../lib/sync/sweep.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { pauseAt } from '../../support/signal.ts';
import { closedIntents, conflictsOf, expireLeases } from '../../support/sync-rows.ts';
import { linkedPair, useTwoWay } from '../../support/two-way.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Answers and webhooks that never come, however long that is. Both clocks move together: ours and Stripe's. */
describe('situation', () => {
  const world = useTwoWay();

  const creates = () => world.calls().filter((call) => call === 'POST /v1/customers').length;

  async function sweepAll(): Promise<void> {
    const { signal } = new AbortController();
    while ((await sweep(world.deps, { retentionDays: 35, signal })).more);
    await world.hear();
    await world.run();
  }

  /** Works over every back-off, and hears nothing. */
  async function workOn(times = 10): Promise<void> {
    for (let n = 0; n < times; n++) {
      await world.run();
      world.advance(2 * MINUTE);
    }
  }

  for (const [says, ms] of [
    ['a minute', MINUTE],
    ['23 hours', 23 * HOUR],
    ['25 hours', 25 * HOUR],
    ['31 days', 31 * DAY],
  ] as const) {
    it(`02: the answer to a create is lost, and the next try comes ${says} later: one customer`, async () => {
      const { id } = await world.create({ name: 'Ada' });
      world.simulator.faults.add({ kind: 'drop_answer', method: 'POST' });
      await world.run();
      world.advance(ms);
      await workOn();
      expect(world.simulator.customers()).to.have.length(1);
      expect(world.simulator.ledger.effects()).to.include({ created: 1 });
      expect((await closedIntents(world.db)).map(({ result }) => result)).to.deep.equal(['done']);
      expect(await conflictsOf(world.db, id)).to.deep.equal([]);
      await expectAgreement(world);
    });
  }

  it('03: a failure is kept under the key of a create that took effect: it is found, and linked', async () => {
    await world.create();
    world.simulator.faults.add({ kind: 'error_after_effect', method: 'POST' });
    await workOn();
    expect(world.simulator.ledger.effects()).to.include({ created: 1 });
    expect(creates()).to.equal(1);
    await expectAgreement(world);
  });

  it('04: a failure is kept under the key of a create without effect: nothing is found, and one is made', async () => {
    await world.create();
    world.simulator.faults.add({ kind: 'error_before_effect', method: 'POST' });
    await workOn();
    expect(world.simulator.ledger.effects()).to.include({ created: 1 });
    expect(new Set((await closedIntents(world.db)).map(({ key }) => key)).size).to.equal(2);
    await expectAgreement(world);
  });

  it('05: the row is edited between the sends of its create, the last of them past the life of its key', async () => {
    const { id } = await world.create({ name: 'First' });
    world.simulator.faults.add({ kind: 'drop_answer', method: 'POST' });
    await world.run();
    await world.update(id, { name: 'Second' });
    world.advance(25 * HOUR);
    await workOn();
    expect(world.simulator.customers().map(({ name }) => name)).to.deep.equal(['Second']);
    expect(await conflictsOf(world.db, id)).to.deep.equal([]);
    await expectAgreement(world);
  });

  it('06: the webhook of a create comes before its answer, which never does', async () => {
    await world.create();
    world.simulator.faults.add({ kind: 'drop_answer', method: 'POST', times: null });
    await world.run();
    await world.deliver();
    await world.hear();
    world.simulator.faults.clear();
    world.advance(25 * HOUR);
    await workOn();
    expect(world.simulator.ledger.effects()).to.include({ created: 1 });
    expect(await listCustomers(world.db, { limit: 9 })).to.have.length(1);
    await expectAgreement(world);
  });

  it('21: two events of one second, the second shown late by the list, are both heard', async () => {
    const { externalId } = await linkedPair(world);
    await sweepAll();
    world.simulator.dashboard.updateCustomer(externalId, { name: 'First' });
    world.advance(2 * MINUTE);
    await sweepAll();
    const { sweptTo } = (await readSweep(world.db, 'stripe'))!;
    // Written by Stripe into the second that has been swept already.
    world.simulator.clock.advance(-2 * MINUTE);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Second' });
    world.simulator.clock.advance(2 * MINUTE);
    expect(world.simulator.events().at(-1)!.created * 1_000).to.be.lessThan(sweptTo.getTime());
    world.advance(MINUTE);
    await sweepAll();
    expect((await listCustomers(world.db, { limit: 9 }))[0]).to.include({ name: 'Second' });
    await expectAgreement(world);
  });

  it('22: no webhook comes for four days, and the sweep brings everything', async () => {
    const { id, externalId } = await linkedPair(world);
    const gone = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Edited' });
    world.advance(2 * DAY);
    world.simulator.dashboard.createCustomer({ name: 'New', email: 'new@example.com' });
    world.simulator.dashboard.deleteCustomer(gone.externalId);
    world.advance(2 * DAY);
    await sweepAll();
    expect(await readCustomer(world.db, id)).to.include({ name: 'Edited' });
    expect((await readCustomer(world.db, gone.id))?.deletedAt).to.not.equal(null);
    expect((await listCustomers(world.db, { limit: 9 })).map(({ name }) => name)).to.include('New');
    await expectAgreement(world);
  });

  it('22: no webhook comes for 31 days: what left the list is said, and the comparison brings it', async () => {
    const { id, externalId } = await linkedPair(world);
    world.advance(HOUR);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Edited' });
    world.simulator.dashboard.createCustomer({ name: 'New', email: 'new@example.com' });
    world.advance(31 * DAY);
    await sweepAll();
    expect((await readSweep(world.db, 'stripe'))?.unheardFrom).to.not.equal(null);
    expect(await readCustomer(world.db, id)).to.not.include({ name: 'Edited' });
    const began = world.clock.now();
    await repair(world.deps, await compareAll(world.deps), began);
    await world.run();
    const names = (await listCustomers(world.db, { limit: 9 })).map(({ name }) => name);
    expect(names).to.have.members(['Edited', 'New']);
    expect((await readSweep(world.db, 'stripe'))?.unheardFrom).to.equal(null);
  });

  it('33: a late request of a dead worker arrives while what it did is looked for: one customer', async () => {
    await world.create();
    await world.receive();
    const held = pauseAt('intent.before-send');
    const dead = world.lane.runOnce();
    await held.reached;
    await expireLeases(world.db);
    world.simulator.faults.add({ kind: 'error_after_effect', method: 'POST' });
    const living = world.worker();
    await world.run(living);
    held.resume();
    await dead;
    await world.lane.drain();
    for (let n = 0; n < 10; n++) {
      world.advance(2 * MINUTE);
      await world.run(living);
    }
    expect(world.simulator.ledger.effects()).to.include({ created: 1 });
    await expectAgreement(world);
  });

  it('44: an event of 29 days is heard by the sweep too', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Old' });
    world.advance(29 * DAY);
    await sweepAll();
    expect(await readCustomer(world.db, id)).to.include({ name: 'Old' });
    expect(await readSweep(world.db, 'stripe')).to.include({ unheardFrom: null, more: false });
    await expectAgreement(world);
  });

  it('46: both clocks move by 25 hours between a lost answer and the next try of each of many: one customer each', async () => {
    for (let n = 0; n < 12; n++) await world.create();
    world.simulator.faults.add({ kind: 'drop_answer', method: 'POST', times: 6 });
    world.simulator.faults.add({ kind: 'reset', method: 'POST', times: 3 });
    await world.run();
    world.advance(25 * HOUR);
    await workOn();
    expect(world.simulator.customers()).to.have.length(12);
    expect(world.simulator.ledger.effects()).to.include({ created: 12 });
    await expectAgreement(world);
  });
});
