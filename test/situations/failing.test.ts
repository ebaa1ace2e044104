import { onlyCustomers } from '../support/only-target.ts';
import { expect } from 'chai';
import { readBreaker } from '../../db/limits/breakers.ts';
import { findUndelivered } from '../../db/deliveries.ts';
import { receiveOutbound } from '../../lib/intake/receive.ts';
import type { FaultRule } from '../../simulator/control/faults.ts';
import { expectAgreement } from '../support/invariants.ts';
import { killAtEach } from '../support/killed-worker.ts';
import { closedIntents, mappingOf, outcomesOf } from '../support/sync-rows.ts';
import { useSync } from '../support/sync.ts';
import { situation } from './situation.ts';

const MINUTE = 60_000;

/** Workers that die, a Stripe that refuses or does not answer, customers that always fail. */
describe('failing calls and workers', () => {
  const world = useSync();

  for (const [where, point] of [
    ['before its request is sent', 'intent.before-send'],
    ['after it was answered, before that is stored', 'intent.answered'],
    ['after that is stored', 'settle.after'],
    ['after the event is received, before its offset is committed', 'receive.after'],
  ] as const) {
    situation(1, `the worker of a create is killed ${where}: one customer`, async () => {
      const everything = { system: 'stripe', after: 0, upTo: 2 ** 52, limit: 10 };
      await killAtEach(world, [point], {
        prepare: async () => {
          const { id } = await world.create();
          return { id, events: await findUndelivered(world.db, everything) };
        },
        after: async ({ id, events }) => {
          // No offset was committed, so the bus delivers the events again.
          const receiving = { db: world.db, clock: world.clock, wake: () => undefined };
          await receiveOutbound(
            receiving,
            onlyCustomers({ system: 'stripe', externalType: 'customer' }),
            events,
          );
          await world.run();
          expect(world.simulator.ledger.effects()).to.include({ created: 1, living: 1 });
          expect(await outcomesOf(world.db, id)).to.deep.equal(['applied']);
          await expectAgreement(world);
        },
      });
    });
  }

  const refusals: { says: string; fault: FaultRule; failing: boolean }[] = [
    ...[
      'global-rate',
      'global-concurrency',
      'endpoint-rate',
      'endpoint-concurrency',
      'resource-specific',
    ].map((reason) => ({
      says: `a 429 by ${reason}`,
      fault: { kind: 'rate_limit' as const, reason },
      failing: false,
    })),
    {
      says: 'a lock_timeout',
      fault: { kind: 'rate_limit', reason: 'lock_timeout' },
      failing: true,
    },
    {
      says: 'a 409 with Stripe-Should-Retry: true',
      fault: { kind: 'error_before_effect', status: 409, stored: false, shouldRetry: true },
      failing: true,
    },
    {
      says: 'a 500 with Stripe-Should-Retry: true',
      fault: { kind: 'error_before_effect', stored: false, shouldRetry: true },
      failing: true,
    },
  ];
  for (const { says, fault, failing } of refusals) {
    situation(23, `${says}: the same request is sent again later, and has one effect`, async () => {
      const { id } = await world.create();
      await world.run();
      await world.update(id, { name: 'Ada' });
      world.simulator.faults.add({ method: 'POST', ...fault });
      await world.run();
      const { intent, state, firstFailedAt, externalId } = await mappingOf(world.db, id);
      expect({ state, failing: firstFailedAt !== null }).to.deep.equal({ state: 'linked', failing });
      world.advance(MINUTE);
      await world.run();
      const writes = world.simulator.ledger.entries({ method: 'POST', path: `/v1/customers/${externalId}` });
      expect(writes.map(({ idempotency_key: key, effect }) => [key, effect])).to.deep.equal([
        [intent?.key, false],
        [intent?.key, true],
      ]);
      expect(await outcomesOf(world.db, id)).to.deep.equal(['applied', 'applied']);
      await expectAgreement(world);
    });
  }

  situation(
    23,
    'a 500 with Stripe-Should-Retry: false is never sent again: the record is read, and a new key is used',
    async () => {
      const { id } = await world.create();
      await world.run();
      await world.update(id, { name: 'Ada' });
      world.simulator.faults.add({
        kind: 'error_before_effect',
        method: 'POST',
        stored: false,
        shouldRetry: false,
      });
      await world.run();
      const calls = world.calls().length;
      world.advance(5 * MINUTE);
      await world.run();
      expect(world.calls().slice(calls)[0]).to.equal('GET /v1/customers/cus');
      const keys = (await closedIntents(world.db)).map(({ key }) => key);
      expect(new Set(keys).size).to.equal(3);
      expect(world.simulator.customers()[0]).to.include({ name: 'Ada' });
      await expectAgreement(world);
    },
  );

  // Partitions are not paused in this test: nothing is claimed, and what is received waits in its
  // mapping.
  situation(
    24,
    'the breaker opens: nothing is claimed and none is parked; it closes: all are carried out in order',
    async () => {
      const ids: number[] = [];
      for (let n = 0; n < 8; n += 1) ids.push((await world.create()).id);
      await world.run();
      world.simulator.faults.setOutage({ kind: 'unavailable' });
      const editAll = async (name: string): Promise<void> => {
        for (const id of ids) {
          await world.update(id, { name: `${name} ${id}` });
          world.advance(1);
        }
        await world.run();
      };
      await editAll('First');
      const breaker = async () =>
        readBreaker(world.db, { system: 'stripe', account: 'acct_1TwinboxSimulator' });
      expect((await breaker())?.openedAt).to.not.equal(null);
      const calls = world.calls().length;
      const attempts = await attemptsOf(ids);
      for (let hour = 0; hour < 30; hour += 1) {
        await editAll(`Hour ${hour}`);
        world.advance(60 * MINUTE);
      }
      expect(world.calls()).to.have.length(calls);
      expect(await attemptsOf(ids)).to.deep.equal(attempts);

      world.simulator.faults.setOutage(null);
      for (let n = 0; n < 4; n += 1) {
        await world.run();
        world.advance(5 * MINUTE);
      }
      expect(await breaker()).to.equal(null);
      for (const id of ids) {
        const outcomes = await outcomesOf(world.db, id);
        expect(outcomes).to.have.length(32);
        expect(outcomes).to.not.include('parked').and.not.include('queued');
        const { externalId } = await mappingOf(world.db, id);
        const shown = world.simulator
          .events()
          .filter(({ data }) => data.object.id === externalId)
          .map(({ data }) => (data.object as { name?: string }).name);
        // The request first sent in the outage is sent first, with its own key; then all later
        // edits, in one request.
        const last = `Hour 29 ${id}`;
        expect([[`First ${id}`, last], [last]]).to.deep.include(shown.slice(1));
      }
      await expectAgreement(world);
    },
  );

  situation(
    25,
    'a customer that always fails is parked: other pairs go on, its later edits wait',
    async () => {
      const { id } = await world.create();
      await world.run();
      await world.update(id, { email: 'ada@nowhere' });
      const neighbour = await world.create();
      await world.run();
      expect(await mappingOf(world.db, id)).to.include({ state: 'parked', reason: 'email_invalid' });
      expect(await mappingOf(world.db, neighbour.id)).to.include({ state: 'linked' });
      await world.update(id, { name: 'Behind it' });
      await world.update(neighbour.id, { name: 'Flows' });
      await world.run();
      expect(await outcomesOf(world.db, id)).to.deep.equal(['applied', 'parked', 'parked']);
      expect(await outcomesOf(world.db, neighbour.id)).to.deep.equal(['applied', 'applied']);
      await world.update(id, { email: 'ada@example.com' });
      await world.run();
      expect(await outcomesOf(world.db, id)).to.deep.equal([
        'applied',
        'superseded',
        'superseded',
        'applied',
      ]);
      await expectAgreement(world);
    },
  );

  async function attemptsOf(ids: number[]): Promise<number[]> {
    return Promise.all(ids.map(async (id) => (await mappingOf(world.db, id)).attempts));
  }
});
