import { expect } from 'chai';
import { readCustomer } from '../../support/customers.ts';
import type { Resolution } from '../../../lib/operations/resolutions.ts';
import { compareAll } from '../../../lib/operations/comparison.ts';
import { enableFailpoint } from '../../../lib/failpoint.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { closedIntents } from '../../support/sync-rows.ts';
import { linkedPair, unlinkedRow, useTwoWay } from '../../support/two-way.ts';
import { resolutionsOf } from '../../support/resolutions.ts';

const MINUTE = 60_000;

type Pair = {
  id: number;
  state: string;
  reason: string | null;
  externalId: string | null;
  detail: object | null;
};

/** What a person decides about a pair that no step brings together. */
describe('a decision about a stuck pair', () => {
  const world = useTwoWay();

  async function pairsOf(customer: number): Promise<Pair[]> {
    const { rows } = await world.db.raw<{ rows: Pair[] }>(
      `select id, state, reason, external_id as "externalId", coalesce(ending - 'kind', reason_detail) as detail
       from external_mappings where internal_id = :customer order by id`,
      { customer },
    );
    return rows;
  }

  async function resolve(customer: number, action: Resolution['action'], externalId?: string) {
    const pair = (await pairsOf(customer)).at(-1);
    const operations = resolutionsOf(world);
    return operations.resolve(pair?.id ?? 0, { action, externalId, actor: 'test', why: 'a test' });
  }

  /** Stripe's test data is deleted: every record is gone without an event. */
  const deleteTestData = (): void => world.simulator.reset();

  async function missing(name = 'Ada'): Promise<{ id: number; externalId: string }> {
    const pair = await linkedPair(world, { name: 'Before', email: `${name.toLowerCase()}@x.test` });
    deleteTestData();
    await world.update(pair.id, { name });
    await world.rest();
    expect((await pairsOf(pair.id))[0]).to.include({ state: 'parked', reason: 'missing' });
    return pair;
  }

  describe('whose record is gone', () => {
    it('makes a new record, once, with what the row says; the old id answers for late events', async () => {
      const { id, externalId } = await missing();
      expect(await resolve(id, 'recreate')).to.include({ outcome: 'decided' });
      await world.rest();
      const [old, now] = await pairsOf(id);
      expect(old).to.include({ state: 'detached', externalId });
      expect(old?.detail).to.include({ by: 'test', why: 'a test' });
      expect(now).to.include({ state: 'linked', reason: null });
      expect(world.simulator.customers().map(({ id: there, name }) => [there, name])).to.deep.equal([
        [now?.externalId, 'Ada'],
      ]);
      const [, linked] = (await readCustomer(world.db, id))?.mappings ?? [];
      expect(linked).to.include({ externalId: now?.externalId, state: 'linked', reason: null });
      await world.update(id, { name: 'Ada L.' });
      await world.rest();
      expect(world.simulator.customers()[0]).to.include({ name: 'Ada L.' });
      expect((await compareAll(world.deps)).findings).to.deep.equal([]);
    });

    it('is taken once, however often it is given', async () => {
      const { id } = await missing();
      await resolve(id, 'recreate');
      expect(await resolve(id, 'recreate')).to.include({ outcome: 'decided_already' });
      await world.rest();
      expect(await resolve(id, 'recreate')).to.include({ outcome: 'cannot_resolve' });
      expect(world.simulator.customers()).to.have.length(1);
    });

    for (const point of ['decision.read', 'decision.before-commit', 'decision.replaced', 'intent.stored'])
      it(`is carried out once by whoever comes after a worker that dies at ${point}`, async () => {
        const { id } = await missing();
        await resolve(id, 'recreate');
        enableFailpoint(point, 'throw', { once: true });
        await world.rest();
        world.advance(10 * MINUTE);
        await world.rest();
        expect((await pairsOf(id)).map(({ state }) => state)).to.deep.equal(['detached', 'linked']);
        expect(world.simulator.customers()).to.have.length(1);
        expect(
          (await closedIntents(world.db)).filter(({ operation }) => operation === 'create'),
        ).to.have.length(2);
      });

    it('links again a record that is there after all: a wrong key did not see it', async () => {
      const { id, externalId } = await linkedPair(world);
      const notThere = { status: 404, code: 'resource_missing', stored: false };
      world.simulator.faults.add({ kind: 'error_before_effect', method: 'POST', ...notThere });
      world.simulator.faults.add({ kind: 'error_before_effect', method: 'GET', ...notThere });
      await world.update(id, { name: 'Ada' });
      await world.rest();
      expect((await pairsOf(id))[0]).to.include({ state: 'parked', reason: 'missing' });
      await resolve(id, 'recreate');
      await world.rest();
      expect(await pairsOf(id)).to.have.length(1);
      expect(world.simulator.customers().map(({ id: there, name }) => [there, name])).to.deep.equal([
        [externalId, 'Ada'],
      ]);
      await expectAgreement(world);
    });

    it('outlives reads that fail, and is carried out by the one that answers', async () => {
      const { id } = await missing();
      world.simulator.faults.add({ kind: 'error_before_effect', method: 'GET', status: 500, times: 3 });
      await resolve(id, 'recreate');
      await world.rest();
      expect((await pairsOf(id)).map(({ state }) => state)).to.deep.equal(['detached', 'linked']);
    });

    it('ends the delete of a row, and an edit and a delete that come while it is carried out', async () => {
      const { id } = await missing();
      await world.remove(id);
      await world.rest();
      expect((await pairsOf(id))[0]).to.include({ state: 'parked', reason: 'missing' });
      await resolve(id, 'recreate');
      await world.rest();
      expect((await pairsOf(id)).map(({ state }) => state)).to.deep.equal(['detached']);
      const { id: other } = await missing('Bea');
      await resolve(other, 'recreate');
      await world.update(other, { name: 'Edited' });
      await world.remove(other);
      await world.rest();
      expect((await pairsOf(other)).map(({ state }) => state)).to.deep.equal(['detached']);
      expect(world.simulator.customers()).to.deep.equal([]);
    });

    it('lets the pair go: edits stop, it is listed, and it can be taken up again', async () => {
      const { id } = await missing();
      expect(await resolve(id, 'let_go')).to.include({ outcome: 'let_go' });
      await world.update(id, { name: 'Not sent' });
      await world.rest();
      expect((await pairsOf(id)).map(({ state }) => state)).to.deep.equal(['detached']);
      expect((await readCustomer(world.db, id))?.mappings[0]).to.include({ state: 'detached' });
      expect((await compareAll(world.deps)).findings).to.deep.include.members([
        {
          kind: 'detached',
          mapping: (await pairsOf(id))[0]?.id,
          customer: id,
          externalId: (await pairsOf(id))[0]?.externalId,
          why: 'let_go',
        },
      ]);
      expect(world.simulator.customers()).to.deep.equal([]);
      expect(await resolve(id, 'let_go')).to.include({ outcome: 'decided_already' });
      expect(await resolve(id, 'recreate')).to.include({ outcome: 'decided' });
      await world.rest();
      expect(world.simulator.customers().map(({ name }) => name)).to.deep.equal(['Not sent']);
      expect((await compareAll(world.deps)).findings).to.deep.equal([]);
    });

    it('keeps a later record with the email of a row that was let go apart, instead of asking for ever', async () => {
      const { id } = await missing();
      await resolve(id, 'let_go');
      const { id: there } = world.simulator.dashboard.createCustomer({ name: 'Ada', email: 'ada@x.test' });
      await world.rest(world.worker({ policy: { linkByEmail: 'link' } }));
      const { rows } = await world.db.raw<{ rows: object[] }>(
        `select state, internal_id as customer from external_mappings where external_id = :there`,
        { there },
      );
      expect(rows).to.deep.equal([{ state: 'alias', customer: id }]);
    });

    it('is over where the delete’s record is there after all: the delete goes its ordinary way', async () => {
      const { id } = await linkedPair(world);
      const notThere = { status: 404, code: 'resource_missing', stored: false };
      world.simulator.faults.add({ kind: 'error_before_effect', method: 'GET', ...notThere });
      await world.remove(id);
      await world.rest();
      expect((await pairsOf(id))[0]).to.include({ state: 'parked', reason: 'missing' });
      await resolve(id, 'recreate');
      await world.rest();
      expect((await pairsOf(id)).map(({ state }) => state)).to.deep.equal(['tombstoned']);
      await expectAgreement(world);
    });

    it('ends a delete by letting it go, also one whose request is open', async () => {
      const { id } = await linkedPair(world);
      await world.remove(id);
      world.simulator.faults.add({ kind: 'reset', method: 'DELETE' });
      await world.run();
      deleteTestData();
      world.advance(MINUTE);
      await world.rest();
      expect((await pairsOf(id))[0]).to.include({ state: 'parked', reason: 'missing' });
      await resolve(id, 'let_go');
      await world.rest();
      expect((await pairsOf(id)).map(({ state }) => state)).to.deep.equal(['detached']);
      expect((await closedIntents(world.db)).at(-1)).to.include({ operation: 'delete', result: 'unknown' });
    });

    it('links the row with the record that is named, by the rules of a first link', async () => {
      const { id, externalId } = await missing();
      const there = world.simulator.dashboard.createCustomer({ name: 'Ada L.', email: 'other@x.test' });
      expect(await resolve(id, 'record', there.id)).to.include({ outcome: 'decided' });
      await world.rest();
      const pairs = await pairsOf(id);
      expect(pairs.map(({ state }) => state).sort()).to.deep.equal(['detached', 'linked']);
      expect(pairs.find(({ state }) => state === 'linked')?.externalId).to.equal(there.id);
      expect(pairs.find(({ state }) => state === 'detached')?.externalId).to.equal(externalId);
      expect(world.simulator.customers()).to.have.length(1);
      expect(world.simulator.customers()[0]).to.include({ name: 'Ada', email: 'ada@x.test' });
      expect((await compareAll(world.deps)).findings).to.deep.equal([]);
    });

    it('refuses a record that is another customer’s, deleted, or not there', async () => {
      const { id } = await missing();
      const taken = await linkedPair(world);
      expect(await resolve(id, 'record', taken.externalId)).to.include({ outcome: 'cannot_resolve' });
      const gone = world.simulator.dashboard.createCustomer({ email: 'gone@x.test' });
      world.simulator.dashboard.deleteCustomer(gone.id);
      for (const [named, why] of [
        [gone.id, 'erased'],
        ['cus_never', 'missing'],
        ['not an id', null],
      ] as const) {
        const { outcome } = await resolve(id, 'record', named);
        expect(outcome, named).to.equal(why === null ? 'cannot_resolve' : 'decided');
        await world.run();
        const [pair] = await pairsOf(id);
        expect(pair).to.include({ state: 'parked', reason: 'missing' });
        if (why !== null) expect(pair?.detail).to.include({ tried: named, why });
      }
    });
  });

  describe('that stands anywhere else', () => {
    it('makes anew what a create of unknown outcome may have made; if that comes to light it is kept apart', async () => {
      const { id } = await world.create();
      world.simulator.faults.add({ kind: 'error_after_effect', method: 'POST', status: 500 });
      await world.receive();
      await world.run();
      await world.db.raw(
        `update external_mappings set state = 'parked', reason = 'create_unknown', clean = dirty`,
      );
      const [lost] = world.simulator.customers();
      expect(await resolve(id, 'recreate')).to.include({ outcome: 'decided' });
      await world.run();
      await world.rest();
      const own = (await pairsOf(id)).find(({ state }) => state === 'linked');
      const { rows } = await world.db.raw<{ rows: { role: string; external_id: string }[] }>(
        `select role, external_id from external_mappings where internal_id = :id order by role desc`,
        { id },
      );
      // The lost one is heard of, and kept apart with a conflict.
      expect(rows.map(({ role }) => role)).to.deep.equal(['primary', 'alias']);
      expect(rows[1]?.external_id).to.equal(lost?.id);
      expect(own?.externalId).to.not.equal(lost?.id);
    });

    it('sets a refused row, a waiting one and a damaged one free', async () => {
      const refused = await unlinkedRow(world, 'a@x.test');
      const { id: there } = world.simulator.dashboard.createCustomer({ email: 'elsewhere@x.test' });
      await resolve(refused, 'record', there);
      await world.run(); // before an event of it makes it a customer of its own
      const damaged = await linkedPair(world);
      await world.db.raw(`update external_mappings set shadow = '[]' where internal_id = :id`, damaged);
      await world.notify(damaged.id);
      const unsendable = await linkedPair(world);
      await world.db.raw(
        `update external_mappings set external_id = ' ' where internal_id = :id`,
        unsendable,
      );
      await world.notify(unsendable.id);
      await world.rest();
      expect((await pairsOf(refused)).map(({ state, externalId }) => [state, externalId])).to.deep.equal([
        ['linked', there],
      ]);
      for (const { id } of [damaged, unsendable])
        expect((await pairsOf(id))[0]).to.include({ state: 'parked', reason: 'damaged' });
      await resolve(damaged.id, 'record', damaged.externalId);
      await resolve(unsendable.id, 'record', unsendable.externalId);
      await world.rest();
      expect((await pairsOf(damaged.id)).map(({ state }) => state)).to.deep.equal(['linked']);
      expect((await pairsOf(unsendable.id)).map(({ state }) => state)).to.deep.equal(['detached', 'linked']);
      expect((await compareAll(world.deps)).findings).to.deep.equal([]);
    });

    it('refuses what is not stuck, and says so', async () => {
      const { id } = await linkedPair(world);
      for (const action of ['recreate', 'let_go'] as const) {
        const result = await resolve(id, action);
        expect(result).to.include({ outcome: 'cannot_resolve' });
        expect(result.outcome === 'cannot_resolve' && result.why).to.include('no decision is needed');
      }
      await expectAgreement(world);
    });
  });
});
