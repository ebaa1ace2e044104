import { expect } from 'chai';
import { readCustomer } from '../../../db/customers.ts';
import { mappingOf } from '../../support/sync-rows.ts';
import { linkedPair, useTwoWay } from '../../support/two-way.ts';

const MINUTE = 60_000;

/** A wrong key sees nothing but 404s: they stop a pair, and delete nothing. */
describe('a counterpart that is not to be seen', () => {
  const world = useTwoWay();

  async function hide(): Promise<void> {
    await world.db.raw(`update external_mappings set external_id = 'cus_unknown'`);
  }

  it('is no deletion: the pair is parked, and the row stays', async () => {
    const { id } = await linkedPair(world);
    await hide();
    await world.poke(id);
    await world.run();
    expect(await mappingOf(world.db, id)).to.include({ state: 'parked', reason: 'missing' });
    expect(await readCustomer(world.db, id)).to.include({ deletedAt: null });
  });

  it('is none either where it is read for what became of an update', async () => {
    const { id } = await linkedPair(world);
    await world.update(id, { name: 'Ada' });
    world.simulator.faults.add({ kind: 'error_after_effect', method: 'POST' });
    await world.run();
    expect((await mappingOf(world.db, id)).intent).to.include({ spent: 'stored_failure' });
    await hide();
    world.advance(10 * MINUTE);
    await world.run();
    expect(await mappingOf(world.db, id)).to.include({ state: 'parked', reason: 'missing', intent: null });
    expect(await readCustomer(world.db, id)).to.include({ deletedAt: null, name: 'Ada' });
  });
});
