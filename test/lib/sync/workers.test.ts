import { expect } from 'chai';
import { updateCustomer } from '../../support/customers.ts';
import { enableFailpoint } from '../../../lib/failpoint.ts';
import { reconcile } from '../../../lib/sync/reconcile.ts';
import { newEventId } from '../../../lib/uuid.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { pauseAt } from '../../support/signal.ts';
import { closedIntents, expireLeases, mappingOf, outcomesOf } from '../../support/sync-rows.ts';
import { useSync } from '../../support/sync.ts';

describe('several workers', () => {
  const world = useSync();

  async function edited(): Promise<number> {
    const { id } = await world.create({ name: 'Before' });
    await world.run();
    await world.update(id, { name: 'Ada' });
    await world.receive();
    return id;
  }

  for (const point of ['reconcile.loaded', 'intent.before-send', 'intent.answered', 'settle.before']) {
    it(`lose nothing when one loses its lease at ${point}, and the loser writes nothing`, async () => {
      const id = await edited();
      const held = pauseAt(point);
      const losing = world.lane.runOnce();
      await held.reached;
      await expireLeases(world.db);
      await world.run(world.worker());
      const settled = await mappingOf(world.db, id);
      held.resume();
      await losing;
      await world.lane.drain();
      expect(await mappingOf(world.db, id)).to.deep.equal(settled);
      expect(await outcomesOf(world.db, id)).to.deep.equal(['applied', 'applied']);
      expect(
        (await closedIntents(world.db)).filter(({ operation }) => operation === 'update'),
      ).to.have.length(1);
      await expectAgreement(world);
    });
  }

  it('are not disturbed by the late request of a dead one', async () => {
    const id = await edited();
    world.simulator.faults.add({ kind: 'hang', method: 'POST' });
    const losing = world.lane.runOnce();
    await world.simulator.faults.waitForHeld();
    await expireLeases(world.db);
    const living = world.worker();
    await world.run(living);
    await world.update(id, { name: 'Newer' });
    await world.run(living);
    world.simulator.faults.release();
    await losing;
    await world.lane.drain();
    const writes = world.simulator.ledger.entries({ method: 'POST' });
    expect(writes.map(({ replayed }) => replayed)).to.deep.equal([false, false, false, true]);
    expect(writes.at(-1)).to.include({ effect: false });
    expect(world.simulator.customers()[0]).to.include({ name: 'Newer' });
    await expectAgreement(world);
  });

  it('send nothing any more after a freeze that outlasted the lease', async () => {
    const id = await edited();
    const [claim] = await world.claim();
    const frozen = pauseAt('intent.before-send');
    const step = reconcile(world.deps, claim!);
    await frozen.reached;
    claim!.deadline = performance.now();
    frozen.resume();
    await step;
    expect(world.calls()).to.have.length(1);
    expect((await mappingOf(world.db, id)).intent).to.include({ operation: 'update' });
    await world.run();
    await expectAgreement(world);
  });

  it('give a mapping back untouched when the lease is too short for a call', async () => {
    const id = await edited();
    const before = await mappingOf(world.db, id);
    const [claim] = await world.claim(10_000);
    await reconcile(world.deps, claim!);
    expect(world.calls()).to.have.length(1);
    expect({ ...(await mappingOf(world.db, id)), fence: before.fence }).to.deep.equal(before);
    await world.run();
    await expectAgreement(world);
  });

  it('do not forget a read that was asked for while a step was under way', async () => {
    const id = await edited();
    const held = pauseAt('settle.before');
    const running = world.lane.runOnce();
    await held.reached;
    await world.notify(id, { mustRead: true });
    held.resume();
    await running;
    await world.lane.drain();
    expect(await mappingOf(world.db, id)).to.include({ mustRead: true });
    await world.run();
    expect(world.calls().at(-1)).to.equal('GET /v1/customers/cus');
    expect(await mappingOf(world.db, id)).to.include({ mustRead: false });
    await expectAgreement(world);
  });

  it('rest for a while when a customer never holds still', async () => {
    const id = await edited();
    const { externalId } = await mappingOf(world.db, id);
    let edits = 0;
    enableFailpoint('reconcile.read', async () => {
      edits += 1;
      const now = world.clock.now();
      const stamp = { eventId: newEventId(now), source: 'internal', context: {}, now };
      await updateCustomer(world.db, id, { name: `Restless ${edits}` }, {}, stamp);
    });
    world.simulator.dashboard.updateCustomer(externalId ?? '', { email: 'dashboard@example.com' });
    await world.notify(id);
    await world.lane.runOnce();
    await world.lane.drain();
    expect(world.log.map(({ event }) => event)).to.include('reconcile.not_converging');
    const { nextAttemptAt } = await mappingOf(world.db, id);
    expect(nextAttemptAt?.getTime()).to.be.greaterThan(world.clock.now().getTime());
  });

  it('share the work, and each customer is made once', async () => {
    for (let n = 0; n < 30; n++) await world.create();
    await world.receive();
    const lanes = [world.worker(), world.worker(), world.worker()];
    await Promise.all(
      lanes.map(async (lane) => {
        while ((await lane.runOnce()) > 0);
        await lane.drain();
      }),
    );
    await world.run();
    expect(world.simulator.ledger.effects()).to.include({ calls: 30, created: 30 });
    await expectAgreement(world);
  });

  it('do not lock each other out while all edit, receive from both sides and reconcile at once', async () => {
    const customers = await Promise.all(Array.from({ length: 6 }, () => world.create()));
    await world.run();
    const lanes = [world.worker(), world.worker()];
    const rounds = async (work: (round: number) => Promise<unknown>): Promise<void> => {
      for (let round = 0; round < 12; round++) await work(round);
    };
    await Promise.all([
      rounds((round) => world.update(customers[round % 6]!.id, { name: `Ours ${round}` })),
      rounds(async (round) => {
        const { externalId } = await mappingOf(world.db, customers[(round * 5) % 6]!.id);
        world.simulator.dashboard.updateCustomer(externalId ?? '', { name: `Theirs ${round}` });
        await world.bringTheirs();
      }),
      rounds(() => world.receive()),
      rounds(() => world.receive()),
      ...lanes.map((lane) => rounds(() => lane.runOnce())),
    ]);
    await Promise.all(lanes.map((lane) => lane.drain()));
    for (let n = 0; n < 3; n++) {
      await world.bringTheirs();
      await world.run();
    }
    const { rows } = await world.db.raw<{ rows: { deadlocks: number }[] }>(
      `select deadlocks from pg_stat_database where datname = current_database()`,
    );
    expect(rows[0]).to.deep.equal({ deadlocks: 0 });
    await expectAgreement(world);
  });
});
