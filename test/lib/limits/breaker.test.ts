import { expect } from 'chai';
import { claimProbe, readBreaker } from '../../../db/limits/breakers.ts';
import { disableFailpoints, enableFailpoint } from '../../../lib/failpoint.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { mappingOf } from '../../support/sync-rows.ts';
import { useSync } from '../../support/sync.ts';

const MINUTE = 60_000;
const PLACE = { system: 'stripe', account: 'acct_1TwinboxSimulator' };

describe('the breaker', () => {
  const world = useSync();
  let ids: number[] = [];

  beforeEach('link some customers', async () => {
    ids = [];
    for (let n = 0; n < 8; n += 1) ids.push((await world.create()).id);
    await world.run();
  });
  afterEach(disableFailpoints);

  it('opens on a run of failures of several customers, once for all workers, and nothing is claimed while it is open', async () => {
    world.simulator.faults.setOutage({ kind: 'reset' });
    await editAll('In the outage');
    await Promise.all([
      world.run(),
      world
        .worker()
        .runOnce()
        .catch(() => undefined),
    ]);
    expect(await readBreaker(world.db, PLACE)).to.deep.include({
      since: world.clock.now(),
      openedAt: world.clock.now(),
      probes: 0,
    });
    expect(linesOf('breaker.opened')).to.have.length(1);
    const calls = world.calls().length;
    const attempts = await attemptsOf();
    await editAll('Later in the outage');
    await world.run();
    expect(world.calls()).to.have.length(calls);
    expect(await attemptsOf()).to.deep.equal(attempts);
    await fix();
  });

  it('opens on the first refusal of the key, and blames no customer', async () => {
    world.simulator.faults.add({ kind: 'error_before_effect', status: 401, stored: false, times: null });
    await world.update(ids[0] ?? 0, { name: 'Ada' });
    await world.run();
    expect((await readBreaker(world.db, PLACE))?.why).to.include({ kind: 'auth' });
    await editAll('Refused');
    const calls = world.calls().length;
    await world.run();
    expect(world.calls()).to.have.length(calls);
    expect(await mappingOf(world.db, ids[0] ?? 0)).to.include({ firstFailedAt: null, state: 'linked' });
    await fix();
  });

  it('opens for few customers too, if the system gives no answer at all', async () => {
    world.simulator.faults.setOutage({ kind: 'unavailable' });
    await world.update(ids[0] ?? 0, { name: 'Ada' });
    for (let tries = 0; tries < 5; tries += 1) {
      expect(await readBreaker(world.db, PLACE)).to.equal(null);
      await world.run();
      world.advance(5 * MINUTE);
    }
    await world.run();
    expect((await readBreaker(world.db, PLACE))?.why).to.include({ code: 'api_error' });
    await fix();
  });

  it('does not open for one customer whose requests fail, nor for refusals', async () => {
    const { externalId } = await mappingOf(world.db, ids[0] ?? 0);
    world.simulator.faults.add({ kind: 'reset', path: `/v1/customers/${externalId}`, times: null });
    world.simulator.faults.add({ kind: 'rate_limit', reason: 'lock_timeout', method: 'POST', times: 10 });
    await editAll('Beside a broken one');
    for (let tries = 0; tries < 12; tries += 1) {
      await world.run();
      world.advance(5 * MINUTE);
    }
    expect(linesOf('breaker.opened')).to.deep.equal([]);
    expect(world.simulator.customers().filter(({ name }) => name === 'Beside a broken one')).to.have.length(
      7,
    );
    await fix();
  });

  it('asks less and less often whether the system is back, one worker at a time', async () => {
    world.simulator.faults.setOutage({ kind: 'unavailable' });
    await editAll('Waiting');
    await world.run();
    const asked = () => world.simulator.ledger.entries({ source: 'api', path: '/v1/account' }).length;
    const before = asked();
    for (let second = 0; second < 60; second += 1) {
      world.advance(1_000);
      await Promise.all([world.run(), world.run()]);
    }
    // After 1, 2, 4, 8, 16 and then 30 seconds each.
    expect(asked() - before).to.equal(5);
    await fix();
  });

  it('tries one mapping at a time until one action is carried out', async () => {
    await openAndWait();
    world.simulator.faults.setOutage(null);
    world.simulator.faults.add({ kind: 'hang', method: 'POST' });
    expect(await world.lane.runOnce()).to.equal(1);
    await world.simulator.faults.waitForHeld();
    expect((await readBreaker(world.db, PLACE))?.openedAt).to.equal(null);
    const more = world.lane.runOnce();
    expect(world.lane.status()).to.include({ inHand: 1 });
    world.simulator.faults.release();
    await more;
    await world.lane.drain();
    expect(await readBreaker(world.db, PLACE)).to.equal(null);
    expect(linesOf('breaker.closed')).to.have.length(1);
    await fix();
  });

  it('opens again at once if that one fails too, and keeps the time of the first opening', async () => {
    const since = await openAndWait();
    world.simulator.faults.setOutage(null);
    world.simulator.faults.add({ kind: 'reset', method: 'POST', times: null });
    const calls = world.calls().length;
    await world.run();
    const row = await readBreaker(world.db, PLACE);
    expect(row?.openedAt).to.deep.equal(world.clock.now());
    expect(row?.since).to.deep.equal(since);
    expect(world.calls()).to.have.length(calls + 1);
    world.simulator.faults.clear();
    await fix();
  });

  it('brings the due times forward with the first success, spread so that the rate stays even', async () => {
    await openAndWait();
    await world.db.raw(
      `update external_mappings set next_attempt_at = :late where dirty <> clean and attempts > 0`,
      {
        late: new Date(world.clock.now().getTime() + 5 * MINUTE),
      },
    );
    world.simulator.faults.setOutage(null);
    await world.run();
    const { rows } = await world.db.raw<{ rows: { at: Date }[] }>(
      `select next_attempt_at as at from external_mappings where dirty <> clean and attempts > 0 order by 1`,
    );
    const waits = rows.map(({ at }) => at.getTime() - world.clock.now().getTime());
    expect(waits).to.deep.equal([1, 2, 3, 4]);
    world.advance(100);
    await world.run();
    await expectAgreement(world);
  });

  it('brings forward also what a short outage delayed, but not one customer that keeps failing', async () => {
    world.simulator.faults.add({ kind: 'reset', method: 'POST', times: 3 });
    for (const id of ids.slice(0, 3)) await world.update(id, { name: 'Put off' });
    await world.run();
    const neighbour = ids[4] ?? 0;
    await world.update(neighbour, { name: 'First success' });
    await world.run();
    world.advance(3);
    await world.run();
    await expectAgreement(world);

    const stuck = await mappingOf(world.db, ids[0] ?? 0);
    world.simulator.faults.add({ kind: 'reset', path: `/v1/customers/${stuck.externalId}`, times: null });
    await world.update(ids[0] ?? 0, { name: 'Stuck' });
    await world.run();
    const { nextAttemptAt } = await mappingOf(world.db, ids[0] ?? 0);
    await world.update(neighbour, { name: 'Another success' });
    await world.run();
    expect((await mappingOf(world.db, ids[0] ?? 0)).nextAttemptAt).to.deep.equal(nextAttemptAt);
    await fix();
  });

  it('does not count its open time as failing of a customer', async () => {
    await openAndWait();
    for (let hour = 0; hour < 30; hour += 1) {
      world.advance(60 * MINUTE);
      await world.run();
    }
    world.simulator.faults.setOutage(null);
    world.simulator.faults.add({ kind: 'reset', method: 'POST' });
    await world.run();
    await fix();
    expect(linesOf('delivery.settled').filter(({ outcome }) => outcome === 'parked')).to.deep.equal([]);
  });

  it('is remembered over a restart, and a fixed key is used at the next one', async () => {
    await openAndWait();
    const calls = world.calls().length;
    const restarted = world.worker();
    expect(await restarted.runOnce().catch((error: unknown) => error)).to.include({
      code: 'system_unreachable',
    });
    expect(world.calls()).to.have.length(calls);
    expect((await readBreaker(world.db, PLACE))?.openedAt).to.not.equal(null);
    world.simulator.faults.setOutage(null);
    await world.run(world.worker());
    expect(await readBreaker(world.db, PLACE)).to.equal(null);
    await fix();
  });

  it('opens for a key that is refused at the start already, once the account is known', async () => {
    world.simulator.faults.add({ kind: 'error_before_effect', status: 401, stored: false });
    await world
      .worker()
      .runOnce()
      .catch(() => undefined);
    expect((await readBreaker(world.db, PLACE))?.why).to.include({ kind: 'auth' });
    await fix();
  });

  it('loses one probe with a worker that dies in it', async () => {
    await openAndWait();
    world.simulator.faults.setOutage(null);
    enableFailpoint('breaker.probing', 'throw', { once: true });
    expect(await world.lane.runOnce().catch(() => 'died')).to.equal('died');
    expect((await readBreaker(world.db, PLACE))?.openedAt).to.not.equal(null);
    expect(await claimProbe(world.db, { ...PLACE, now: world.clock.now() })).to.equal(false);
    world.advance(30_000);
    await world.run();
    expect(await readBreaker(world.db, PLACE)).to.equal(null);
    await fix();
  });

  it('lets work continue after a worker that dies between closing it and bringing the due times forward', async () => {
    await openAndWait();
    world.simulator.faults.setOutage(null);
    enableFailpoint('breaker.closed', 'throw', { once: true });
    await world.run();
    expect(await readBreaker(world.db, PLACE)).to.equal(null);
    await fix();
  });

  /**
   * Each customer has an edit to send and nothing answers; the next probe is due. Returns when the
   * breaker opened.
   */
  async function openAndWait(): Promise<Date> {
    world.simulator.faults.setOutage({ kind: 'unavailable' });
    await editAll('In the outage');
    await world.run();
    const row = await readBreaker(world.db, PLACE);
    expect(row?.openedAt).to.be.an.instanceOf(Date);
    world.advance(10 * MINUTE);
    return row?.since ?? new Date(0);
  }

  async function editAll(name: string): Promise<void> {
    for (const id of ids) await world.update(id, { name });
    await world.receive();
  }

  async function attemptsOf(): Promise<number[]> {
    return Promise.all(ids.map(async (id) => (await mappingOf(world.db, id)).attempts));
  }

  function linesOf(event: string) {
    return world.log.filter((line) => line.event === event);
  }

  /** Nothing fails any more, and all customers reach agreement. */
  async function fix(): Promise<void> {
    world.simulator.faults.setOutage(null);
    world.simulator.faults.clear();
    for (let n = 0; n < 4; n += 1) {
      world.advance(5 * MINUTE);
      await world.run();
    }
    await expectAgreement(world);
  }
});
