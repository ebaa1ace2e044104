import { expect } from 'chai';
import { countReasons } from '../../../db/health/reports.ts';
import { readSyncBacklog } from '../../../db/health/readiness.ts';
import { customer as entity } from '../../../lib/catalogue/built-in.ts';
import type { Condition } from '../../../lib/catalogue/condition.ts';
import { enableFailpoint, noteFailpoints, disableFailpoints } from '../../../lib/failpoint.ts';
import { compareAll, exitStatusOf } from '../../../lib/operations/comparison.ts';
import { judgeAttention } from '../../../lib/operations/doctor.ts';
import { explain } from '../../../lib/operations/explain.ts';
import { createDeleteOperations } from '../../../lib/operations/held-deletes.ts';
import { repair } from '../../../lib/operations/repair.ts';
import { toMapping } from '../../../db/mappings/mappings.ts';
import { shownMapping, type ShownMapping } from '../../../db/mappings/shown.ts';
import type { SyncPolicy } from '../../../lib/sync/step.ts';
import type { Lane } from '../../../workers/lane.ts';
import { conditioned, FREE, notFree } from '../../support/conditions.ts';
import { readCustomer } from '../../support/customers.ts';
import { conflictsOf, outcomesOf } from '../../support/sync-rows.ts';
import { subscribe } from '../../support/subscriptions.ts';
import { fateOf, linkedPair, useTwoWay } from '../../support/two-way.ts';

