import { expect } from 'chai';
import { createChoiceOperations } from '../../lib/operations/record-choice.ts';
import { readAccountRecords } from '../../lib/intake/account-reading.ts';
import { planFirstLink, storeConsents } from '../../lib/operations/link-plan.ts';
import { expectAgreement } from '../support/invariants.ts';
import { mappingOf } from '../support/sync-rows.ts';
import { linkedPair, mappingsIn, useTwoWay } from '../support/two-way.ts';
import { situation } from './situation.ts';
import { customer as customerEntity } from '../../lib/catalogue/built-in.ts';

const MINUTE = 60_000;

/**
 * Records that were at Stripe before Twinbox, or came there without an event, and rows that are
 * created beside them.
 */
describe('first contact and records that existed before', () => {
  const world = useTwoWay({ policy: { looksBeforeCreate: true } });

  const there = (email: string): string[] =>
    world.simulator.customers().flatMap((c) => (c.email?.toLowerCase() === email ? [c.id] : []));

  /** A record of the account of which no event will ever come. */
  function before(email: string): string {
    const { id } = world.simulator.dashboard.createCustomer({ name: 'Before', email });
    for (const event of world.undelivered()) world.lose(event);
    return id;
  }

  const read = () => readAccountRecords(world.deps, new AbortController().signal);

  situation(
    46,
    'an empty table meets a filled account: each record becomes a customer, none is created',
    async () => {
      await world.db('account_readings').delete();
      const records = [before('a@example.com'), before('b@example.com')];
      await read();
      await world.rest();
      expect((await mappingsIn(world.db)).map(({ state }) => state)).to.deep.equal(['linked', 'linked']);
      expect(world.simulator.customers().map(({ id }) => id)).to.have.members(records);
      await expectAgreement(world);
    },
  );

  situation(
    47,
    'a row is created whose record existed before, with the email in another case: one record',
    async () => {
      await world.db('account_readings').delete();
      const record = before('Ada@Example.com');
      const row = await world.create({ email: 'ada@example.com' });
      await world.run();
      await read();
      await world.rest();
      expect(there('ada@example.com')).to.deep.equal([record]);
      await storeConsents(world.deps, await planFirstLink(world.deps), 'ops');
      await world.rest();
      expect(await mappingOf(world.db, row.id)).to.include({ externalId: record, state: 'linked' });
      await expectAgreement(world);
    },
  );

  situation(
    48,
    'a checkout creates a record, then a row is created before its webhook: one record',
    async () => {
      const { id } = world.simulator.dashboard.createCustomer({ name: 'Bo', email: 'bo@example.com' });
      const row = await world.create({ name: 'Bo', email: 'bo@example.com' });
      const linking = world.worker({ policy: { linkByEmail: 'link' } });
      await world.rest(linking);
      expect(there('bo@example.com')).to.deep.equal([id]);
      expect((await mappingOf(world.db, row.id)).externalId).to.equal(id);
      await expectAgreement(world);
    },
  );

  situation(49, 'the record that a create waits for is deleted at Stripe: the create is sent', async () => {
    const { id } = world.simulator.dashboard.createCustomer({ name: 'Bo', email: 'bo@example.com' });
    const row = await world.create({ name: 'Bo', email: 'bo@example.com' });
    await world.rest();
    world.simulator.dashboard.deleteCustomer(id);
    await world.rest();
    expect((await mappingOf(world.db, row.id)).state).to.equal('linked');
    expect(there('bo@example.com')).to.have.length(1);
    await expectAgreement(world);
  });

  situation(
    50,
    'the linked one of two records is deleted at Stripe: the customer stays, and waits',
    async () => {
      const pair = await linkedPair(world, { name: 'Ada', email: 'ada@example.com' });
      const { id: second } = world.simulator.dashboard.createCustomer({ email: 'ada@example.com' });
      await world.rest();
      world.simulator.dashboard.deleteCustomer(pair.externalId);
      await world.rest();
      const primary = (await mappingsIn(world.db)).find(({ role }) => role === 'primary');
      expect(primary).to.include({ state: 'waiting', reason: 'alias_lives' });
      const target = { system: 'stripe', externalType: 'customer' };
      await createChoiceOperations({
        entity: customerEntity,
        db: world.db,
        clock: world.clock,
        nudge: () => undefined,
        target,
      }).choose(pair.id, second, 'ops');
      await world.rest();
      expect(there('ada@example.com')).to.deep.equal([second]);
      await expectAgreement(world);
    },
  );

  situation(
    51,
    'a row is deleted, its record stays, and the row is created again: no third record',
    async () => {
      const letting = world.worker({ policy: { deletes: 'detach' } });
      const pair = await linkedPair(world, { name: 'Ada', email: 'ada@example.com' });
      await world.remove(pair.id);
      await world.rest(letting);
      await world.create({ name: 'Ada', email: 'ada@example.com' });
      await world.rest(letting);
      expect(there('ada@example.com')).to.deep.equal([pair.externalId]);
    },
  );

  situation(52, 'a customer of a test clock, which no list shows, is found all the same', async () => {
    await world.db('account_readings').delete();
    const clock = world.simulator.dashboard.createTestClock({ frozen_time: 1_700_000_000 });
    const { id } = world.simulator.dashboard.createCustomer({
      email: 'clock@example.com',
      test_clock: clock.id,
    });
    for (const event of world.undelivered()) world.lose(event);
    await world.create({ email: 'clock@example.com' });
    await read();
    world.advance(MINUTE);
    await world.rest();
    expect(there('clock@example.com')).to.deep.equal([id]);
  });
});
