import { expect } from 'chai';
import { readConnection, releaseDeletes } from '../../../db/connections.ts';
import { withTransaction } from '../../../db/server/connection.ts';
import { raiseHeldDeletes } from '../../../db/mappings/writes/decisions.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { linkedPair, mappingsIn, useTwoWay } from '../../support/two-way.ts';

const MINUTE = 60_000;

describe('inbound: many deletions at once', () => {
  const world = useTwoWay();

  it('are held after twenty in ten minutes, our rows stay, and one release carries them out', async () => {
    await deleteThere(await linked(25));
    expect(await livingRows()).to.equal(5);
    expect(await states()).to.deep.equal({ tombstoned: 20, 'waiting fuse': 5 });
    expect((await readConnection(world.db, 'stripe'))?.deletesInHeldAt).to.be.instanceOf(Date);
    const logged = world.log.filter(({ event }) => event === 'fuse.held');
    expect(logged).to.have.length(1);
    expect(logged[0]).to.include({ system: 'stripe', direction: 'in', deletes: 20 });
    world.advance(60 * MINUTE);
    await world.rest();
    expect(await livingRows()).to.equal(5);
    await release();
    expect(await livingRows()).to.equal(0);
    expect((await readConnection(world.db, 'stripe'))?.deletesInHeldAt).to.equal(null);
    await expectAgreement(world);
  });

  it('are let through while they are few among many, and when they are spread over time', async () => {
    const all = await linked(24);
    await deleteThere(all.slice(0, 12));
    world.advance(10 * MINUTE + 1);
    await deleteThere(all.slice(12));
    expect(await livingRows()).to.equal(0);
    await expectAgreement(world);
  });

  it('do not count what we deleted there ourselves', async () => {
    const all = await linked(30);
    for (const { id } of all.slice(0, 15)) await world.remove(id);
    await world.rest();
    await deleteThere(all.slice(15));
    expect(await livingRows()).to.equal(0);
    await expectAgreement(world);
  });

  it('leave an edit here waiting with the deletion, which then wins, with a conflict that keeps the edit', async () => {
    const all = await linked(21);
    await deleteThere(all);
    const held = (await mappingsIn(world.db)).find(({ reason }) => reason === 'fuse')?.internalId ?? 0;
    await world.update(held, { name: 'Edited meanwhile' });
    await world.rest();
    expect(await states()).to.deep.equal({ tombstoned: 20, 'waiting fuse': 1 });
    await release();
    expect(await livingRows()).to.equal(0);
    const { rows } = await world.db.raw<{ rows: object[] }>(
      `select kind, ours #>> '{}' as ours, winner from sync_conflicts where internal_id = :held`,
      { held },
    );
    expect(rows).to.deep.equal([{ kind: 'deleted_there', ours: 'Edited meanwhile', winner: 'theirs' }]);
    await expectAgreement(world);
  });

  async function linked(count: number): Promise<{ id: number; externalId: string }[]> {
    const pairs = [];
    for (let n = 0; n < count; n++) pairs.push(await linkedPair(world));
    return pairs;
  }

  async function deleteThere(pairs: { externalId: string }[]): Promise<void> {
    for (const { externalId } of pairs) world.simulator.dashboard.deleteCustomer(externalId);
    await world.rest();
  }

  async function release(): Promise<void> {
    await withTransaction(world.db, async (tx) => {
      await releaseDeletes(tx, 'stripe', world.clock.now());
      await raiseHeldDeletes(tx, 'stripe', world.clock.now());
    });
    await world.rest();
  }

  async function livingRows(): Promise<number> {
    const { rows } = await world.db.raw<{ rows: { count: number }[] }>(
      `select count(*) from customers where deleted_at is null`,
    );
    return rows[0]?.count ?? 0;
  }

  async function states(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { state, reason } of await mappingsIn(world.db)) {
      const name = reason === null ? state : `${state} ${reason}`;
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }
});
