import { expect } from 'chai';
import { listCustomers, readCustomer } from '../support/customers.ts';
import { expectAgreement } from '../support/invariants.ts';
import { pauseAt } from '../support/signal.ts';
import { closedIntents, conflictsOf, expireLeases } from '../support/sync-rows.ts';
import { linkedPair, mappingsIn, useTwoWay } from '../support/two-way.ts';
import { situation } from './situation.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Answers that never come, or come late. Both clocks move together: ours and Stripe's. */
describe('lost answers', () => {
  const world = useTwoWay();

  const creates = () => world.calls().filter((call) => call === 'POST /v1/customers').length;

  /** Works over every back-off, and receives no event. */
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
    situation(
      2,
      `the answer to a create is lost, and the next try comes ${says} later: one customer`,
      async () => {
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
      },
    );
  }

  situation(
    2,
    'both clocks move by 25 hours between a lost answer and the next try of each of many: one customer each',
    async () => {
      for (let n = 0; n < 12; n++) await world.create();
      world.simulator.faults.add({ kind: 'drop_answer', method: 'POST', times: 6 });
      world.simulator.faults.add({ kind: 'reset', method: 'POST', times: 3 });
      await world.run();
      world.advance(25 * HOUR);
      await workOn();
      expect(world.simulator.customers()).to.have.length(12);
      expect(world.simulator.ledger.effects()).to.include({ created: 12 });
      await expectAgreement(world);
    },
  );

  situation(
    3,
    'a failure is kept under the key of a create that took effect: the record is found and linked',
    async () => {
      await world.create();
      world.simulator.faults.add({ kind: 'error_after_effect', method: 'POST' });
      await workOn();
      expect(world.simulator.ledger.effects()).to.include({ created: 1 });
      expect(creates()).to.equal(1);
      await expectAgreement(world);
    },
  );

  situation(
    4,
    'a failure is kept under the key of a create without effect: no record is found, and one is created',
    async () => {
      await world.create();
      world.simulator.faults.add({ kind: 'error_before_effect', method: 'POST' });
      await workOn();
      expect(world.simulator.ledger.effects()).to.include({ created: 1 });
      expect(new Set((await closedIntents(world.db)).map(({ key }) => key)).size).to.equal(2);
      await expectAgreement(world);
    },
  );

  situation(
    5,
    'a row is edited between the sends of its create, the last of them after the life of its key',
    async () => {
      const { id } = await world.create({ name: 'First' });
      world.simulator.faults.add({ kind: 'drop_answer', method: 'POST' });
      await world.run();
      await world.update(id, { name: 'Second' });
      world.advance(25 * HOUR);
      await workOn();
      expect(world.simulator.customers().map(({ name }) => name)).to.deep.equal(['Second']);
      expect(await conflictsOf(world.db, id)).to.deep.equal([]);
      await expectAgreement(world);
    },
  );

  situation(6, 'the webhook of a create comes before its answer, which never comes', async () => {
    await world.create();
    world.simulator.faults.add({ kind: 'drop_answer', method: 'POST', times: null });
    await world.run();
    await world.deliver();
    await world.receiveInbound();
    world.simulator.faults.clear();
    world.advance(25 * HOUR);
    await workOn();
    expect(world.simulator.ledger.effects()).to.include({ created: 1 });
    expect(await listCustomers(world.db, { limit: 9 })).to.have.length(1);
    await expectAgreement(world);
  });

  situation(
    33,
    'a late request of a dead worker arrives while its effect is looked for: one customer',
    async () => {
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
    },
  );

  situation(
    33,
    'a late request of a dead worker arrives after a newer one, and changes nothing',
    async () => {
      const { id } = await linkedPair(world, { name: 'Base' });
      await world.update(id, { name: 'First' });
      await world.receive();
      const held = pauseAt('intent.before-send');
      const dead = world.lane.runOnce();
      await held.reached;
      await expireLeases(world.db);
      await world.run(world.worker());
      await world.update(id, { name: 'Second' });
      await world.run(world.worker());
      held.resume();
      await dead;
      await world.lane.drain();
      await world.rest();
      expect(world.simulator.customers()[0]).to.include({ name: 'Second' });
      await expectAgreement(world);
    },
  );

  situation(37, 'a read finds our unanswered write, and does not take it for an edit of theirs', async () => {
    const { id } = await linkedPair(world);
    world.simulator.faults.add({ kind: 'drop_answer', method: 'POST', times: 2 });
    await world.update(id, { name: 'First' });
    await world.run();
    await world.update(id, { name: 'Second' });
    await world.rest();
    expect(await conflictsOf(world.db, id)).to.deep.equal([]);
    expect(await readCustomer(world.db, id)).to.include({ name: 'Second' });
    await expectAgreement(world);
  });

  situation(
    40,
    'a webhook makes a mapping before the create is answered, and the two mappings are merged',
    async () => {
      await world.create();
      await world.receive();
      const held = pauseAt('intent.answered');
      const working = world.lane.runOnce();
      await held.reached;
      // A thin event without key and owner tag: nothing shows yet to which row the record belongs.
      const [customer] = world.simulator.customers();
      world.simulator.dashboard.updateCustomer(customer!.id, { phone: '1' });
      await world.deliver([world.undelivered().at(-1)!], { thin: true });
      await world.receiveInbound();
      expect(await mappingsIn(world.db)).to.have.length(2);
      held.resume();
      await working;
      await world.lane.drain();
      await world.rest();
      expect(await mappingsIn(world.db)).to.have.length(1);
      await expectAgreement(world);
    },
  );
});
