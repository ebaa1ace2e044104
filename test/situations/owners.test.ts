import { expect } from 'chai';
import { listCustomers, readCustomer } from '../support/customers.ts';
import { createLinkOperations } from '../../lib/operations/links.ts';
import { expectAgreement } from '../support/invariants.ts';
import { closedIntents, conflictsOf } from '../support/sync-rows.ts';
import { fateOf, linkedPair, mappingsIn, unlinkedRow, useTwoWay } from '../support/two-way.ts';
import { situation } from './situation.ts';

/** Which row a record belongs to, if any. */
describe('which row a record belongs to', () => {
  const world = useTwoWay();

  situation(
    17,
    'a new record has the email of a row without a record, in another case: it waits for consent',
    async () => {
      const id = await unlinkedRow(world, 'ada@example.com');
      const theirs = world.simulator.dashboard.createCustomer({ name: 'Theirs', email: 'ADA@example.com' });
      await world.rest();
      const [, waiting] = await mappingsIn(world.db);
      expect(waiting).to.include({ externalId: theirs.id, state: 'waiting', reason: 'ask_link' });
      expect(await fateOf(world.db, theirs.id)).to.deep.equal(['created waiting']);
      const { rows } = await world.db.raw<{ rows: { id: number }[] }>(
        `select id from external_mappings where external_id = '${theirs.id}'`,
      );
      await createLinkOperations(world).consent(rows[0]!.id, 'operator');
      await world.rest();
      expect(await mappingsIn(world.db)).to.deep.equal([
        { externalId: theirs.id, internalId: id, role: 'primary', state: 'linked', reason: null },
      ]);
      expect(await conflictsOf(world.db, id)).to.have.lengthOf(1);
      expect(world.simulator.customers()[0]).to.include({ name: 'Ours' });
      await expectAgreement(world);
    },
  );

  situation(
    17,
    'a new record has the email of a linked row, in another case: an alias, and nothing is pulled',
    async () => {
      const pair = await linkedPair(world, { name: 'Ada', email: 'ada@example.com' });
      const second = world.simulator.dashboard.createCustomer({ name: 'Second', email: 'Ada@Example.com' });
      await world.rest();
      world.simulator.dashboard.updateCustomer(second.id, { name: 'Second again' });
      await world.rest();
      expect(await fateOf(world.db, second.id)).to.deep.equal(['created conflict', 'updated stale']);
      expect(await readCustomer(world.db, pair.id)).to.include({ name: 'Ada', version: 1 });
      const [conflict] = await conflictsOf(world.db, pair.id);
      expect(conflict).to.include({ kind: 'external_duplicate', ours: pair.externalId, theirs: second.id });
      await expectAgreement(world);
    },
  );

  situation(
    31,
    'a row is created again within a day of its deletion: a new customer, and no replay of the old create',
    async () => {
      const values = { name: 'Phoenix', email: 'phoenix@example.com' };
      const first = await linkedPair(world, values);
      await world.remove(first.id);
      await world.rest();
      const second = await linkedPair(world, values);
      expect(second.externalId).to.not.equal(first.externalId);
      expect(world.simulator.customers().map(({ id }) => id)).to.deep.equal([second.externalId]);
      const creates = (await closedIntents(world.db)).filter(({ operation }) => operation === 'create');
      expect(new Set(creates.map(({ key }) => key)).size).to.equal(2);
      expect(world.simulator.ledger.entries({ replayed: true })).to.deep.equal([]);
      await expectAgreement(world);
    },
  );

  situation(38, 'a key of another account stops the lane, and nothing is changed', async () => {
    await linkedPair(world);
    const calls = world.calls().length;
    world.simulator.keys.mapKey('sk_test_other', 'acct_other');
    const lane = world.worker({ integration: world.integrate({ secretKey: 'sk_test_other' }) });
    const stopped = await lane.runOnce().catch((error: unknown) => String(error));
    expect(stopped).to.include('acct_other');
    expect(world.calls()).to.have.length(calls);
  });

  situation(
    43,
    'after a restore that gives out ids again, a key that no intent has is a foreign edit',
    async () => {
      const { id, externalId } = await linkedPair(world);
      const lost = `tb1:test.${world.deps.policy.instanceId}:00000000-0000-7000-8000-000000000000`;
      world.simulator.dashboard.updateCustomer(externalId, { name: 'By a lost intent' });
      const request = { id: 'req_lost', idempotency_key: lost };
      await world.deliver(world.undelivered().map((event) => ({ ...event, request })));
      await world.receiveInbound();
      await world.run();
      expect(await readCustomer(world.db, id)).to.include({ name: 'By a lost intent' });
      await expectAgreement(world);
    },
  );

  situation(45, 'a copied owner tag takes over no pair', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Ada' });
    const { metadata } = world.simulator.customers()[0]!;
    world.simulator.dashboard.createCustomer({ name: 'Copy', email: 'copy@example.com', metadata });
    await world.rest();
    expect((await mappingsIn(world.db))[0]).to.include({ externalId, internalId: id, state: 'linked' });
    expect(await listCustomers(world.db, { limit: 9 })).to.have.length(1);
    expect(await readCustomer(world.db, id)).to.include({ name: 'Ada', version: 1 });
    await expectAgreement(world);
  });
});
