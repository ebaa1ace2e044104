import { expect } from 'chai';
import type { FaultRule } from '../../../simulator/control/faults.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { closedIntents, mappingOf, outcomesOf } from '../../support/sync-rows.ts';
import { useSync } from '../../support/sync.ts';

const MINUTE = 60_000;

describe('faults on the way out', () => {
  const world = useSync();

  /** A linked customer whose name is to become Ada, with the next write meeting a fault. */
  async function meet(fault: FaultRule): Promise<number> {
    const { id } = await world.create({ name: 'Before' });
    await world.run();
    await world.update(id, { name: 'Ada' });
    world.simulator.faults.add({ method: 'POST', ...fault });
    await world.run();
    return id;
  }

  const cured: { sentence: string; fault: FaultRule; replayed: boolean }[] = [
    {
      sentence: 'an answer that is lost after the effect',
      fault: { kind: 'drop_answer' },
      replayed: true,
    },
    { sentence: 'a connection reset before the effect', fault: { kind: 'reset' }, replayed: false },
    {
      sentence: 'a 500 before the effect that is not stored',
      fault: { kind: 'error_before_effect', stored: false },
      replayed: false,
    },
    {
      sentence: 'a 500 after the effect that is not stored',
      fault: { kind: 'error_after_effect', stored: false },
      replayed: false,
    },
    {
      sentence: 'a 503',
      fault: { kind: 'error_before_effect', status: 503, stored: false },
      replayed: false,
    },
  ];
  for (const { sentence, fault, replayed } of cured) {
    it(`goes on after ${sentence}, by the same request`, async () => {
      const id = await meet(fault);
      const { intent, state, nextAttemptAt } = await mappingOf(world.db, id);
      expect(intent).to.include({ operation: 'update' });
      expect(state).to.equal('linked');
      expect(nextAttemptAt?.getTime()).to.be.greaterThan(world.clock.now().getTime());
      expect((await outcomesOf(world.db, id)).at(-1)).to.equal('queued');
      world.advance(MINUTE);
      await world.run();
      const writes = world.simulator.ledger.entries({
        method: 'POST',
        path: pathOf(await mappingOf(world.db, id)),
      });
      expect(writes.map(({ idempotency_key: key }) => key)).to.deep.equal([intent?.key, intent?.key]);
      expect(writes.map((write) => write.replayed)).to.deep.equal([false, replayed]);
      expect(writes.filter(({ effect }) => effect)).to.have.length(1);
      expect(await outcomesOf(world.db, id)).to.deep.equal(['applied', 'applied']);
      expect(await mappingOf(world.db, id)).to.include({ attempts: 0, firstFailedAt: null, lastError: null });
      await expectAgreement(world);
    });
  }

  it('does not take a throttle for a failure', async () => {
    const id = await meet({ kind: 'rate_limit', times: null });
    for (let hour = 0; hour < 30; hour++) {
      world.advance(60 * MINUTE);
      await world.run();
    }
    expect(await mappingOf(world.db, id)).to.include({ state: 'linked', firstFailedAt: null });
  });

  it('does not blame a customer for a wrong key', async () => {
    const id = await meet({ kind: 'error_before_effect', status: 401, stored: false });
    expect(await mappingOf(world.db, id)).to.include({ state: 'linked', firstFailedAt: null });
    world.advance(MINUTE);
    await world.run();
    await expectAgreement(world);
  });

  it('waits for a slow answer and takes a late one for none', async () => {
    const hasty = world.worker({ integration: world.integrate({ timeoutMs: 50 }) });
    const { id } = await world.create();
    world.simulator.faults.add({ kind: 'hang', method: 'POST', at: 'after' });
    await world.run(hasty);
    expect(await mappingOf(world.db, id)).to.have.nested.property('lastError.code', 'timeout');
    world.simulator.faults.release();
    world.advance(MINUTE);
    await world.run();
    expect(world.simulator.ledger.effects()).to.include({ created: 1, living: 1 });
    await expectAgreement(world);
  });

  it('backs off ever longer, and an edit storm does not shorten it', async () => {
    const id = await meet({ kind: 'reset', times: null });
    const waits: number[] = [];
    for (let n = 0; n < 12; n++) {
      for (const name of ['Storm', 'Ada']) await world.update(id, { name });
      await world.receive();
      const { nextAttemptAt } = await mappingOf(world.db, id);
      const calls = world.calls().length;
      await world.run();
      expect(world.calls()).to.have.length(calls);
      const wait = (nextAttemptAt?.getTime() ?? 0) - world.clock.now().getTime();
      waits.push(wait / 1000);
      world.advance(wait);
      await world.run();
    }
    expect(waits).to.deep.equal([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
    world.simulator.faults.clear();
    world.advance(5 * MINUTE);
    await world.run();
    await expectAgreement(world);
  });

  it('holds back one failing customer and none of its neighbours', async () => {
    await meet({ kind: 'reset', times: null, path: '/v1/customers/:id' });
    const neighbour = await world.create();
    await world.run();
    expect(await mappingOf(world.db, neighbour.id)).to.include({ state: 'linked' });
  });

  for (const kind of ['reset', 'unavailable'] as const) {
    it(`flows again by itself after half a minute of ${kind}`, async () => {
      const changed = await world.create();
      const removed = await world.create();
      await world.run();
      world.simulator.faults.setOutage({ kind });
      await world.update(changed.id, { name: 'Changed in the outage' });
      await world.remove(removed.id);
      await world.create();
      for (let second = 0; second < 30; second += 5) {
        await world.run();
        world.advance(5_000);
      }
      world.simulator.faults.setOutage(null);
      for (let n = 0; n < 3; n++) {
        world.advance(MINUTE);
        await world.run();
      }
      expect(world.simulator.ledger.effects()).to.include({ created: 3, deleted: 1, living: 2 });
      await expectAgreement(world);
    });
  }

  it('goes on once the connection is not refused any more', async () => {
    const { id } = await world.create();
    await world.run();
    await world.update(id, { name: 'Grace' });
    const nobody = world.integrate({ apiBase: 'http://127.0.0.1:1' });
    const identify = () => world.integration.identify();
    await world.run(world.worker({ integration: { ...nobody, identify } }));
    expect(await mappingOf(world.db, id)).to.have.nested.property('lastError.code', 'connection_refused');
    world.advance(MINUTE);
    await world.run();
    expect(world.simulator.customers()[0]).to.include({ name: 'Grace' });
    await expectAgreement(world);
  });

  it('has each key lead to one effect when most calls go wrong somehow', async () => {
    const customers = await Promise.all(Array.from({ length: 12 }, () => world.create()));
    const { faults } = world.simulator;
    for (const [seed, kind] of (
      ['drop_answer', 'reset', 'rate_limit', 'error_before_effect'] as const
    ).entries())
      faults.add({ kind, probability: 0.2, seed, stored: false });
    faults.add({ kind: 'error_after_effect', probability: 0.2, seed: 9, path: '/v1/customers/:id' });
    for (let round = 0; round < 8; round++) {
      for (const { id } of customers.slice(0, 9)) await world.update(id, { name: `Round ${round}` });
      if (round === 4) for (const { id } of customers.slice(9)) await world.remove(id);
      await world.run();
      world.advance(5 * MINUTE);
    }
    faults.clear();
    for (let n = 0; n < 3; n++) {
      world.advance(5 * MINUTE);
      await world.run();
    }
    expect((await closedIntents(world.db)).map(({ result }) => result)).to.not.include('refused');
    await expectAgreement(world);
  });

  function pathOf({ externalId }: { externalId: string | null }): string {
    return `/v1/customers/${externalId}`;
  }
});
