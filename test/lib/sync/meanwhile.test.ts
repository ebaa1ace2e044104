import { expect } from 'chai';
import { readCustomer } from '../../support/customers.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { pauseAt } from '../../support/signal.ts';
import { conflictsOf } from '../../support/sync-rows.ts';
import { linkedPair, useTwoWay } from '../../support/two-way.ts';

const MINUTE = 60_000;

describe('an edit here that comes in the middle', () => {
  const world = useTwoWay();

  it('of a pull of the same field is not overwritten by it: both are reported, and the rule decides', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Theirs' });
    await world.deliver();
    await world.receiveInbound();
    const read = pauseAt('reconcile.read');
    const running = world.run();
    await read.reached;
    await world.update(id, { name: 'Ours' });
    read.resume();
    await running;
    await world.rest();
    expect(await readCustomer(world.db, id)).to.include({ name: 'Ours' });
    const [conflict, ...more] = await conflictsOf(world.db, id);
    expect(conflict).to.include({ kind: 'both_moved', field: 'name', ours: 'Ours', theirs: 'Theirs' });
    expect(more).to.deep.equal([]);
    await expectAgreement(world);
  });

  it('of an unanswered write waits for it: the same key goes with the same body, and what is new has its own', async () => {
    const { id } = await world.create({ name: 'First' });
    world.simulator.faults.add({ kind: 'drop_answer', method: 'POST', times: 2 });
    await world.run();
    await world.update(id, { name: 'Second' });
    world.advance(MINUTE);
    await world.rest();
    const sent = world.simulator.ledger.entries({ source: 'api', method: 'POST' });
    const [key] = sent.map((call) => call.idempotency_key);
    const same = sent.filter((call) => call.idempotency_key === key);
    expect(same.map(({ status }) => status)).to.deep.equal(same.map(() => 200));
    expect(same.at(-1)).to.include({ replayed: true });
    expect(world.simulator.customers().map(({ name }) => name)).to.deep.equal(['Second']);
    await expectAgreement(world);
  });
});

describe('an edit there that comes in the middle of our delete', () => {
  const world = useTwoWay();

  it('after its guard has read is deleted with it, and reported once, by the echo', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'As it was' });
    await world.remove(id);
    const guarded = pauseAt('remove.guarded');
    const running = world.run();
    await guarded.reached;
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Unseen' });
    guarded.resume();
    await running;
    await world.rest();
    await world.deliver(world.simulator.events());
    await world.rest();
    expect(world.simulator.customers()).to.deep.equal([]);
    const told = await conflictsOf(world.db, id);
    expect(told).to.have.length(1);
    expect(told[0]).to.include({
      kind: 'deleted_here',
      field: 'name',
      base: 'As it was',
      theirs: 'Unseen',
      winner: 'ours',
    });
    await expectAgreement(world);
  });

  it('before its guard has read is reported once too, by the guard', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'As it was' });
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Seen' });
    await world.remove(id);
    await world.rest();
    expect((await conflictsOf(world.db, id)).map(({ kind, theirs }) => [kind, theirs])).to.deep.equal([
      ['deleted_here', 'Seen'],
    ]);
    await expectAgreement(world);
  });
});
