import { expect } from 'chai';
import {
  beginWithXid,
  drain,
  readCursor,
  relayOn,
  writeEvent,
  writeEvents,
  withWorld,
  type World,
} from './world.ts';

describe('the relay’s cursor', () => {
  it('delivers every row that existed before its first start', () =>
    withWorld(async ({ db, relay, arrivals }) => {
      const ids = await writeEvents(db, 5);
      expect(await drain(relay)).to.equal(5);
      expect(arrivals.ids()).to.deep.equal(ids);
    }));

  it('delivers the first event of an empty database, however long it has been idle', () =>
    withWorld(async ({ db, relay, arrivals }) => {
      await drain(relay);
      await drain(relay);
      const id = await writeEvent(db);
      await drain(relay);
      expect(arrivals.ids()).to.deep.equal([id]);
    }));

  it('delivers nothing twice', () =>
    withWorld(async ({ db, relay, arrivals }) => {
      const ids = await writeEvents(db, 3);
      await drain(relay);
      ids.push(...(await writeEvents(db, 3)));
      await drain(relay);
      expect(arrivals.ids()).to.deep.equal(ids);
    }));

  it('delivers a transaction that commits below ids already delivered', () =>
    withWorld(async ({ db, relay, arrivals }) => {
      const late = await db.transaction();
      const lateId = await writeEvent(late);
      const ids = await writeEvents(db, 3);
      await drain(relay);
      expect(arrivals.ids()).to.deep.equal(ids);
      await late.commit();
      await drain(relay);
      expect(arrivals.ids()).to.deep.equal([...ids, lateId]);
    }));

  it('delivers a transaction whose id and xid are many windows old, while others pass it', () =>
    withWorld(async ({ db, relay, arrivals }) => {
      const late = await db.transaction();
      const lateId = await writeEvent(late);
      const ids: number[] = [];
      for (let window = 0; window < 6; window += 1) {
        ids.push(...(await writeEvents(db, 2)));
        await drain(relay);
      }
      await late.commit();
      ids.push(lateId, await writeEvent(db));
      await drain(relay);
      expect(arrivals.ids()).to.deep.equal(ids);
    }));

  it('delivers a transaction that took its xid long before its event id', () =>
    withWorld(async ({ db, relay, arrivals }) => {
      const early = await beginWithXid(db);
      const ids = await writeEvents(db, 3);
      await drain(relay);
      ids.push(await writeEvent(early));
      ids.push(await writeEvent(db));
      await early.commit();
      await drain(relay);
      expect(arrivals.ids()).to.deep.equal(ids);
    }));

  // "first" has the lower xid and the higher ids, so when it is delivered the snapshot's xmax is
  // still below "second", which runs, is listed in no snapshot, and holds an id below all that has
  // been delivered.
  // The relay is active already: its own start takes transaction ids, and they would raise xmax.
  async function hideBelowXmax({ db, relay }: World) {
    await drain(relay);
    const first = await beginWithXid(db);
    const second = await beginWithXid(db);
    const hidden = await writeEvent(second);
    const ids = await writeEvents(first, 6);
    await first.commit();
    return { second, hidden, ids };
  }

  for (const pageSize of [1, 2, 3, 6, 1_000]) {
    it(`delivers an id below its window whose xid is above the snapshot, in pages of ${pageSize}`, () =>
      withWorld(
        async (world) => {
          const { relay, arrivals } = world;
          const { second, hidden, ids } = await hideBelowXmax(world);
          while (arrivals.ids().length < ids.length || (await readCursor(world.db))?.win !== null) {
            await relay.runOnce();
          }
          await second.commit();
          await drain(relay);
          expect(arrivals.ids()).to.deep.equal([...ids, hidden]);
        },
        { pageSize, leaseMs: 600_000 },
      ));

    it(`delivers such an id as well after windows have closed over it, in pages of ${pageSize}`, () =>
      withWorld(
        async (world) => {
          const { db, relay, arrivals } = world;
          const { second, hidden, ids } = await hideBelowXmax(world);
          await drain(relay);
          ids.push(...(await writeEvents(db, 3)));
          await drain(relay);
          await second.commit();
          await drain(relay);
          expect(arrivals.ids()).to.deep.equal([...ids, hidden]);
        },
        { pageSize, leaseMs: 600_000 },
      ));
  }

  it('sorts late rows among the others by id', () =>
    withWorld(async ({ db, relay, arrivals }) => {
      const late = await beginWithXid(db);
      const before = await writeEvent(db, { key: 'customer:2' });
      await drain(relay);
      const one = await writeEvent(late, { version: 1 });
      const two = await writeEvent(db, { key: 'customer:2', version: 2 });
      const three = await writeEvent(late, { version: 2 });
      await late.commit();
      await drain(relay);
      expect(arrivals.ids()).to.deep.equal([before, one, two, three]);
    }));

  it('keeps one entity in the order of its commits, when an older transaction writes after a younger one', () =>
    withWorld(
      async ({ db, relay, arrivals }) => {
        const older = await beginWithXid(db);
        const first = await writeEvent(db, { version: 1 });
        const second = await writeEvent(older, { version: 2 });
        await older.commit();
        await drain(relay);
        expect(arrivals.ids()).to.deep.equal([first, second]);
      },
      { pageSize: 1 },
    ));

  it('neither delivers nor waits for what was rolled back', () =>
    withWorld(async ({ db, relay, arrivals }) => {
      const gone = await db.transaction();
      await writeEvents(gone, 2);
      const ids = [await writeEvent(db)];
      await drain(relay);
      await gone.rollback();
      ids.push(await writeEvent(db));
      await drain(relay);
      expect(arrivals.ids()).to.deep.equal(ids);
    }));

  it('does not wait for an old transaction, whatever that does', () =>
    withWorld(async ({ db, relay, arrivals }) => {
      const pinned = await beginWithXid(db);
      const ids = await writeEvents(db, 3);
      await drain(relay);
      ids.push(...(await writeEvents(db, 3)));
      await drain(relay);
      expect(arrivals.ids()).to.deep.equal(ids);
      await pinned.rollback();
    }));

  it('leaves a window open over full pages, and continues inside it after a restart', () =>
    withWorld(
      async ({ db, relay, arrivals }) => {
        const ids = await writeEvents(db, 5);
        await relay.runOnce();
        const open = await readCursor(db);
        expect(open).to.include({ last_id: ids[1], floor: 0, pending_floor: 0 });
        expect(open?.win).to.be.a('string');
        const later = await writeEvents(db, 3);
        await relay.stop();
        const next = relayOn(db, arrivals.bus, { pageSize: 2 });
        await next.runOnce();
        await next.runOnce();
        expect(arrivals.ids(), 'the window ends with what was there when it was opened').to.deep.equal(ids);
        expect(await readCursor(db)).to.include({ win: null, last_id: 0 });
        await drain(next);
        expect(arrivals.ids()).to.deep.equal([...ids, ...later]);
        await next.stop();
      },
      { pageSize: 2 },
    ));

  it('moves the floor once for each window, not for each page', () =>
    withWorld(
      async ({ db, relay }) => {
        const ids = await writeEvents(db, 5);
        await relay.runOnce();
        await relay.runOnce();
        expect(await readCursor(db)).to.include({ floor: 0, pending_floor: 0 });
        await relay.runOnce();
        expect(await readCursor(db)).to.include({ win: null, floor: 0, pending_floor: ids[4] });
        await relay.runOnce();
        expect(await readCursor(db)).to.include({ floor: ids[4], pending_floor: ids[4] });
      },
      { pageSize: 2 },
    ));

  it('leaves its row unchanged while there is nothing to do', () =>
    withWorld(async ({ db, relay }) => {
      await writeEvents(db, 3);
      await drain(relay);
      const tuple = 'select ctid::text, xmin::text from relay_cursor';
      const { rows: before } = await db.raw<{ rows: unknown[] }>(tuple);
      await drain(relay);
      const { rows: after } = await db.raw<{ rows: unknown[] }>(tuple);
      expect(after).to.deep.equal(before);
    }));

  it('repeats a page that a subscriber failed to take, and moves on only after it', () =>
    withWorld(async ({ db, relay, arrivals }) => {
      const ids = await writeEvents(db, 3);
      let failures = 2;
      await arrivals.bus.subscribe({
        topic: 'sync.outbound',
        group: 'failing',
        handler: () => (failures-- > 0 ? Promise.reject(new Error('not now')) : Promise.resolve()),
      });
      for (let round = 0; round < 2; round += 1) {
        const error = await relay.runOnce().catch((reason: unknown) => reason);
        expect(error).to.include({ code: 'handler_failed' });
        expect(await readCursor(db)).to.include({ seen: '1:1:' });
      }
      await drain(relay);
      expect(arrivals.ids()).to.deep.equal([...ids, ...ids, ...ids]);
    }));

  it('repeats the page that failed and not the one that was read ahead of it', () =>
    withWorld(
      async ({ db, relay, arrivals }) => {
        const ids = await writeEvents(db, 9);
        const failsAt = new Set([2, 5]);
        let calls = 0;
        await arrivals.bus.subscribe({
          topic: 'sync.outbound',
          group: 'failing',
          handler: () => (failsAt.has(++calls) ? Promise.reject(new Error('not now')) : Promise.resolve()),
        });
        for (let round = 0; round < 8; round += 1) await relay.runOnce().catch(() => undefined);
        expect([...new Set(arrivals.ids())]).to.deep.equal(ids);
        expect(arrivals.all).to.have.length(9 + 2 * failsAt.size);
      },
      { pageSize: 2 },
    ));

  it('skips types that have no topic, and counts them', () =>
    withWorld(async ({ db, relay, arrivals }) => {
      await writeEvent(db, { type: 'invoice.created' });
      const id = await writeEvent(db);
      await drain(relay);
      expect(arrivals.ids()).to.deep.equal([id]);
      const { rows } = await db.raw<{ rows: unknown[] }>('select published, unrouted from relay_cursor');
      expect(rows).to.deep.equal([{ published: 1, unrouted: 1 }]);
    }));
});
