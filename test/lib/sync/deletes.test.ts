import { expect } from 'chai';
import { withTransaction } from '../../../db/server/connection.ts';
import { readConnection, releaseDeletes } from '../../../db/connections.ts';
import { raiseHeldDeletes } from '../../../db/mappings/writes/decisions.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { waitUntil } from '../../support/signal.ts';
import { closedIntents, conflictsOf, deliveriesOf, mappingOf, outcomesOf } from '../../support/sync-rows.ts';
import { useSync } from '../../support/sync.ts';
import { mappingsIn } from '../../support/two-way.ts';

const MINUTE = 60_000;

describe('deletes', () => {
  const world = useSync();

  async function linked(count = 1): Promise<number[]> {
    const made: number[] = [];
    for (let n = 0; n < count; n++) made.push((await world.create()).id);
    await world.run();
    return made;
  }

  async function externalIdOf(id: number): Promise<string> {
    return (await mappingOf(world.db, id)).externalId ?? '';
  }

  it('take what is gone there already for done', async () => {
    const [id = 0] = await linked();
    world.simulator.dashboard.deleteCustomer(await externalIdOf(id));
    await world.remove(id);
    await world.run();
    expect(world.calls().filter((call) => call.startsWith('DELETE'))).to.deep.equal([]);
    expect(await outcomesOf(world.db, id)).to.deep.equal(['applied', 'noop']);
    await expectAgreement(world);
  });

  it('never take a 404 for one', async () => {
    const [id = 0] = await linked();
    await world.db.raw(`update external_mappings set external_id = 'cus_unknown'`);
    await world.remove(id);
    await world.run();
    expect(await mappingOf(world.db, id)).to.include({ state: 'parked', reason: 'missing' });
  });

  it('are repeated after a look when their answer is lost', async () => {
    const [id = 0] = await linked();
    await world.remove(id);
    world.simulator.faults.add({ kind: 'drop_answer', method: 'DELETE' });
    await world.run();
    expect((await mappingOf(world.db, id)).intent).to.include({ operation: 'delete' });
    world.advance(MINUTE);
    await world.run();
    expect(world.simulator.ledger.effects()).to.include({ deleted: 1 });
    expect(await outcomesOf(world.db, id)).to.deep.equal(['applied', 'applied']);
    await expectAgreement(world);
  });

  it('are repeated when they failed before the effect', async () => {
    const [id = 0] = await linked();
    await world.remove(id);
    world.simulator.faults.add({ kind: 'error_before_effect', method: 'DELETE' });
    await world.run();
    world.advance(MINUTE);
    await world.run();
    expect(world.simulator.ledger.effects()).to.include({ deleted: 1, living: 0 });
    await expectAgreement(world);
  });

  it('leave the counterpart alone where the policy is to detach', async () => {
    const [id = 0] = await linked();
    await world.remove(id);
    await world.run(world.worker({ policy: { deletes: 'detach' } }));
    expect(await mappingOf(world.db, id)).to.include({ state: 'detached' });
    expect(world.calls()).to.deep.equal(['POST /v1/customers']);
    expect(world.simulator.customers()).to.have.length(1);
  });

  it('that were seen before their event make no second pair when it comes', async () => {
    const [id = 0] = await linked();
    await world.remove(id);
    await world.notify(id);
    const detaching = world.worker({ policy: { deletes: 'detach' } });
    await detaching.runOnce();
    await detaching.drain();
    await world.run(detaching);
    expect((await mappingsIn(world.db)).map(({ state }) => state)).to.deep.equal(['detached']);
    expect(await outcomesOf(world.db, id)).to.deep.equal(['applied', 'stale']);
  });

  it('leave a trace of an open delete when the policy changes to detach', async () => {
    const [id = 0] = await linked();
    await world.remove(id);
    world.simulator.faults.add({ kind: 'reset', method: 'DELETE' });
    await world.run();
    world.advance(MINUTE);
    await world.run(world.worker({ policy: { deletes: 'detach' } }));
    expect(await mappingOf(world.db, id)).to.include({ state: 'detached', intent: null });
    expect((await closedIntents(world.db)).map(({ operation, result }) => [operation, result])).to.deep.equal(
      [
        ['create', 'done'],
        ['delete', 'unknown'],
      ],
    );
  });

  describe('the other side makes', () => {
    it('become ours: the row is a tombstone, and nothing is sent to the system', async () => {
      const [id = 0] = await linked();
      world.simulator.dashboard.deleteCustomer(await externalIdOf(id));
      await world.notify(id);
      await world.run();
      expect(await mappingOf(world.db, id)).to.include({ state: 'tombstoned' });
      expect((await deliveriesOf(world.db, id)).map(({ type, status }) => [type, status])).to.deep.equal([
        ['customer.created', 'applied'],
        ['customer.deleted', 'origin'],
      ]);
      await expectAgreement(world);
    });

    it('win over an edit here, which is kept in a conflict', async () => {
      const [id = 0] = await linked();
      world.simulator.dashboard.deleteCustomer(await externalIdOf(id));
      await world.update(id, { name: 'Too late' });
      await world.run();
      expect(await conflictsOf(world.db, id)).to.have.length(1);
      expect((await conflictsOf(world.db, id))[0]).to.include({
        kind: 'deleted_there',
        field: 'name',
        ours: 'Too late',
        winner: 'theirs',
      });
      expect(await outcomesOf(world.db, id)).to.deep.equal(['applied', 'conflict', 'origin']);
      await expectAgreement(world);
    });
  });

  describe('many at once', () => {
    it('are held after twenty in ten minutes, and go out when they are released', async () => {
      const ids = await linked(25);
      for (const id of ids) await world.remove(id);
      await world.run();
      expect(world.simulator.ledger.effects()).to.include({ deleted: 20, living: 5 });
      expect(await states()).to.deep.equal({ 'tombstoned ': 20, 'waiting fuse': 5 });
      expect((await readConnection(world.db, 'stripe'))?.deletesOutHeldAt).to.be.instanceOf(Date);
      world.advance(60 * MINUTE);
      await world.run();
      expect(world.simulator.customers()).to.have.length(5);
      await release();
      expect(world.simulator.customers()).to.have.length(0);
      await expectAgreement(world);
    });

    it('are let through while they are few among many, and when they are spread over time', async () => {
      const ids = await linked(24);
      for (const id of ids.slice(0, 12)) await world.remove(id);
      await world.run();
      world.advance(10 * MINUTE + 1);
      for (const id of ids.slice(12)) await world.remove(id);
      await world.run();
      expect(world.simulator.customers()).to.have.length(0);
    });

    it('do not count again after they were released, however late they are answered', async () => {
      const ids = await linked(25);
      for (const id of ids) await world.remove(id);
      world.simulator.faults.add({
        kind: 'rate_limit',
        reason: 'lock_timeout',
        method: 'DELETE',
        times: null,
      });
      await world.run();
      expect(await states()).to.deep.equal({ 'linked ': 20, 'waiting fuse': 5 });
      world.advance(1_000);
      await release();
      world.simulator.faults.clear();
      world.advance(5 * MINUTE);
      await world.run();
      expect(await states()).to.deep.equal({ 'tombstoned ': 25 });
      expect((await readConnection(world.db, 'stripe'))?.deletesOutHeldAt).to.equal(null);
      await expectAgreement(world);
    });

    it('are all sent by one release, however many were held', async () => {
      const ids = await linked(70);
      for (const id of ids) await world.remove(id);
      await world.run();
      expect(await states()).to.deep.equal({ 'tombstoned ': 20, 'waiting fuse': 50 });
      await release();
      expect(await states()).to.deep.equal({ 'tombstoned ': 70 });
      await expectAgreement(world);
    });

    it('do not count for ever because they are parked', async () => {
      const ids = await linked(22);
      for (const id of ids.slice(0, 20)) await world.remove(id);
      world.simulator.faults.add({
        kind: 'rate_limit',
        reason: 'lock_timeout',
        method: 'DELETE',
        times: null,
      });
      await world.run();
      await world.db.raw(
        `update external_mappings set external_id = 'cus_unknown_' || id where intent is not null`,
      );
      world.simulator.faults.clear();
      world.advance(20 * MINUTE);
      await world.run();
      expect(await states()).to.deep.equal({ 'parked missing': 20, 'linked ': 2 });
      for (const id of ids.slice(20)) await world.remove(id);
      await world.run();
      expect(await states()).to.deep.equal({ 'parked missing': 20, 'tombstoned ': 2 });
    });

    it('lock the connection before the mapping, as receive does', async () => {
      const [id = 0] = await linked();
      const mapping = await mappingOf(world.db, id);
      await world.remove(id);
      await world.receive();
      await withTransaction(world.db, async (tx) => {
        await tx.raw(`select account from connections where system = 'stripe' for share`);
        const running = world.lane.runOnce();
        await waitUntil(async () => (await waiters()) > 0, { timeoutMs: 5_000, what: 'the fuse' });
        await tx.raw(`set local lock_timeout = '500ms'`);
        await tx.raw(`select id from external_mappings where id = :id for update`, { id: mapping.id });
        await running;
      });
      await world.lane.drain();
      await expectAgreement(world);
    });

    async function release(): Promise<void> {
      await withTransaction(world.db, async (tx) => {
        await releaseDeletes(tx, 'stripe', world.clock.now());
        await raiseHeldDeletes(tx, 'stripe', world.clock.now());
      });
      await world.run();
    }
  });

  async function waiters(): Promise<number> {
    const { rows } = await world.db.raw<{ rows: { count: number }[] }>(
      `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return rows[0]?.count ?? 0;
  }

  async function states(): Promise<Record<string, number>> {
    const { rows } = await world.db.raw<{ rows: { state: string; count: number }[] }>(
      `select state || ' ' || coalesce(reason, '') as state, count(*) from external_mappings group by 1 order by 1`,
    );
    return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
  }
});
