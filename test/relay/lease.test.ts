import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLease } from '../../lib/lease.ts';
import { createSignal, pauseAt, waitUntil } from '../support/signal.ts';
import { useDatabase } from '../support/database.ts';
import { followArrivals, startRelayProcess } from './processes.ts';
import { drain, readCursor, relayOn, withWorld, writeEvent, writeEvents } from './world.ts';

const LONG_MS = 60_000;

describe('a lease', () => {
  const database = useDatabase();
  const createOn = (name: string, options: { lengthMs?: number; monotonic?: () => number } = {}) =>
    createLease({ db: database.db, name, lengthMs: LONG_MS, ...options });
  const expire = (name: string) =>
    database.db.raw(`update leases set until = clock_timestamp() where name = :name`, { name });

  it('has one holder at a time, and a fence that rises with each holder', async () => {
    const [one, two] = [createOn('a'), createOn('a')];
    expect(await one.take()).to.equal(1);
    expect(await two.take()).to.equal(null);
    expect([one.isHeld(), two.isHeld()]).to.deep.equal([true, false]);
    await one.release();
    expect(await two.take()).to.equal(2);
    expect(await one.renew()).to.equal(false);
    await two.release();
  });

  it('can be taken by another only after its end, and then for good', async () => {
    const [one, two] = [createOn('b'), createOn('b')];
    await one.take();
    await expire('b');
    expect(await two.take()).to.equal(2);
    expect(await one.renew()).to.equal(false);
    expect(one.isHeld()).to.equal(false);
    await one.release();
    expect(two.isHeld()).to.equal(true);
    expect(await two.renew(), 'a release by the old holder changes nothing').to.equal(true);
    await two.release();
  });

  it('is not ended by a former holder that does not know that it has lost the lease', async () => {
    const [one, two] = [createOn('f'), createOn('f')];
    await one.take();
    await expire('f');
    await two.take();
    await one.release();
    expect(await createOn('f').take(), 'the second one still has it').to.equal(null);
    await two.release();
  });

  it('is not kept past its local deadline, even when the database was never asked', async () => {
    let now = 0;
    const one = createOn('c', { lengthMs: 9_000, monotonic: () => now });
    await one.take();
    now = 8_999;
    expect(one.isHeld()).to.equal(true);
    now = 9_000;
    expect(one.isHeld()).to.equal(false);
    expect(await one.renew()).to.equal(true);
    expect(one.isHeld(), 'no other holder took it').to.equal(true);
    await one.release();
  });

  it('renews itself', async () => {
    const one = createOn('d', { lengthMs: 90 });
    const until = async () => {
      const { rows } = await database.db.raw<{ rows: { until: Date }[] }>(
        `select until from leases where name = 'd'`,
      );
      return rows[0]?.until.getTime() ?? 0;
    };
    await one.take();
    const first = await until();
    await waitUntil(async () => (await until()) > first, { timeoutMs: 10_000, what: 'a renewal' });
    await one.release();
  });

  it('is taken by only one of many that try together', async () => {
    const takers = Array.from({ length: 8 }, () => createOn('e'));
    const fences = await Promise.all(takers.map(({ take }) => take()));
    expect(fences.filter((fence) => fence !== null)).to.deep.equal([1]);
    await Promise.all(takers.map(({ release }) => release()));
  });
});

