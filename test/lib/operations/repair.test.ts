import { expect } from 'chai';
import { listCustomers, readCustomer } from '../../support/customers.ts';
import { readSweep } from '../../../db/sweep.ts';
import { compareAll } from '../../../lib/operations/comparison.ts';
import { repair, type Asked } from '../../../lib/operations/repair.ts';
import { sweep } from '../../../lib/intake/sweep.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { conflictsOf } from '../../support/sync-rows.ts';
import { linkedPair, useTwoWay } from '../../support/two-way.ts';

const DAY = 24 * 3_600_000;

describe('the repair of what drifts', () => {
  const world = useTwoWay();

  async function repairAll(): Promise<Asked> {
    const began = world.clock.now();
    const asked = await repair(world.deps, await compareAll(world.deps), {
      comparedSince: began,
      actor: 'a test',
    });
    await world.run();
    return asked;
  }

  const drift = async (): Promise<string[]> =>
    (await compareAll(world.deps)).findings.flatMap(({ kind, why }) => (kind === 'drift' ? [why] : []));

  it('pulls an edit of theirs whose event was never received', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Unheard' });
    expect(await drift()).to.deep.equal(['name']);
    expect((await repairAll()).pairs.map(({ customer }) => customer)).to.deep.equal([id]);
    expect(await readCustomer(world.db, id)).to.include({ name: 'Unheard' });
    await expectAgreement(world);
  });

  it('decides as any change does, and keeps both values where both had moved', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Theirs' });
    await world.db.raw(`alter table customers disable trigger user`);
    await world.db.raw(`update customers set name = 'Ours' where id = :id`, { id });
    await world.db.raw(`alter table customers enable trigger user`);
    await repairAll();
    expect(world.simulator.customers()[0]).to.include({ name: 'Ours' });
    expect((await conflictsOf(world.db, id))[0]).to.include({
      ours: 'Ours',
      theirs: 'Theirs',
      winner: 'ours',
    });
    expect(await drift()).to.deep.equal([]);
  });

  it('takes over a delete of theirs whose event was never received', async () => {
    const { id, externalId } = await linkedPair(world);
    world.simulator.dashboard.deleteCustomer(externalId);
    await repairAll();
    expect((await readCustomer(world.db, id))?.deletedAt).to.not.equal(null);
    expect(await drift()).to.deep.equal([]);
  });

  it('imports customers that were created at Stripe since the binding and whose events were never received', async () => {
    world.advance(DAY);
    world.simulator.dashboard.createCustomer({ name: 'New', email: 'new@example.com' });
    const asked = await repairAll();
    expect(asked.records).to.have.length(1);
    expect((await listCustomers(world.db, { limit: 9 })).map(({ name }) => name)).to.deep.equal(['New']);
    await world.rest();
    await expectAgreement(world);
  });

  it('asks for nothing that was made before the binding, or by another installation', async () => {
    world.simulator.dashboard.createCustomer({ name: 'Before', email: 'before@example.com' });
    world.advance(DAY);
    const metadata = { twinbox_another1: '01900000-0000-7000-8000-000000000000' };
    world.simulator.dashboard.createCustomer({ name: 'Another’s', metadata });
    expect((await repairAll()).records).to.deep.equal([]);
    expect((await compareAll(world.deps)).unknownThere).to.equal(2);
  });

  it('finds the row of a record that has our owner tag and lost its pair', async () => {
    const { id, externalId } = await linkedPair(world);
    await world.db.raw(`update external_mappings set external_id = null, state = 'pending', shadow = '{}'`);
    expect(await drift()).to.deep.equal(['our_tag_without_mapping']);
    await repairAll();
    await world.run();
    expect(world.simulator.ledger.effects()).to.include({ created: 1 });
    const { rows } = await world.db.raw<{ rows: unknown[] }>(
      `select internal_id as id, external_id as "externalId" from external_mappings`,
    );
    expect(rows).to.deep.equal([{ id, externalId }]);
    expect(await drift()).to.deep.equal([]);
  });

  it('leaves alone, and names, a pair that has ended while its row lives', async () => {
    const { id } = await linkedPair(world);
    await world.db.raw(`update external_mappings set state = 'tombstoned'`);
    const asked = await repairAll();
    expect(asked.pairs).to.deep.equal([]);
    expect(asked.left.map(({ customer }) => customer)).to.deep.equal([id]);
  });

  it('ends the warning of events that were never read', async () => {
    const { signal } = new AbortController();
    await linkedPair(world);
    world.advance(40 * DAY);
    await sweep(world.deps, { retentionDays: 35, signal });
    expect((await readSweep(world.db, 'stripe'))?.lostTo).to.not.equal(null);
    await repairAll();
    expect((await readSweep(world.db, 'stripe'))?.lostTo).to.equal(null);
  });
});
