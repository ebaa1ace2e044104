import { expect } from 'chai';
import { readCustomer } from '../../support/customers.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { pauseAt } from '../../support/signal.ts';
import { conflictsOf, expireLeases, mappingOf, outcomesOf } from '../../support/sync-rows.ts';
import { linkedPair, useTwoWay } from '../../support/two-way.ts';

const MINUTE = 60_000;

describe('what comes too late', () => {
  const world = useTwoWay();

  it('moves no shadow: an echo that is received after a newer edit was pulled makes no conflict of the next one', async () => {
    const { id, externalId } = await linkedPair(world);
    const { dashboard } = world.simulator;
    await world.update(id, { name: 'Ours' });
    await world.run();
    dashboard.updateCustomer(externalId, { name: 'Theirs' });
    await world.deliver(world.undelivered().slice(-1));
    await world.receiveInbound();
    await world.run();
    expect(await readCustomer(world.db, id)).to.include({ name: 'Theirs' });
    dashboard.updateCustomer(externalId, { name: 'Theirs again' });
    await world.rest();
    expect(await readCustomer(world.db, id)).to.include({ name: 'Theirs again' });
    expect(await conflictsOf(world.db, id)).to.deep.equal([]);
    await expectAgreement(world);
  });

  it('is not dropped for being older: an echo beside a newer event still reports the edit that was covered', async () => {
    const { id, externalId } = await linkedPair(world);
    const { dashboard } = world.simulator;
    dashboard.updateCustomer(externalId, { name: 'Covered' });
    await world.update(id, { name: 'Ours' });
    await world.run();
    world.advance(MINUTE);
    dashboard.updateCustomer(externalId, { email: 'newer@example.com' });
    await world.rest();
    const told = (await conflictsOf(world.db, id)).map(({ kind, theirs }) => [kind, theirs]);
    expect(told).to.deep.equal([['overwritten_unseen', 'Covered']]);
    await expectAgreement(world);
  });

  it('is not settled: who slept after a lost answer finds that another has finished, and writes nothing', async () => {
    const { id } = await linkedPair(world);
    await world.update(id, { name: 'Ours' });
    world.simulator.faults.add({ kind: 'drop_answer', method: 'POST', times: 9 });
    const settling = pauseAt('settle.before');
    const slept = world.run();
    await settling.reached;
    world.simulator.faults.clear();
    await expireLeases(world.db);
    await world.run(world.worker());
    settling.resume();
    await slept;
    expect(await mappingOf(world.db, id)).to.include({ intent: null, attempts: 0 });
    expect(await outcomesOf(world.db, id))
      .to.include('applied')
      .and.to.not.include('queued');
    await world.rest();
    await expectAgreement(world);
  });
});
