import { expect } from 'chai';
import { keepRecords } from '../../../db/external-records.ts';
import { DEFAULT_ACCOUNT } from '../../../simulator/http/keys.ts';
import { mappingOf } from '../../support/sync-rows.ts';
import { linkedPair, useTwoWay } from '../../support/two-way.ts';
import { resolutionsOf } from '../../support/resolutions.ts';

/** A row that waits since another customer's record has its email: it goes on once that one has moved. */
describe('a row that waits beside the record of another customer', () => {
  const world = useTwoWay({ policy: { looksBeforeCreate: true } });

  const alive = (email: string): string[] =>
    world.simulator.customers().flatMap((customer) => (customer.email === email ? [customer.id] : []));

  /** The record keeps its old email, since Stripe refused the new one. */
  async function besideRefused(): Promise<{ other: { id: number; externalId: string }; row: number }> {
    const other = await linkedPair(world, { email: 'bo@example.com' });
    const refusal = { status: 400, code: 'email_invalid', stored: false } as const;
    world.simulator.faults.add({ kind: 'error_before_effect', method: 'POST', ...refusal });
    await world.update(other.id, { email: 'moved@example.com' });
    await world.rest();
    expect((await mappingOf(world.db, other.id)).state).to.equal('parked');
    const { id: row } = await world.create({ email: 'bo@example.com' });
    await world.rest();
    expect((await mappingOf(world.db, row)).reasonDetail).to.deep.include({ records: [other.externalId] });
    return { other, row };
  }

  it('goes on once the other customer’s email has gone there', async () => {
    const { other, row } = await besideRefused();
    await world.update(other.id, { email: 'moved@example.org' });
    await world.rest();
    expect((await mappingOf(world.db, row)).state).to.equal('linked');
    expect(alive('bo@example.com')).to.have.length(1).and.not.include(other.externalId);
  });

  it('goes on once people give that record another email', async () => {
    const { other, row } = await besideRefused();
    world.simulator.dashboard.updateCustomer(other.externalId, { email: 'moved@example.com' });
    await world.rest();
    expect((await mappingOf(world.db, row)).state).to.equal('linked');
    expect(alive('bo@example.com')).to.have.length(1).and.not.include(other.externalId);
  });
});

describe('a row whose own record was there at the first contact and is gone', () => {
  const world = useTwoWay({ policy: { looksBeforeCreate: true } });

  it('gets a new one where a person says so, and does not wait beside the old one', async () => {
    const { id, externalId } = await linkedPair(world, { email: 'bo@example.com' });
    const place = { system: 'stripe', account: DEFAULT_ACCOUNT, externalType: 'customer' };
    const createdAt = world.clock.now();
    await world.db.transaction((tx) =>
      keepRecords(tx, place, [{ externalId, identity: 'bo@example.com', createdAt }]),
    );
    world.simulator.reset();
    await world.update(id, { name: 'Edited' });
    await world.rest();
    const { id: mapping, state } = await mappingOf(world.db, id);
    expect(state).to.equal('parked');
    const operations = resolutionsOf(world);
    await operations.resolve(mapping, { action: 'recreate', actor: null, why: null });
    await world.rest();
    expect(world.simulator.customers().map(({ email }) => email)).to.deep.equal(['bo@example.com']);
  });
});
