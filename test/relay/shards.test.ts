import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { takeLease } from '../../db/leases.ts';
import { listAudit } from '../../db/audit.ts';
import { readHolders } from '../../db/health/reports.ts';
import type { Db } from '../../db/server/connection.ts';
import { readRelayBacklog, readRelayCounts, readRelayLag } from '../../db/relay/lag.ts';
import { publishedUpTo } from '../../db/relay/receive-gap.ts';
import { changeShards, divideRelay, readShards } from '../../db/relay/shards.ts';
import { pauseAt } from '../support/signal.ts';
import { ascending, divide, expectOrder, KEYS, relaysOf, stopAll, writeVersions } from './sharded.ts';
import { beginWithXid, drain, relayOn, withWorld, writeEvent } from './world.ts';

const readShardOf = async (db: Db, key: string | null, shards: number): Promise<number> =>
  (await db.raw<{ rows: { shard: number }[] }>('select relay_shard(:key, :shards) as shard', { key, shards }))
    .rows[0]?.shard ?? -1;

describe('a relay with several shards', () => {
  it('publishes every event once, each entity by its shard; what is published is known of each event', () =>
    withWorld(async (world) => {
      const { db, relay, arrivals } = world;
      await relay.runOnce();
      await relay.stop();
      await divide(db, 4);
      const ids = await writeVersions(db, 1, 3);
      const [first, ...others] = relaysOf(world, 4);
      if (first === undefined) throw new Error('there are no shards');
      await drain(first);
      const done = arrivals.all.length;
      expect(done).to.be.above(0).and.below(ids.length);
      for (const { key } of arrivals.all) expect(await readShardOf(db, key, 4)).to.equal(0);
      const { rows } = await db.raw<{ rows: { id: number }[] }>(
        `select id from sync_event_status where status = 'published' order by id`,
      );
      expect(rows.map(({ id }) => id)).to.deep.equal(ascending(arrivals.ids()));
      expect((await readRelayBacklog(db)).events).to.equal(ids.length - done);
      expect((await readRelayLag(db)).oldest).to.not.equal(null);
      expect(await publishedUpTo(db), 'the shard that is furthest behind').to.be.below(ids[0] ?? 0);
      for (const other of others) await drain(other);
      expect(ascending(arrivals.ids())).to.deep.equal(ids);
      expectOrder(arrivals);
      expect((await readRelayLag(db)).oldest).to.equal(null);
      expect(await readRelayCounts(db)).to.include({ shards: 4, published: ids.length });
      await stopAll([first, ...others]);
    }));

  it('publishes a transaction that commits after all windows that follow it, by the shards of its entities', () =>
    withWorld(async (world) => {
      const { db, relay, arrivals } = world;
      await relay.runOnce();
      await relay.stop();
      await divide(db, 4);
      const relays = relaysOf(world, 4, { pageSize: 3 });
      const late = await beginWithXid(db);
      const ids = [];
      for (let key = 1; key <= KEYS; key += 1) ids.push(await writeEvent(late, { key: `customer:${key}` }));
      for (let version = 2; version < 6; version += 1) {
        ids.push(...(await writeVersions(db, version, 1)));
        for (const each of relays) await drain(each);
      }
      await late.commit();
      for (const each of relays) await drain(each);
      expect(ascending(arrivals.ids())).to.deep.equal(ascending(ids));
      await stopAll(relays);
    }));

  it('looks in one shard for events of all shards that lie below the floors', () =>
    withWorld(async (world) => {
      const { db, relay, arrivals } = world;
      await db.raw(`select setval('sync_event_ids', 1000)`);
      await relay.runOnce();
      await relay.stop();
      await divide(db, 4);
      const relays = relaysOf(world, 4);
      await writeVersions(db, 1, 2);
      for (const each of relays) await drain(each);
      const before = arrivals.all.length;
      await db.transaction(async (tx) => {
        await tx.raw('set local session_replication_role = replica');
        for (let key = 1; key <= KEYS; key += 1)
          await tx.raw(
            `insert into sync_events (id, event_id, event_type, entity_type, entity_key, version, source, payload)
             values (:id, :eventId, 'customer.updated', 'customer', :key, 1, 'sql', '{}')`,
            { id: key, eventId: randomUUID(), key: `customer:${key}` },
          );
      });
      await db.raw(
        `insert into sequence_moves (sequence, moved_from, moved_to, walked_to) values ('sync_event_ids', 1, 1000, 0)`,
      );
      await stopAll(relays);
      const again = relaysOf(world, 4);
      for (const each of again) await drain(each);
      const found = arrivals.ids().slice(before);
      expect(ascending(found)).to.deep.equal(Array.from({ length: KEYS }, (_, n) => n + 1));
      await stopAll(again);
    }));
});

