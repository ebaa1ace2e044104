import { findByIdentity } from '../../../db/external-records.ts';
import { DEFAULT_ACCOUNT } from '../../../simulator/http/keys.ts';
import { expect } from 'chai';
import { countLeftAliases, listHeldDeletions, listLeftAliases } from '../../../db/mappings/aliases.ts';
import { askForRead } from '../../../db/inbound.ts';
import { listCustomers, readCustomer } from '../../support/customers.ts';
import { compareAll } from '../../../lib/operations/comparison.ts';
import { operationsOf, doubled, recordMapping, standsOf } from '../../support/choice.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { conflictsOf } from '../../support/sync-rows.ts';
import { fateOf, linkedPair, useTwoWay, type TwoWayWorld } from '../../support/two-way.ts';

type Dashboard = TwoWayWorld['simulator']['dashboard'];

describe('a second record of a customer', () => {
  const world = useTwoWay();
  const at = (): Dashboard => world.simulator.dashboard;
  const living = async (): Promise<string[]> =>
    (await listCustomers(world.db, { limit: 9 })).map(({ name, email }) => `${name} ${email}`);

  describe('is gone', () => {
    it('once it was deleted there: its mapping ends, and the pair stays', async () => {
      const { id, first, second } = await doubled(world);
      at().deleteCustomer(second);
      await world.rest();
      expect(await standsOf(world, id)).to.deep.equal([
        `${first} primary linked`,
        `${second} alias tombstoned`,
      ]);
      expect(await fateOf(world.db, second)).to.deep.equal(['created conflict', 'deleted applied']);
      await expectAgreement(world);
      expect((await compareAll(world.deps)).findings).to.deep.equal([]);
    });

    it('not by a 404, which is never a deletion', async () => {
      const { id, first, second } = await doubled(world);
      const gone = {
        kind: 'error_before_effect',
        method: 'GET',
        path: '/v1/customers/:id',
        status: 404,
      } as const;
      world.simulator.faults.add(gone);
      at().updateCustomer(second, { phone: '1' });
      await world.rest();
      expect(await standsOf(world, id)).to.deep.equal([`${first} primary linked`, `${second} alias alias`]);
    });

    it('and is looked at again after a failure there, without ever being parked', async () => {
      const { id, first, second } = await doubled(world);
      world.simulator.faults.add({ kind: 'error_before_effect', method: 'GET', path: '/v1/customers/:id' });
      at().deleteCustomer(second);
      await world.rest();
      expect(await standsOf(world, id)).to.deep.equal([
        `${first} primary linked`,
        `${second} alias tombstoned`,
      ]);
    });
  });

  describe('with an email of its own', () => {
    it('is unmatched again, and becomes a customer by the usual policy', async () => {
      const { id, first, second } = await doubled(world);
      at().updateCustomer(second, { name: 'Bo', email: 'bo@example.com' });
      await world.rest();
      expect(await standsOf(world, id)).to.deep.equal([`${first} primary linked`]);
      expect(await living()).to.deep.equal(['Ada ada@example.com', 'Bo bo@example.com']);
      await expectAgreement(world);
    });

    it('waits where no record becomes a customer', async () => {
      const { second } = await doubled(world);
      at().updateCustomer(second, { email: 'bo@example.com' });
      await world.rest(world.worker({ policy: { imports: false } }));
      expect(await recordMapping(world, second)).to.include({
        ...{ internalId: null, state: 'waiting', reason: 'not_imported' },
      });
    });

    it('that another customer has is that one’s second record', async () => {
      const { id, second } = await doubled(world);
      const bo = await linkedPair(world, { name: 'Bo', email: 'bo@example.com' });
      at().updateCustomer(second, { email: 'bo@example.com' });
      await world.rest();
      expect(await recordMapping(world, second)).to.include({ internalId: bo.id, state: 'alias' });
      expect(await standsOf(world, id)).to.have.length(1);
      await expectAgreement(world);
    });

    it('is none as long as its email is not changed at the system: the customer’s own email may change', async () => {
      const { id, second } = await doubled(world);
      await world.update(id, { email: 'new@example.com' });
      await world.rest();
      at().updateCustomer(second, { name: 'Ada L.' });
      await world.rest();
      expect(await recordMapping(world, second)).to.include({ internalId: id, state: 'alias' });
      expect(await living()).to.deep.equal(['Ada new@example.com']);
    });
  });

  describe('lives on when the linked one is deleted there: the customer', () => {
    it('stays and waits, and says for whom', async () => {
      const { id, first, second } = await doubled(world);
      at().deleteCustomer(first);
      await world.rest();
      expect((await readCustomer(world.db, id))?.deletedAt).to.equal(null);
      expect(await standsOf(world, id)).to.deep.equal([
        `${first} primary waiting alias_lives`,
        `${second} alias alias`,
      ]);
      const [held] = await listHeldDeletions(world.db, 'stripe', 9);
      expect(held).to.deep.include({
        ...{ customerId: id, externalId: first, aliases: [second], accepted: false },
      });
    });

    it('keeps its edits meanwhile, and sends them to the record that takes over', async () => {
      const { id, first, second } = await doubled(world);
      at().deleteCustomer(first);
      await world.rest();
      await world.update(id, { name: 'Ada King' });
      await world.rest();
      expect(await standsOf(world, id)).to.include(`${first} primary waiting alias_lives`);
      expect(await operationsOf(world).choose(id, second, 'ops')).to.have.property('outcome', 'linked');
      await world.rest();
      expect(await standsOf(world, id)).to.deep.equal([
        `${first} alias tombstoned`,
        `${second} primary linked`,
      ]);
      expect(world.simulator.customers().map(({ name }) => name)).to.deep.equal(['Ada King']);
      await expectAgreement(world);
    });

    it('goes too once a person accepts the deletion, and the other record is reported as left at the system', async () => {
      const { id, first, second } = await doubled(world);
      at().deleteCustomer(first);
      await world.rest();
      const operations = operationsOf(world);
      expect(await operations.acceptDeletion(id, 'ops')).to.deep.equal({
        ...{ outcome: 'accepted', customer: id, externalId: first },
      });
      expect(await operations.acceptDeletion(id, 'ops')).to.have.property('outcome', 'accepted_already');
      await world.rest();
      expect((await readCustomer(world.db, id))?.deletedAt).to.not.equal(null);
      expect(
        (await conflictsOf(world.db, id)).map(({ kind, theirs }) => [kind, theirs]),
      ).to.have.deep.members([
        ['external_duplicate', second],
        ['deleted_there', second],
      ]);
      expect((await listLeftAliases(world.db, 'stripe', 9)).map((left) => left.externalId)).to.deep.equal([
        second,
      ]);
      expect(await operations.acceptDeletion(id, 'ops')).to.have.property('outcome', 'not_found');
      await expectAgreement(world);
    });

    it('goes too once its last other record is deleted there', async () => {
      const { id, first, second } = await doubled(world);
      at().deleteCustomer(first);
      await world.rest();
      at().deleteCustomer(second);
      await world.rest();
      expect((await readCustomer(world.db, id))?.deletedAt).to.not.equal(null);
      expect(world.simulator.customers()).to.deep.equal([]);
      await expectAgreement(world);
    });

    it('goes too once the other record is another person’s', async () => {
      const { id, first, second } = await doubled(world);
      at().deleteCustomer(first);
      await world.rest();
      at().updateCustomer(second, { name: 'Bo', email: 'bo@example.com' });
      await world.rest();
      expect((await readCustomer(world.db, id))?.deletedAt).to.not.equal(null);
      expect(await living()).to.deep.equal(['Bo bo@example.com']);
      await expectAgreement(world);
    });

    it('goes as any other does if both were deleted at the system before any event was received', async () => {
      const { id, first, second } = await doubled(world);
      at().deleteCustomer(first);
      at().deleteCustomer(second);
      await world.rest();
      expect((await readCustomer(world.db, id))?.deletedAt).to.not.equal(null);
      await expectAgreement(world);
    });

    it('is deleted here by whoever deletes it, which ends the waiting', async () => {
      const { id, first, second } = await doubled(world);
      at().deleteCustomer(first);
      await world.rest();
      await world.remove(id);
      await world.rest();
      expect(await standsOf(world, id)).to.deep.equal([
        `${first} primary tombstoned`,
        `${second} alias alias`,
      ]);
      await expectAgreement(world);
    });
  });

  describe('of a customer that was deleted here', () => {
    /** What a create with the email would find. */
    const alike = async (): Promise<string[]> => {
      const place = {
        system: 'stripe',
        account: DEFAULT_ACCOUNT,
        entityType: 'customer',
        externalType: 'customer',
      };
      return (await findByIdentity(world.db, place, 'ada@example.com')).externalIds;
    };

    it('is listed as left there, found by its email, and not taken in again by its next event', async () => {
      const { id, second } = await doubled(world);
      await world.remove(id);
      await world.rest();
      expect(await countLeftAliases(world.db, 'stripe')).to.equal(1);
      expect(await alike()).to.deep.equal([second]);
      at().updateCustomer(second, { name: 'Ada L.' });
      await world.rest();
      expect(await living()).to.deep.equal([]);
      expect(await countLeftAliases(world.db, 'stripe')).to.equal(1);
    });

    it('is taken by a new customer that a person chooses it for', async () => {
      const { id, first, second } = await doubled(world);
      await world.remove(id);
      await world.rest();
      const again = await world.create({ name: 'Ada', email: 'ada@example.com' });
      await world.receive();
      expect(await operationsOf(world).choose(again.id, second, 'ops')).to.have.property(
        'outcome',
        'consented',
      );
      await world.db.raw(
        `update external_mappings set state = 'waiting', reason = 'not_linked', clean = dirty
         where internal_id = :id and external_id is null`,
        { id: again.id },
      );
      await world.rest();
      expect(await standsOf(world, again.id)).to.deep.equal([`${second} primary linked`]);
      expect(await standsOf(world, id)).to.deep.equal([`${first} primary tombstoned`]);
      expect(world.simulator.customers()).to.have.length(1);
      await expectAgreement(world);
    });

    it('and was let go there is found by its email, and can be taken by a new customer', async () => {
      const letting = world.worker({ policy: { deletes: 'detach' } });
      const { id, externalId } = await linkedPair(world, { name: 'Ada', email: 'ada@example.com' });
      await world.remove(id);
      await world.rest(letting);
      expect(await alike()).to.deep.equal([externalId]);
      const again = await world.create({ name: 'Ada', email: 'ada@example.com' });
      await world.receive();
      await operationsOf(world).choose(again.id, externalId, 'ops');
      await world.db.raw(
        `update external_mappings set state = 'waiting', reason = 'not_linked', clean = dirty
         where internal_id = :id and external_id is null`,
        { id: again.id },
      );
      await world.rest(letting);
      expect(await standsOf(world, again.id)).to.deep.equal([`${externalId} primary linked`]);
      expect(world.simulator.customers()).to.have.length(1);
      await expectAgreement(world);
    });
  });

  it('that no event was received about is read when a person asks for it', async () => {
    const { id, second } = await doubled(world);
    world.simulator.dashboard.deleteCustomer(second);
    for (const event of world.undelivered()) world.lose(event);
    const { system, document } = world.integration;
    const about = { system, entityType: 'customer', externalType: document.externalType, externalId: second };
    await askForRead(world.db, { ...about, now: world.clock.now() });
    await world.rest();
    expect(await standsOf(world, id)).to.include(`${second} alias tombstoned`);
    await expectAgreement(world);
  });
});
