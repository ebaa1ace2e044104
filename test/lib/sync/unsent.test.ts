import { expect } from 'chai';
import { expectAgreement } from '../../support/invariants.ts';
import { closedIntents } from '../../support/sync-rows.ts';
import { useSync } from '../../support/sync.ts';

const HOUR = 3_600_000;

describe('a write of which nothing can have happened', () => {
  const world = useSync();

  it('is not looked for when its key is over: what the row says by then goes out, in one call', async () => {
    const { id } = await world.create({ name: 'Before' });
    const limit = { kind: 'rate_limit', method: 'POST', reason: 'global-rate', times: null } as const;
    const rule = world.simulator.faults.add(limit);
    await world.run();
    world.advance(30 * HOUR);
    await world.run();
    await world.update(id, { name: 'After' });
    world.simulator.faults.remove(rule.id);
    world.advance(HOUR);
    await world.run();
    expect(world.calls().filter((call) => call.startsWith('GET'))).to.deep.equal([]);
    expect(world.simulator.ledger.effects()).to.include({ effects: 1, created: 1 });
    expect(world.simulator.customers()[0]).to.include({ name: 'After' });
    await expectAgreement(world);
  });

  it('goes out as the row says after an edit, not as it was first meant', async () => {
    const { id } = await world.create({ name: 'Before' });
    world.simulator.faults.add({ kind: 'rate_limit', method: 'POST', reason: 'global-rate' });
    await world.run();
    await world.update(id, { name: 'After' });
    world.advance(HOUR);
    await world.run();
    expect(world.simulator.ledger.effects()).to.include({ effects: 1, created: 1 });
    expect((await closedIntents(world.db)).map(({ result }) => result)).to.deep.equal(['not_needed', 'done']);
    await expectAgreement(world);
  });

  it('is looked for all the same if one of its sends may have arrived', async () => {
    await world.create();
    world.simulator.faults.add({ kind: 'drop_answer', method: 'POST' });
    await world.run();
    world.simulator.faults.add({ kind: 'rate_limit', method: 'POST', reason: 'global-rate' });
    world.advance(HOUR);
    await world.run();
    world.advance(25 * HOUR);
    await world.run();
    expect(world.calls()).to.include('GET /v1/events');
    expect(world.simulator.customers()).to.have.length(1);
    await expectAgreement(world);
  });
});