describe('several relays', () => {
  it('wait while one is active, and take over when it stops', () =>
    withWorld(async ({ db, relay, arrivals }) => {
      const standby = relayOn(db, arrivals.bus);
      const ids = await writeEvents(db, 2);
      await drain(relay);
      ids.push(await writeEvent(db));
      expect(await standby.runOnce()).to.equal(0);
      expect([relay.isActive(), standby.isActive()]).to.deep.equal([true, false]);
      await relay.stop();
      await drain(standby);
      expect(arrivals.ids()).to.deep.equal(ids);
      await standby.stop();
    }));

  it('are not moved back by one that was frozen after it had sent', () =>
    withWorld(
      async ({ db, relay, arrivals }) => {
        const ids = await writeEvents(db, 4);
        const frozen = pauseAt('relay.after-publish');
        const asleep = relay.runOnce();
        await frozen.reached;
        await db.raw(`update leases set until = clock_timestamp()`);
        const next = relayOn(db, arrivals.bus, { pageSize: 2 });
        await drain(next);
        const stood = await readCursor(db);
        frozen.resume();
        expect(await asleep, 'the page counts for nothing').to.equal(0);
        expect(await readCursor(db)).to.deep.equal(stood);
        expect(relay.isActive()).to.equal(false);
        expect(arrivals.ids(), 'one page was repeated').to.deep.equal([...ids.slice(0, 2), ...ids]);
        const { rows } = await db.raw<{ rows: unknown[] }>(
          'select fence, sum(count)::integer as count from relay_batches group by fence',
        );
        expect(rows).to.deep.equal([{ fence: 2, count: 4 }]);
        await next.stop();
      },
      { pageSize: 2 },
    ));

  it('do not send once the lease has expired by their own clock', async () => {
    let now = 0;
    await withWorld(
      async ({ db, relay, arrivals }) => {
        await drain(relay);
        const ids = await writeEvents(db, 2);
        const frozen = pauseAt('relay.before-publish');
        const asleep = relay.runOnce();
        await frozen.reached;
        now = LONG_MS;
        frozen.resume();
        expect(await asleep).to.equal(0);
        expect(arrivals.ids()).to.deep.equal([]);
        await db.raw(`update leases set until = clock_timestamp()`);
        await drain(relay);
        expect(arrivals.ids()).to.deep.equal(ids);
      },
      { leaseMs: LONG_MS, monotonic: () => now },
    );
  });

  // The page whose save was under way, and the one that was sent meanwhile (relay/save.ts).
  it('take over when the active one is killed, and repeat at most two pages', () =>
    withWorld(
      async ({ db, url, relay, arrivals }) => {
        const folder = await mkdtemp(join(tmpdir(), 'relay-kill-'));
        const file = join(folder, 'arrivals');
        const child = startRelayProcess(url, file, { pageSize: 2, leaseMs: 1_000 });
        try {
          const ids = await writeEvents(db, 40);
          await waitUntil(() => existsSync(file), { timeoutMs: 30_000, what: 'a page of the child' });
          expect(await relay.runOnce(), 'this one stands by').to.equal(0);
          child.signal('SIGKILL');
          await child.exited;
          await waitUntil(() => relay.runOnce().then((count) => count > 0), {
            timeoutMs: 30_000,
            what: 'the lease',
          });
          await drain(relay);
          const followed = followArrivals(file);
          followed.read();
          const before = followed.all.map(({ id }) => id);
          const after = arrivals.ids();
          expect(before).to.deep.equal(ids.slice(0, before.length));
          expect(after).to.deep.equal(ids.slice(ids.length - after.length));
          expect(before.length + after.length - ids.length).to.be.oneOf([0, 2, 4]);
        } finally {
          child.signal('SIGKILL');
          await child.exited;
          await rm(folder, { recursive: true });
        }
      },
      { leaseMs: 1_000 },
    ));

  it('find committed events by polling alone, and at once when notified', () =>
    withWorld(
      async ({ db, relay, arrivals }) => {
        const arrived = createSignal();
        await arrivals.bus.subscribe({
          topic: 'sync.outbound',
          group: 'signal',
          handler: () => Promise.resolve(arrived.fire()),
        });
        const running = relay.start();
        await waitUntil(relay.isActive, { timeoutMs: 10_000, what: 'a lease' });
        await writeEvent(db);
        for (let n = 0; n < 1_000; n += 1) relay.nudge();
        await arrived.promise;
        await writeEvent(db);
        await waitUntil(() => arrivals.all.length === 2, { timeoutMs: 10_000, what: 'a poll' });
        await relay.stop();
        await running;
        const { rows } = await db.raw<{ rows: { free: boolean }[] }>(
          'select until <= clock_timestamp() as free from leases',
        );
        expect(rows).to.deep.equal([{ free: true }]);
      },
      { idleMs: 50 },
    ));
});
