// Pauses of a system, a direction or a customer, with the workers that meet them.
import { expect } from 'chai';
import { enableFailpoint } from '../../../lib/failpoint.ts';
import { verifyAudit } from '../../../lib/operations/audit-chain.ts';
import { readLanes } from '../../../lib/operations/lane-list.ts';
import { createLaneOperations, type LaneAsked } from '../../../lib/operations/lanes.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { pauseAt } from '../../support/signal.ts';
import { mappingOf } from '../../support/sync-rows.ts';
import { linkedPair, useTwoWay } from '../../support/two-way.ts';

const MINUTE = 60_000;
const BY = { actor: 'cli:ada on host', reason: 'a test' };

describe('pauses of lanes', () => {
  const world = useTwoWay();
  const operations = () =>
    createLaneOperations({ db: world.db, clock: world.clock, entity: world.deps.entity });
  const pause = (asked: Omit<LaneAsked, 'system'> = {}) =>
    operations().pause({ system: 'stripe', ...asked }, BY);
  const resume = (asked: Omit<LaneAsked, 'system'> = {}) =>
    operations().resume({ system: 'stripe', ...asked }, BY);
  const nameThere = (externalId: string) =>
    world.simulator.customers().find(({ id }) => id === externalId)?.name;
  const actions = (): Promise<string[]> => world.db('operator_actions').orderBy('id').pluck('action');
  const lanes = async () => {
    const [shown] = await readLanes(
      world.db,
      [{ system: 'stripe', writes: true, pulls: true }],
      world.clock.now(),
    );
    if (!shown) throw new Error('no lane is shown');
    return shown;
  };

  it('outbound: our edits wait and theirs come in; the end sends what waited', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Before' });
    const other = await linkedPair(world);
    expect(await pause({ direction: 'outbound' })).to.include({ outcome: 'paused', inProgress: null });
    const calls = world.calls().length;
    await world.update(id, { name: 'Ours' });
    await world.create({ name: 'New' });
    world.simulator.dashboard.updateCustomer(other.externalId, { name: 'Theirs' });
    await world.rest();
    const writes = world
      .calls()
      .slice(calls)
      .filter((call) => !call.startsWith('GET'));
    expect(writes).to.deep.equal([]);
    expect(await mappingOf(world.db, id)).to.include({ state: 'waiting', reason: 'writes_off' });
    const [row] = await world.db<{ name: string }>('customers').where('id', other.id);
    expect(row).to.include({ name: 'Theirs' });
    expect((await lanes()).lanes[0]).to.deep.include({
      state: 'paused',
      why: 'a test',
      by: BY.actor,
      waiting: 2,
    });
    expect((await lanes()).lanes[1]).to.include({ state: 'no_worker', pending: 0 });

    expect(await resume({ direction: 'outbound' })).to.include({ outcome: 'resumed', released: 2 });
    await world.rest();
    expect(nameThere(externalId)).to.equal('Ours');
    await expectAgreement(world);
    expect(await actions()).to.deep.equal(['pause_outbound', 'resume_outbound']);
    expect((await verifyAudit(world.db)).broken).to.equal(null);
  });

  it('inbound: their edits and deletions wait and ours go out; the end takes them over', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Before' });
    const gone = await linkedPair(world);
    const other = await linkedPair(world);
    await pause({ direction: 'inbound' });
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Theirs' });
    world.simulator.dashboard.deleteCustomer(gone.externalId);
    await world.update(other.id, { name: 'Ours' });
    await world.rest();
    const names = await world.db('customers').whereNull('deleted_at').orderBy('id').pluck('name');
    expect(names).to.include('Before').and.include('Ours').and.have.length(3);
    expect(nameThere(other.externalId)).to.equal('Ours');
    expect(await mappingOf(world.db, id)).to.include({ state: 'waiting', reason: 'pulls_off' });
    await resume({ direction: 'inbound' });
    await world.rest();
    expect((await world.db('customers').where({ id }))[0]).to.include({ name: 'Theirs' });
    await expectAgreement(world);
  });

  it('one customer: no worker takes its pair, whoever raises it, and all others flow', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Before' });
    const other = await linkedPair(world);
    expect(await pause({ row: id })).to.include({ outcome: 'paused', inProgress: 0 });
    await world.update(id, { name: 'Ours' });
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Theirs' });
    await world.update(other.id, { name: 'Flows' });
    await world.deliver();
    await world.receiveInbound();
    await world.run(world.worker());
    await world.notify(id);
    await world.run(world.worker());
    expect(nameThere(other.externalId)).to.equal('Flows');
    expect(nameThere(externalId)).to.equal('Theirs');
    expect((await world.db('customers').where({ id }))[0]).to.include({ name: 'Ours' });
    expect((await lanes()).paused).to.deep.include({ count: 1 });
    expect(await resume({ row: id })).to.include({ outcome: 'resumed' });
    await world.rest();
    await expectAgreement(world);
    const [, ended] = await world.db<{ detail: object }>('operator_actions').orderBy('id');
    expect(ended?.detail).to.deep.equal({ entity: 'customer', row: id });
    expect(await world.db('operator_action_pairs')).to.have.length(2);
  });

  it('many paused customers take no place from the others', async () => {
    const paused: number[] = [];
    for (let n = 0; n < 10; n += 1) paused.push((await world.create()).id);
    await world.rest();
    for (const row of paused) {
      await pause({ row });
      await world.update(row, { name: 'Paused' });
    }
    await world.receive();
    world.advance(MINUTE);
    const { id } = await world.create({ name: 'Flows' });
    await world.run();
    expect(await mappingOf(world.db, id)).to.include({ state: 'linked' });
    expect(world.simulator.customers().filter(({ name }) => name === 'Paused')).to.deep.equal([]);
  });

  it('the time of a pause of a customer is no time of failing', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.faults.add({
      kind: 'error_before_effect',
      method: 'POST',
      path: `/v1/customers/${externalId}`,
      status: 500,
      times: 2,
    });
    await world.update(id, { name: 'Ours' });
    await world.run();
    const before = (await mappingOf(world.db, id)).firstFailedAt;
    await pause({ row: id });
    world.advance(90 * 60 * MINUTE);
    await resume({ row: id });
    expect(before).to.be.instanceOf(Date);
    const shifted = (await mappingOf(world.db, id)).firstFailedAt;
    expect(Number(shifted) - Number(before)).to.equal(90 * 60 * MINUTE);
    await world.rest();
    await expectAgreement(world);
  });

  it('a step that has begun is finished', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Before' });
    await world.update(id, { name: 'Begun' });
    await world.receive();
    const step = pauseAt('reconcile.loaded');
    await world.lane.runOnce();
    await step.reached;
    expect(await pause({ row: id })).to.include({ inProgress: 1 });
    await pause({ direction: 'outbound' });
    step.resume();
    await world.lane.drain();
    expect(nameThere(externalId)).to.equal('Begun');
    await resume({ row: id });
    await resume({ direction: 'outbound' });
  });

  for (const [point, when] of [
    ['settle.before', 'before the step notes that it waits'],
    ['settle.before-commit', 'while the step notes that it waits'],
  ] as const)
    it(`a pause that ends ${when} leaves no pair waiting`, async () => {
      const { id, externalId } = await linkedPair(world, { name: 'Before' });
      await pause({ direction: 'outbound' });
      await world.update(id, { name: 'Ours' });
      await world.receive();
      const step = pauseAt(point);
      await world.lane.runOnce();
      await step.reached;
      const ending = resume({ direction: 'outbound' });
      if (point === 'settle.before') await ending;
      step.resume();
      await world.lane.drain();
      await ending;
      await world.rest();
      expect(nameThere(externalId)).to.equal('Ours');
      await expectAgreement(world);
    });

  it('a process that ends before the commit leaves nothing of a pause or of its end', async () => {
    const { id } = await linkedPair(world);
    const failing = async (work: () => Promise<unknown>): Promise<void> => {
      const disable = enableFailpoint('lanes.before-commit', 'throw');
      const error: unknown = await work().catch((thrown: unknown) => thrown);
      disable();
      expect(error).to.be.an('error');
    };
    for (const asked of [{}, { direction: 'outbound' as const }, { row: id }]) {
      await failing(() => pause(asked));
      expect(await resume(asked)).to.include({ outcome: 'not_paused' });
      await pause(asked);
      await failing(() => resume(asked));
      expect(await pause(asked)).to.include({ outcome: 'paused_already' });
      expect(await resume(asked)).to.include({ outcome: 'resumed' });
    }
    expect((await verifyAudit(world.db)).broken).to.equal(null);
  });

  it('of pauses at the same moment one begins, and all are recorded', async () => {
    const { id } = await linkedPair(world);
    for (const asked of [{}, { direction: 'inbound' as const }, { row: id }]) {
      const results = await Promise.all([1, 2, 3, 4].map(() => pause(asked)));
      expect(results.filter(({ outcome }) => outcome === 'paused')).to.have.length(1);
      await resume(asked);
    }
    expect(await actions()).to.have.length(15);
  });

  it('each pause is ended by itself, and the others are named', async () => {
    const { id } = await linkedPair(world, { name: 'Before' });
    await pause();
    await pause({ direction: 'outbound' });
    await world.update(id, { name: 'Ours' });
    expect((await lanes()).lanes.map(({ state }) => state)).to.deep.equal(['paused', 'paused']);
    expect(await resume()).to.deep.include({ outcome: 'resumed', stillPaused: ['outbound'], released: 0 });
    await world.rest();
    expect(await resume()).to.deep.include({ outcome: 'not_paused', released: 0 });
    expect(await mappingOf(world.db, id)).to.include({ state: 'waiting' });
    await resume({ direction: 'outbound' });
    await world.rest();
    await expectAgreement(world);
    expect(await pause({ row: 999 })).to.deep.equal({ outcome: 'not_found' });
    expect(await resume({ row: 999 })).to.deep.equal({ outcome: 'not_found' });
  });
});