describe('a row that its system is not to have', () => {
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

  for (const onLeave of ['detach', 'delete', 'keep'] as const)
    describe(`(onLeave ${onLeave})`, () => {
      it('gets no record, and costs no call', async () => {
        const lane = under(onLeave);
        const { id } = await world.create({ name: FREE });
        await world.rest(lane);
        expect([await standing(id), world.calls()]).to.deep.equal([['waiting', 'not_wanted', null], []]);
        await world.update(id, { email: 'other@x.test' });
        await world.rest(lane);
        expect(world.calls()).to.deep.equal([]);
        expect(await outcomesOf(world.db, id)).to.deep.equal(['noop', 'noop']);
      });

      it('gets one as soon as it fulfils the condition', async () => {
        const lane = under(onLeave);
        const { id } = await world.create({ name: FREE });
        await world.rest(lane);
        await world.update(id, { name: 'Ada' });
        await world.rest(lane);
        expect([names(), (await standing(id)).slice(0, 2)]).to.deep.equal([['Ada'], ['linked', null]]);
        expect(await outcomesOf(world.db, id)).to.deep.equal(['noop', 'applied', 'echo']);
      });

      it('is never doubled by a record that has its email: a person is asked first', async () => {
        const lane = under(onLeave);
        const { id } = await world.create({ name: FREE, email: 'ada@x.test' });
        await world.rest(lane);
        const { id: record } = world.simulator.dashboard.createCustomer({ email: 'ada@x.test' });
        await world.rest(lane);
        await world.update(id, { name: 'Ada' });
        await world.rest(lane);
        expect(world.simulator.customers().map((one) => one.id)).to.deep.equal([record]);
        expect((await standing(id)).slice(0, 2)).to.deep.equal(['waiting', 'not_linked']);
      });

      it('that is deleted leaves nothing to do', async () => {
        const lane = under(onLeave);
        const { id } = await world.create({ name: FREE });
        await world.rest(lane);
        await world.remove(id);
        await world.rest(lane);
        expect([await standing(id), world.calls()]).to.deep.equal([['tombstoned', null, null], []]);
      });

      it('that comes from the system is imported, and its record stays', async () => {
        const lane = under(onLeave);
        const { id: record } = world.simulator.dashboard.createCustomer({ name: FREE, email: 'a@x.test' });
        await world.rest(lane);
        const row = await world.db('customers').first('id');
        await world.update(Number(row?.id), { email: 'b@x.test' });
        await world.rest(lane);
        expect(await standing(Number(row?.id))).to.deep.equal(['waiting', 'not_wanted', record]);
        expect(world.simulator.customers()).to.have.length(1);
        expect(world.simulator.customers()[0]).to.include({ email: 'a@x.test' });
      });

      it('ends where it should, at whichever failpoint a worker stops', async () => {
        const { id } = await linkedPair(world, { name: 'Ada' });
        const lane = under(onLeave);
        const points = new Set<string>();
        noteFailpoints((name) => !/^(receive|inbound|inbox)/.test(name) && points.add(name));
        const leaveAndReturn = async (): Promise<void> => {
          await world.update(id, { name: FREE });
          await world.rest(lane);
          expect((await standing(id)).slice(0, 2)).to.deep.equal(['waiting', 'not_wanted']);
          expect(names()).to.deep.equal(onLeave === 'delete' ? [] : ['Ada']);
          await world.update(id, { name: 'Ada' });
          await world.rest(lane);
          expect([names(), (await standing(id)).slice(0, 2)]).to.deep.equal([['Ada'], ['linked', null]]);
        };
        await leaveAndReturn();
        disableFailpoints();
        expect([...points]).to.include('settle.before-commit');
        for (const name of points)
          for (const onPass of [1, 2]) {
            enableFailpoint(name, 'throw', { once: true, onPass });
            await leaveAndReturn();
            disableFailpoints();
          }
        expect((await compareAll(deps(notFree(onLeave)))).findings.map(({ kind }) => kind)).to.not.include(
          'drift',
        );
      }).timeout(60_000);

      it('is no fault: status, doctor and verify do not count it, and explain says why', async () => {
        const lane = under(onLeave);
        const { id } = await world.create({ name: FREE });
        await world.rest(lane);
        expect(await countReasons(world.db)).to.deep.equal([]);
        expect((await readSyncBacklog(world.db)).waiting).to.equal(0);
        expect(judgeAttention(await countReasons(world.db)).level).to.equal('ok');
        const report = await compareAll(deps(notFree(onLeave)));
        expect([report.agree, report.findings, exitStatusOf(report)]).to.deep.equal([1, [], 0]);
        const explained = await explain(
          deps(notFree(onLeave)),
          { customer: id },
          { read: false, system: null },
        );
        const [pair] = explained?.pairs ?? [];
        expect([pair?.why, pair?.remedies]).to.deep.equal([
          'The condition of the mapping leaves the customer out by its name: Stripe is not to have it, so nothing is sent and nothing is taken.',
          [],
        ]);
      });
    });

  for (const onLeave of ['detach', 'keep'] as const)
    describe(`that has a record (onLeave ${onLeave})`, () => {
      it('keeps it: nothing is sent and nothing taken, without a call', async () => {
        const { id, externalId } = await linkedPair(world, { name: 'Ada', email: 'ada@x.test' });
        const lane = under(onLeave);
        const calls = world.calls().length;
        await world.update(id, { name: FREE, email: 'ours@x.test' });
        await world.rest(lane);
        world.simulator.dashboard.updateCustomer(externalId, { name: 'Theirs' });
        await world.rest(lane);
        expect(world.calls()).to.have.length(calls);
        expect(await readCustomer(world.db, id)).to.include({ name: FREE, email: 'ours@x.test' });
        expect(world.simulator.customers()[0]).to.include({ name: 'Theirs', email: 'ada@x.test' });
        expect(await standing(id)).to.deep.equal(['waiting', 'not_wanted', externalId]);
        expect((await fateOf(world.db, externalId)).at(-1)).to.equal('updated stale');
      });

      it('goes on with it, merged from the values of before', async () => {
        const { id, externalId } = await linkedPair(world, { name: 'Ada', email: 'ada@x.test' });
        const lane = under(onLeave);
        await world.update(id, { name: FREE });
        await world.rest(lane);
        world.simulator.dashboard.updateCustomer(externalId, { email: 'theirs@x.test' });
        await world.rest(lane);
        await world.update(id, { name: 'Ada King' });
        await world.rest(lane);
        expect(await readCustomer(world.db, id)).to.include({ name: 'Ada King', email: 'theirs@x.test' });
        expect(world.simulator.customers()).to.have.length(1);
        expect(world.simulator.customers()[0]).to.include({ name: 'Ada King', email: 'theirs@x.test' });
        expect(await conflictsOf(world.db, id)).to.deep.equal([]);
        expect(await standing(id)).to.deep.equal(['linked', null, externalId]);
      });

      it('stays if the record is deleted meanwhile, and gets a new one when it comes back', async () => {
        const { id, externalId } = await linkedPair(world, { name: 'Ada' });
        const lane = under(onLeave);
        await world.update(id, { name: FREE });
        await world.rest(lane);
        world.simulator.dashboard.deleteCustomer(externalId);
        await world.rest(lane);
        expect((await readCustomer(world.db, id))?.deletedAt).to.equal(null);
        await world.update(id, { name: 'Ada' });
        // A read that fails first does not make it a deletion of the row.
        world.simulator.faults.add({
          kind: 'error_before_effect',
          method: 'GET',
          path: `/v1/customers/${externalId}`,
          status: 500,
        });
        await world.rest(lane);
        expect((await readCustomer(world.db, id))?.deletedAt).to.equal(null);
        expect([names(), (await standing(id)).slice(0, 2)]).to.deep.equal([['Ada'], ['linked', null]]);
      });
    });

  it('keeps an edit of theirs that our last write covered', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Ada' });
    const lane = under('keep');
    world.simulator.dashboard.updateCustomer(externalId, { name: 'Theirs' });
    await world.update(id, { name: 'Ours' });
    await world.run(lane);
    await world.update(id, { name: FREE });
    await world.run(lane);
    await world.rest(lane);
    const [conflict] = await conflictsOf(world.db, id);
    expect(conflict).to.include({ kind: 'overwritten_unseen', theirs: 'Theirs', winner: 'ours' });
  });

  it('becomes so by an edit of theirs: that is a change of our row first', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Ada' });
    const lane = under('detach');
    world.simulator.dashboard.updateCustomer(externalId, { name: FREE });
    await world.rest(lane);
    expect(await readCustomer(world.db, id)).to.include({ name: FREE });
    expect(await standing(id)).to.deep.equal(['waiting', 'not_wanted', externalId]);
    expect((await fateOf(world.db, externalId)).at(-1)).to.equal('updated applied');
  });

  it('that was deleted: detach leaves its record, keep treats it as that of any row', async () => {
    for (const [onLeave, left] of [
      ['detach', ['Ada']],
      ['keep', []],
    ] as const) {
      const { id, externalId } = await linkedPair(world, { name: 'Ada' });
      const lane = under(onLeave);
      await world.update(id, { name: FREE });
      await world.rest(lane);
      await world.remove(id);
      await world.rest(lane);
      expect(names()).to.deep.equal(left);
      if (left.length > 0) world.simulator.dashboard.deleteCustomer(externalId);
      await world.rest(lane);
    }
  });

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
      expect(await countReasons(world.db)).to.deep.equal([
        { system: 'stripe', state: 'waiting', reason: 'fuse', rule: null, count: 10 },
      ]);
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
