import { expect } from 'chai';
import { readCustomer } from '../../support/customers.ts';
import { enableFailpoint } from '../../../lib/failpoint.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { conflictsOf, mappingOf } from '../../support/sync-rows.ts';
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
    await world.notify(id);
    await world.run();
    expect(await mappingOf(world.db, id)).to.include({ state: 'parked', reason: 'missing' });
    expect(await readCustomer(world.db, id)).to.include({ deletedAt: null });
  });

  it('and is deleted after all ends without a reason, also by a worker that dies half-way', async () => {
    const { id, externalId } = await linkedPair(world);
    await hide();
    await world.notify(id);
    await world.run();
    await world.db.raw(`update external_mappings set external_id = :externalId`, { externalId });
    world.simulator.dashboard.deleteCustomer(externalId);
    enableFailpoint('delete-ours.after', 'throw', { once: true });
    await world.notify(id);
    await world.run();
    expect(await mappingOf(world.db, id)).to.include({ state: 'tombstoned', reason: null });
    await world.rest();
    await expectAgreement(world);
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

  it('to a request that was sent before does not end it while that first send may still arrive', async () => {
    const { faults, ledger } = world.simulator;
    const { id } = await linkedPair(world);
    await world.update(id, { name: 'Second' });
    faults.add({ kind: 'hang', method: 'POST' });
    await world.run(world.worker({ integration: world.integrate({ timeoutMs: 50 }) }));
    const notThere = { status: 404, code: 'resource_missing', stored: false };
    faults.add({ kind: 'error_before_effect', method: 'POST', ...notThere });
    world.advance(MINUTE);
    await world.run();
    await world.update(id, { name: 'Third' });
    await world.run();
    const after = ledger.entries().at(-1)?.seq ?? 0;
    faults.release();
    await ledger.waitFor({ method: 'POST', after });
    await world.rest();
    expect(world.simulator.customers()[0]).to.include({ name: 'Third' });
    expect(await conflictsOf(world.db, id)).to.deep.equal([]);
    await expectAgreement(world);
  });
});
