import { expect } from 'chai';
import { countReasons } from '../../../db/health/reports.ts';
import { readSyncBacklog } from '../../../db/health/readiness.ts';
import type { Condition } from '../../../lib/catalogue/condition.ts';
import { enableFailpoint, noteFailpoints, disableFailpoints } from '../../../lib/failpoint.ts';
import { compareAll, exitStatusOf } from '../../../lib/operations/comparison.ts';
import { judgeAttention } from '../../../lib/operations/doctor.ts';
import { explain } from '../../../lib/operations/explain.ts';
import { toMapping } from '../../../db/mappings/mappings.ts';
import { shownMapping, type ShownMapping } from '../../../db/mappings/shown.ts';
import type { SyncPolicy } from '../../../lib/sync/step.ts';
import type { Lane } from '../../../workers/lane.ts';
import { conditioned, FREE, notFree } from '../../support/conditions.ts';
import { readCustomer } from '../../support/customers.ts';
import { conflictsOf, outcomesOf } from '../../support/sync-rows.ts';
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
        const row = await world.db<{ id: number }>('customers').first('id');
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
});