describe('a change of the number of shards', () => {
  it('loses nothing and keeps each entity in order: 1, 2, 4, 3, 1, in the middle of windows, beside an open transaction', () =>
    withWorld(
      async (world) => {
        const { db, relay, arrivals } = world;
        const ids = await writeVersions(db, 1, 2);
        await relay.runOnce();
        await relay.runOnce();
        await relay.stop();
        const late = await beginWithXid(db);
        ids.push(await writeEvent(late, { key: 'customer:late' }));
        for (const [step, shards] of [2, 4, 3, 1].entries()) {
          await divide(db, shards);
          ids.push(...(await writeVersions(db, 3 + step, 1)));
          const relays = relaysOf(world, shards, { pageSize: 2 });
          // Each shard is somewhere else when the next change comes.
          for (const [n, each] of relays.entries())
            for (let round = 0; round <= n * 3; round += 1) await each.runOnce();
          await stopAll(relays);
        }
        await late.commit();
        const last = relayOn(db, arrivals.bus, { pageSize: 100 });
        await drain(last);
        expect(ascending([...new Set(arrivals.ids())])).to.deep.equal(ascending(ids));
        expectOrder(arrivals);
        expect((await readRelayLag(db)).oldest).to.equal(null);
        await last.stop();
      },
      { pageSize: 3 },
    ));

  it('from one shard repeats nothing, also in the middle of a window', () =>
    withWorld(
      async (world) => {
        const { db, relay, arrivals } = world;
        const ids = await writeVersions(db, 1, 2);
        await relay.runOnce();
        await relay.stop();
        await divide(db, 4);
        const relays = relaysOf(world, 4);
        for (const each of relays) await drain(each);
        expect(ascending(arrivals.ids())).to.deep.equal(ids);
        await stopAll(relays);
      },
      { pageSize: 5 },
    ));

  for (const followed of [false, true])
    it(`leaves the page of a relay that has sent it unsaved, whatever the numbers are by then: ${followed ? 'after' : 'before'} the next relay`, () =>
      withWorld(async (world) => {
        const { db, relay, arrivals } = world;
        await relay.runOnce();
        const ids = await writeVersions(db, 1, 1);
        const pause = pauseAt('relay.after-publish');
        const frozen = relay.runOnce();
        await pause.reached;
        await divide(db, 4);
        await divide(db, 1);
        const next = relayOn(db, arrivals.bus);
        if (followed) await drain(next);
        const counts = await readRelayCounts(db);
        pause.resume();
        expect(await frozen).to.equal(0);
        expect(await readRelayCounts(db), 'the late save changed nothing').to.deep.equal(counts);
        await drain(next);
        expect(ascending([...new Set(arrivals.ids())])).to.deep.equal(ids);
        await next.stop();
      }));

  it('lets no relay begin before the leases of the old number have run out', () =>
    withWorld(async (world) => {
      const { db, relay } = world;
      await relay.runOnce();
      await changeShards(db, { shards: 2, actor: 'test' });
      const take = (name: string) => takeLease(db, { name, owner: 'test', lengthMs: 60_000 });
      expect([await take('relay.0'), await take('relay.1')]).to.deep.equal([null, null]);
      await db.raw(`update leases set until = clock_timestamp() where until < 'infinity'`);
      expect([await take('relay.0'), await take('relay.1')]).to.deep.equal([2, 2]);
    }));

  it('keeps a relay without shards standing by while there are several, and no longer', () =>
    withWorld(async ({ db, relay }) => {
      await relay.runOnce();
      await relay.stop();
      const take = () => takeLease(db, { name: 'relay', owner: 'of an older version', lengthMs: 60_000 });
      await divide(db, 2);
      expect(await take()).to.equal(null);
      expect(await readHolders(db), 'and no process holds it').to.deep.equal([]);
      await divide(db, 1);
      expect(await take()).to.be.a('number');
    }));

  it('that is not committed has changed nothing: the relay goes on under its lease', () =>
    withWorld(async ({ db, relay, arrivals }) => {
      await relay.runOnce();
      const before = await readRelayCounts(db);
      const crash = await db
        .transaction(async (tx) => {
          await divideRelay(tx, 4);
          throw new Error('a crash');
        })
        .catch((error: unknown) => error);
      expect(String(crash)).to.include('a crash');
      expect(await readRelayCounts(db)).to.deep.equal(before);
      const id = await writeEvent(db);
      await drain(relay);
      expect(arrivals.ids()).to.deep.equal([id]);
    }));

  it('is in the log of operations; one to the same number, or before the first relay, is not', () =>
    withWorld(async ({ db, relay }) => {
      expect(await changeShards(db, { shards: 4, actor: 'ada' })).to.equal(null);
      await relay.runOnce();
      expect(await changeShards(db, { shards: 1, actor: 'ada' })).to.equal(null);
      expect(await changeShards(db, { shards: 4, actor: 'ada' })).to.deep.equal({ before: 1 });
      const entries = await listAudit(db, { limit: 10 });
      expect(
        entries.map(({ action, actor, before, after }) => ({ action, actor, before, after })),
      ).to.deep.equal([
        { action: 'divide_relay', actor: 'ada', before: { shards: 1 }, after: { shards: 4 } },
      ]);
      expect(await readShards(db)).to.equal(4);
    }));
});
