import { expect } from 'chai';
import { readRow } from '../../../db/entities/rows.ts';
import { ownCatalogue } from '../../support/catalogues.ts';
import { createExplainer } from '../../support/explainer.ts';
import { compareAll } from '../../../lib/operations/comparison.ts';
import { mappingOf } from '../../support/sync-rows.ts';
import { linkedPair, useTwoWay, type TwoWayWorld } from '../../support/two-way.ts';

const { entity, document } = ownCatalogue({
  entities: {
    customer: { fields: { partner: { type: 'reference', entity: 'customer', column: 'partner_id' } } },
  },
  systems: { stripe: { customer: { fields: [{ internal: 'partner', external: 'metadata.partner' }] } } },
});

async function expectNoDifference({ deps }: TwoWayWorld): Promise<void> {
  expect((await compareAll(deps)).findings).to.deep.equal([]);
}

/** Another program may store an id that JavaScript does not have exactly. */
describe('an id beyond 2^53 in a field that names a row', () => {
  const world = useTwoWay({ entity, document });

  it('waits for the reference, and no neighbour of it counts as the row', async () => {
    const { id } = await world.create({ name: 'Ada', email: 'ada@example.com' });
    await world.db.transaction(async (tx) => {
      await tx.raw(
        `update customers set partner_id = 9223372036854775807, version = version + 1, last_event_id = next_sync_event_id() where id = ${id}`,
      );
      await tx.raw(`select write_event('customer', ${id})`);
    });
    await world.rest();
    expect(await mappingOf(world.db, id)).to.deep.include({
      ...{ state: 'waiting', reason: 'reference' },
      reasonDetail: { field: 'partner', entity: 'customer' },
    });
  });
});

/** A field that names another row, at a system where anyone may write any text into it. */
describe('a text in a field that names a record', () => {
  const world = useTwoWay({ entity, document });

  const write = (externalId: string, partner: string): void =>
    void world.simulator.dashboard.updateCustomer(externalId, { metadata: { partner } });
  const partnerOf = async (id: number) => (await readRow(world.db, entity, id))?.fields['partner'] ?? null;
  async function pairs(): Promise<object[]> {
    const { rows } = await world.db.raw<{ rows: object[] }>(
      `select state, reason, external_id = any(:known::text[]) as "isKnown" from external_mappings order by id`,
      { known: world.simulator.customers().map(({ id }) => id) },
    );
    return rows;
  }

  const garbage: [string, string, string][] = [
    ['a record that is not there', 'cus_nothere', 'which Stripe does not have'],
    ['a path', '../balance', 'which Stripe does not have'],
    ['what no request can contain', '..', 'which cannot be read at Stripe'],
    ['another part of the API', 'search', 'which cannot be read at Stripe'],
    ['a text that is too long for an id', 'x'.repeat(300), 'which cannot be read at Stripe'],
  ];
  for (const [what, text, says] of garbage) {
    it(`that is ${what} leaves its pair waiting with the reason, and no other pair`, async () => {
      const { id, externalId } = await linkedPair(world, { name: 'Ada' });
      write(externalId, text);
      await world.rest();
      expect(await pairs()).to.deep.equal([{ state: 'waiting', reason: 'reference', isKnown: true }]);
      expect((await createExplainer(world).one(id)).why).to.include(says);
      const calls = world.calls().length;
      await world.rest();
      expect(world.calls()).to.have.length(calls);
      write(externalId, '');
      await world.rest();
      expect(await pairs()).to.deep.equal([{ state: 'linked', reason: null, isKnown: true }]);
      expect(await partnerOf(id)).to.equal(null);
      await expectNoDifference(world);
    });
  }

  it('that is a record whose event was lost makes a row of that record, and names it', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Ada' });
    const other = world.simulator.dashboard.createCustomer({ name: 'Bo', email: 'bo@x.test' });
    for (const event of world.undelivered()) world.lose(event);
    write(externalId, other.id);
    await world.rest();
    expect(await partnerOf(id))
      .to.be.a('number')
      .and.not.equal(id);
    await expectNoDifference(world);
  });

  it('that names its own record is taken over as the row itself', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Ada' });
    write(externalId, externalId);
    await world.rest();
    expect(await partnerOf(id)).to.equal(id);
    await expectNoDifference(world);
  });
});

describe('a row that names itself', () => {
  const world = useTwoWay({ entity, document });
  const metadata = (): unknown => world.simulator.customers()[0]?.['metadata'];
  const updateSql = (id: number): string =>
    `update customers set partner_id = id, version = version + 1, last_event_id = next_sync_event_id() where id = ${id}`;

  async function createSelfNaming(): Promise<number> {
    const { id } = await world.create({ name: 'Ada', email: 'ada@x.test' });
    await world.db.transaction(async (tx) => {
      await tx.raw(updateSql(id));
      await tx.raw(`select write_event('customer', ${id})`);
    });
    return id;
  }

  it('gets its record first, and the field by a second request', async () => {
    const id = await createSelfNaming();
    // No event of theirs comes in.
    await world.run();
    const { externalId, state, reason } = await mappingOf(world.db, id);
    expect({ state, reason }).to.deep.equal({ state: 'linked', reason: null });
    expect(metadata()).to.include({ partner: externalId });
    expect(world.calls().filter((call) => call.startsWith('POST'))).to.deep.equal([
      'POST /v1/customers',
      'POST /v1/customers/cus',
    ]);
    await world.rest();
    await expectNoDifference(world);
  });

  for (const writes of [true, false])
    it(`is made of a record that names itself, with writes ${writes ? 'on' : 'off'}`, async () => {
      const lane = world.worker({ policy: { writes } });
      const { id: externalId } = world.simulator.dashboard.createCustomer({ name: 'Bo', email: 'bo@x.test' });
      world.simulator.dashboard.updateCustomer(externalId, { metadata: { partner: externalId } });
      await world.rest(lane);
      const { rows } = await world.db.raw<{ rows: { id: number; partner: number }[] }>(
        `select id, partner_id as partner from customers`,
      );
      expect(rows).to.have.length(1);
      expect(rows[0]?.partner).to.equal(rows[0]?.id);
      await expectNoDifference(world);
    });
});
