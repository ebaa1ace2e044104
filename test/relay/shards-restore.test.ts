import { expect } from 'chai';
import { claimCursor } from '../../db/relay/cursor.ts';
import { createCursor } from '../../db/relay/identity.ts';
import { copyDatabase, moveDatabase } from '../../db/relay/restore.ts';
import { ascending, divide, expectOrder, relaysOf, stopAll, writeVersions } from './sharded.ts';
import { transplant } from './transplant.ts';
import { drain, withWorld, type World } from './world.ts';

describe('several shards in another database, or with another bus', () => {
  /** Four shards, of which the first has published nothing and each other one more pages than the one before. */
  const withFour = (work: (world: World, undelivered: number[]) => Promise<void>) =>
    withWorld(async (world) => {
      const { db, relay, arrivals } = world;
      await relay.runOnce();
      await relay.stop();
      await divide(db, 4);
      const ids = await writeVersions(db, 1, 2);
      const relays = relaysOf(world, 4, { pageSize: 2 });
      for (const [shard, each] of relays.entries())
        for (let round = 0; round < shard; round += 1) await each.runOnce();
      await stopAll(relays);
      const delivered = arrivals.ids();
      expect(delivered.length).to.be.above(3);
      await transplant(db, 1_000);
      arrivals.all.length = 0;
      await work(
        world,
        ids.filter((id) => !delivered.includes(id)),
      );
    });

  it('a move delivers what any of them had not delivered, and everything from there on', () =>
    withFour(async (world, undelivered) => {
      const { db, arrivals } = world;
      const { firstId } = await moveDatabase(db, 'there');
      expect(firstId).to.equal(undelivered[0]);
      const ids = [...undelivered, ...(await writeVersions(db, 3, 1))];
      const relays = relaysOf(world, 4, { address: 'there' });
      for (const each of relays) await drain(each);
      expect(arrivals.ids()).to.include.members(ids);
      expect(Math.min(...arrivals.ids())).to.equal(firstId);
      expectOrder(arrivals);
      await stopAll(relays);
    }));

  it('a copy leaves all of it to the original, and publishes what comes', () =>
    withFour(async (world) => {
      const { db, arrivals } = world;
      await copyDatabase(db, 'there');
      const ids = await writeVersions(db, 3, 1);
      const relays = relaysOf(world, 4, { address: 'there' });
      for (const each of relays) await drain(each);
      expect(ascending(arrivals.ids())).to.deep.equal(ids);
      await stopAll(relays);
    }));

  it('are bound to one bus together, by whichever claims its cursor first', () =>
    withWorld(async ({ db }) => {
      await createCursor(db, 'here');
      await divide(db, 2);
      const claim = (shard: number, bus: string) => claimCursor(db, { shard, shards: 2, fence: 100, bus });
      const claimed = await Promise.all([claim(0, 'one'), claim(1, 'other')]);
      expect(claimed.filter((cursor) => cursor !== null)).to.have.length(1);
      const { rows } = await db.raw<{ rows: unknown[] }>('select distinct bus from relay_cursor');
      expect(rows).to.have.length(1);
    }));
});
