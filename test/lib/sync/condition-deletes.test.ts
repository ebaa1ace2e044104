import { expect } from 'chai';
import { countReasons } from '../../../db/health/reports.ts';
import { customer as entity } from '../../../lib/catalogue/built-in.ts';
import type { Condition } from '../../../lib/catalogue/condition.ts';
import { enableFailpoint } from '../../../lib/failpoint.ts';
import { compareAll } from '../../../lib/operations/comparison.ts';
import { explain } from '../../../lib/operations/explain.ts';
import { createDeleteOperations } from '../../../lib/operations/held-deletes.ts';
import { repair } from '../../../lib/operations/repair.ts';
import { toMapping } from '../../../db/mappings/mappings.ts';
import { shownMapping, type ShownMapping } from '../../../db/mappings/shown.ts';
import type { SyncPolicy } from '../../../lib/sync/step.ts';
import type { Lane } from '../../../workers/lane.ts';
import { conditioned, FREE, notFree } from '../../support/conditions.ts';
import { readCustomer } from '../../support/customers.ts';
import { outcomesOf } from '../../support/sync-rows.ts';
import { subscribe } from '../../support/subscriptions.ts';
import { fateOf, linkedPair, useTwoWay } from '../../support/two-way.ts';

describe('a row that its system is not to have any more', () => {
  const world = useTwoWay();

  const deps = (condition: Condition | null) => ({
    ...world.deps,
    integration: conditioned(world.integration, condition),
  });
  const under = (onLeave: Condition['onLeave'], policy: Partial<SyncPolicy> = {}): Lane =>
    world.worker({ policy, integration: conditioned(world.integration, notFree(onLeave)) });
  /** The pairs of a row: ended ones first. */
  async function pairsOf(id: number): Promise<ShownMapping[]> {
    const { rows } = await world.db.raw<{ rows: Parameters<typeof toMapping>[0][] }>(
      `select * from external_mappings where internal_id = :id order by id`,
      { id },
    );
    return rows.map((row) => shownMapping(toMapping(row)));
  }
  async function standing(id: number): Promise<(string | null)[]> {
    const pair = (await pairsOf(id)).at(-1);
    return [pair?.state ?? null, pair?.reason ?? null, pair?.externalId ?? null];
  }
  const names = () => world.simulator.customers().map(({ name }) => name);

  describe('whose record is deleted (onLeave delete)', () => {
    it('lives on with a pair of its own, and gets a new record when it comes back', async () => {
      const { id, externalId } = await linkedPair(world, { name: 'Ada', email: 'ada@x.test' });
      const lane = under('delete');
      await world.update(id, { name: FREE });
      await world.rest(lane);
      expect(names()).to.deep.equal([]);
      expect((await readCustomer(world.db, id))?.deletedAt).to.equal(null);
      expect((await pairsOf(id)).map(({ state, externalId: of }) => [state, of])).to.deep.equal([
        ['detached', externalId],
        ['waiting', null],
      ]);
      expect((await fateOf(world.db, externalId)).at(-1)).to.equal('deleted echo');
      expect(await outcomesOf(world.db, id)).to.include('applied');
      await world.update(id, { name: 'Ada' });
      await world.rest(lane);
      expect([names(), (await standing(id)).slice(0, 2)]).to.deep.equal([['Ada'], ['linked', null]]);
      const report = await compareAll(deps(notFree('delete')));
      expect([report.agree, report.findings]).to.deep.equal([1, []]);
    });

    it('keeps a change that comes in while the delete is on its way', async () => {
      const { id } = await linkedPair(world, { name: 'Ada' });
      const lane = under('delete');
      await world.update(id, { name: FREE });
      enableFailpoint(
        'intent.answered',
        async () => {
          await world.update(id, { name: 'Ada King' });
          await world.receive();
        },
        { once: true },
      );
      await world.rest(lane);
      expect([names(), (await standing(id)).slice(0, 2)]).to.deep.equal([['Ada King'], ['linked', null]]);
    });

    it('waits with writes off, and is not deleted if it comes back before', async () => {
      const { id } = await linkedPair(world, { name: 'Ada' });
      await world.update(id, { name: FREE });
      await world.rest(under('delete', { writes: false }));
      expect((await standing(id)).slice(0, 2)).to.deep.equal(['waiting', 'writes_off']);
      await world.update(id, { name: 'Ada' });
      await world.rest(under('delete'));
      expect([names(), (await standing(id)).slice(0, 2)]).to.deep.equal([['Ada'], ['linked', null]]);
    });

    it('keeps it where the settings detach the records of deleted rows', async () => {
      const { id, externalId } = await linkedPair(world, { name: 'Ada' });
      await world.update(id, { name: FREE });
      await world.rest(under('delete', { deletes: 'detach' }));
      expect([names(), await standing(id)]).to.deep.equal([['Ada'], ['waiting', 'not_wanted', externalId]]);
    });

    it('keeps a record that a person made and a link gave to it', async () => {
      const { id: record } = world.simulator.dashboard.createCustomer({ name: 'Ada', email: 'ada@x.test' });
      const lane = under('delete', { linkByEmail: 'link', imports: false });
      await world.rest(lane);
      const { id } = await world.create({ name: 'Ada', email: 'ada@x.test' });
      await world.rest(lane);
      expect(await standing(id)).to.deep.equal(['linked', null, record]);
      await world.update(id, { name: FREE });
      await world.rest(lane);
      expect([names(), await standing(id)]).to.deep.equal([['Ada'], ['waiting', 'not_wanted', record]]);
    });

    it('stops at a subscription, and says why', async () => {
      const { id, externalId } = await linkedPair(world, { name: 'Ada' });
      await subscribe(world, externalId);
      const lane = under('delete');
      await world.update(id, { name: FREE });
      await world.rest(lane);
      expect((await standing(id)).slice(0, 2)).to.deep.equal(['parked', 'delete_blocked']);
      const explained = await explain(
        deps(notFree('delete')),
        { customer: id },
        { read: false, system: null },
      );
      expect(explained?.pairs[0]?.why).to.contain('leaves the customer out by its name');
      await world.update(id, { name: 'Ada' });
      await world.rest(lane);
      expect((await standing(id)).slice(0, 2)).to.deep.equal(['linked', null]);
    });

    it('goes through the fuse: of thirty rows that leave at once, ten wait for a person', async () => {
      const ids: number[] = [];
      for (let n = 0; n < 30; n++) ids.push((await world.create({ name: `Ada ${n}` })).id);
      await world.rest();
      const lane = under('delete');
      for (const id of ids) await world.update(id, { name: FREE });
      await world.rest(lane);
      expect(world.simulator.customers()).to.have.length(10);
      const [held, ...none] = await countReasons(world.db);
      expect(held).to.include({ state: 'waiting', reason: 'fuse', rule: null, count: 10 });
      expect(none).to.deep.equal([]);
      const { clock, db, log } = world.deps;
      const operations = createDeleteOperations({ db, clock, entity, system: 'stripe', log });
      const [first, second, ...others] = await world
        .db('external_mappings')
        .where({ reason: 'fuse' })
        .orderBy('id')
        .select<{ id: number; internal_id: number }[]>('id', 'internal_id');
      const by = { actor: 'test', why: null };
      expect(await operations.takeBack(Number(first?.id), by)).to.deep.equal({ outcome: 'detached' });
      await world.update(Number(second?.internal_id), { name: 'Back' });
      await world.rest(lane);
      expect((await standing(Number(second?.internal_id))).slice(0, 2)).to.deep.equal(['linked', null]);
      expect(await operations.release(null, by)).to.equal(others.length);
      await world.rest(lane);
      expect(world.simulator.customers()).to.have.length(2);
      expect(await countReasons(world.db)).to.deep.equal([]);
    }).timeout(20_000);
  });

  describe('by a condition that is new', () => {
    it('is seen at the next step of the pair, and verify --repair makes them all look', async () => {
      const { id } = await linkedPair(world, { name: FREE });
      const lane = under('delete');
      await world.rest(lane);
      expect(names()).to.deep.equal([FREE]);
      const now = deps(notFree('delete'));
      const report = await compareAll(now);
      expect(report.findings.map(({ kind, why }) => [kind, why])).to.deep.equal([['drift', 'not_wanted']]);
      await repair(now, report, { comparedSince: world.clock.now(), actor: 'test' });
      await world.rest(lane);
      expect([names(), (await standing(id)).slice(0, 2)]).to.deep.equal([[], ['waiting', 'not_wanted']]);
    });

    it('and was left out by the one before', async () => {
      const { id } = await world.create({ name: FREE });
      await world.rest(under('keep'));
      const report = await compareAll(world.deps);
      expect(report.findings.map(({ kind, why }) => [kind, why])).to.deep.equal([['drift', 'wanted_now']]);
      await repair(world.deps, report, { comparedSince: world.clock.now(), actor: 'test' });
      await world.rest();
      expect([names(), (await standing(id)).slice(0, 2)]).to.deep.equal([[FREE], ['linked', null]]);
    });
  });
});
