import { expect } from 'chai';
import { readCustomer } from '../../../db/customers.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { pauseAt } from '../../support/signal.ts';
import { conflictsOf } from '../../support/sync-rows.ts';
import { linkedPair, useTwoWay } from '../../support/two-way.ts';

const MINUTE = 60_000;

describe('an edit here that comes in the middle', () => {
  const world = useTwoWay();

  it('of a pull of the same field is not overwritten by it: both are told, and the rule decides', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Theirs' });
    await world.deliver();
    await world.hear();
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
