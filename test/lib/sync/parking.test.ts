import { expect } from 'chai';
import { pauseConnection, resumeConnection } from '../../../db/connections.ts';
import { expectAgreement } from '../../support/invariants.ts';
import {
  closedIntents,
  deliveriesOf,
  mappingOf,
  outcomesOf,
  parkedNotices,
} from '../../support/sync-rows.ts';
import { useSync } from '../../support/sync.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('parking', () => {
  const world = useSync();

  describe('what Stripe refuses', () => {
    it('is parked at once with its reason, and healed by the next edit', async () => {
      const { id } = await world.create({ email: 'ada@nowhere' });
      await world.run();
      expect(await mappingOf(world.db, id)).to.include({
        state: 'parked',
        reason: 'email_invalid',
        intent: null,
      });
      expect(await outcomesOf(world.db, id)).to.deep.equal(['parked']);
      expect(await parkedNotices(world.db)).to.deep.equal(['email_invalid']);
      world.advance(48 * HOUR);
      await world.run();
      expect(world.calls()).to.deep.equal(['POST /v1/customers']);

      await world.update(id, { email: 'ada@example.com' });
      await world.run();
      const [refused, healed] = await deliveriesOf(world.db, id);
      expect(healed).to.include({ status: 'applied' });
      expect(refused).to.include({ status: 'superseded', supersededBy: healed?.eventId });
      expect((await closedIntents(world.db)).map(({ result }) => result)).to.deep.equal(['refused', 'done']);
      expect(await mappingOf(world.db, id)).to.include({ state: 'linked', reason: null, lastError: null });
      await expectAgreement(world);
    });

    it('is reported once for each delivery, however often its customer is edited', async () => {
      const { id } = await world.create({ email: 'ada@nowhere' });
      await world.run();
      for (let n = 1; n <= 3; n++) {
        await world.update(id, { name: `Name ${n}` });
        await world.run();
      }
      expect(await outcomesOf(world.db, id)).to.deep.equal(Array(4).fill('parked'));
      expect(await parkedNotices(world.db)).to.have.length(4);
    });

    it('is let go by a delete', async () => {
      const { id } = await world.create({ email: 'ada@nowhere' });
      await world.run();
      await world.remove(id);
      await world.run();
      expect(await outcomesOf(world.db, id)).to.deep.equal(['superseded', 'noop']);
      await expectAgreement(world);
    });

    it('does not repeat its values in the log or in its rows', async () => {
      const { id } = await world.create({ email: 'ada@nowhere' });
      await world.run();
      const { lastError, reasonDetail } = await mappingOf(world.db, id);
      expect(JSON.stringify([lastError, reasonDetail, world.log])).not.to.include('ada@nowhere');
    });
  });

  describe('what time may cure', () => {
    it('is parked by age, and never by count', async () => {
      const { id } = await world.create();
      world.simulator.faults.setOutage({ kind: 'reset' });
      const lane = boundLane();
      for (let tries = 0; tries < 60; tries++) {
        await world.run(lane);
        world.advance(5 * MINUTE);
      }
      expect(await mappingOf(world.db, id)).to.include({ state: 'pending', attempts: 60 });
    });

    it('goes out by itself when it is cured within the day', async () => {
      const { id } = await world.create();
      await world.run();
      world.simulator.faults.setOutage({ kind: 'unavailable' });
      await world.update(id, { name: 'Patient' });
      for (let hour = 0; hour < 20; hour++) {
        await world.run();
        world.advance(HOUR);
      }
      world.simulator.faults.setOutage(null);
      await world.run();
      await expectAgreement(world);
    });

    it('is parked after a day of failing', async () => {
      const id = await failForADay();
      expect(await mappingOf(world.db, id)).to.include({ state: 'parked', reason: 'api_error' });
      expect((await outcomesOf(world.db, id)).at(-1)).to.equal('parked');
      expect(await parkedNotices(world.db)).to.deep.equal(['api_error']);
    });

    it('is taken out by the next edit, which reads before it writes', async () => {
      const id = await failForADay();
      world.simulator.faults.setOutage(null);
      await world.update(id, { name: 'Healed' });
      const before = world.calls().length;
      await world.run();
      expect(world.calls().slice(before)).to.deep.equal([
        'GET /v1/customers/cus',
        'GET /v1/customers/cus',
        'POST /v1/customers/cus',
      ]);
      expect(await outcomesOf(world.db, id)).to.deep.equal(['applied', 'superseded', 'applied']);
      expect((await closedIntents(world.db)).map(({ result }) => result)).to.deep.equal([
        'done',
        'unknown',
        'done',
      ]);
      await expectAgreement(world);
    });

    for (const [sentence, off, on] of [
      ['writes are off', writesOff, () => Promise.resolve()],
      ['the lane is paused', pause, resume],
    ] as const) {
      it(`does not count the time in which ${sentence}`, async () => {
        const { id } = await world.create();
        await world.run();
        world.simulator.faults.setOutage({ kind: 'unavailable' });
        await world.update(id, { name: 'Still waiting' });
        await world.run();
        world.advance(MINUTE);
        await off();
        world.advance(30 * HOUR);
        await on();
        await world.notify(id);
        await world.run(boundLane());
        expect(await mappingOf(world.db, id)).to.include({ state: 'linked', reason: null });
        world.advance(24 * HOUR);
        await world.run(boundLane());
        expect(await mappingOf(world.db, id)).to.include({ state: 'parked', reason: 'api_error' });
      });
    }
  });

  async function writesOff(): Promise<void> {
    await world.run(boundLane({ writes: false }));
  }

  async function pause(): Promise<void> {
    await pauseConnection(world.db, 'stripe', 'a test', world.clock.now());
  }

  async function resume(): Promise<void> {
    await resumeConnection(world.db, 'stripe', world.clock.now());
  }

  /** A lane that knows its account already, while nothing answers. */
  function boundLane(policy: { writes?: boolean } = {}) {
    const identify = () => Promise.resolve({ account: 'acct_1TwinboxSimulator', livemode: false });
    return world.worker({ policy, integration: { ...world.integration, identify } });
  }

  async function failForADay(): Promise<number> {
    const { id } = await world.create();
    await world.run();
    world.simulator.faults.setOutage({ kind: 'unavailable' });
    await world.update(id, { name: 'Failing' });
    const lane = boundLane();
    for (let hour = 0; hour <= 24; hour++) {
      await world.run(lane);
      world.advance(HOUR);
    }
    return id;
  }
});
