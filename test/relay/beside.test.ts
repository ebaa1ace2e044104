import { expect } from 'chai';
import type { Db } from '../../db/server/connection.ts';
import { SAVE_EVERY_MS } from '../../relay/save.ts';
import { createSignal, waitUntil } from '../support/signal.ts';
import { drain, readCursor, relayOn, withWorld, writeEvent, writeEvents, type Arrivals } from './world.ts';

/** Between two moves of this clock a relay saves once, if its pages are short. */
const clock = { now: 0 };
const withLoop = (work: Parameters<typeof withWorld>[0]): Promise<void> => {
  clock.now = 0;
  return withWorld(work, { monotonic: () => clock.now, idleMs: 5, pageSize: 2 });
};
const SOON = { timeoutMs: 10_000, everyMs: 5 };

const arrive = (arrivals: Arrivals, ids: readonly number[]): Promise<unknown> =>
  waitUntil(() => ids.every((id) => arrivals.ids().includes(id)), { ...SOON, what: `events ${ids.join()}` });

/** No save passes until this transaction ends. */
async function lockCursor(db: Db) {
  const tx = await db.transaction();
  await tx.raw('select from relay_cursor for update');
  return tx;
}

async function saveWaits(db: Db): Promise<void> {
  const waiting = `select from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and query like '%update relay_cursor c%'`;
  await waitUntil(async () => (await db.raw<{ rows: unknown[] }>(waiting)).rows.length === 1, {
    ...SOON,
    what: 'a save that waits',
  });
}

const savedIds = async (db: Db): Promise<number[]> =>
  (
    await db.raw<{ rows: { id: number }[] }>('select unnest(ids) as id from relay_batches order by id')
  ).rows.map(({ id }) => id);

const saved = (db: Db, ids: readonly number[]): Promise<unknown> =>
  waitUntil(
    async () => {
      const all = await savedIds(db);
      return ids.every((id) => all.includes(id));
    },
    { ...SOON, what: `the save of ${ids.join()}` },
  );

describe('while a page is sent, the relay', () => {
  it('gets the next one ready, sends nothing of it, and forgets it if the page fails', () =>
    withWorld(async ({ db, arrivals }) => {
      const [sent, ready] = [createSignal(), createSignal()];
      const prepared: number[][] = [];
      let refuse: (error: Error) => void = () => undefined;
      const relay = relayOn(db, arrivals.bus, { pageSize: 2 });
      const held = relayOn(
        db,
        {
          ...arrivals.bus,
          publish: () => {
            sent.fire();
            return new Promise((_, reject) => (refuse = reject));
          },
          prepare(messages) {
            prepared.push(messages.map(({ syncEventId }) => syncEventId));
            ready.fire();
          },
        },
        { pageSize: 2 },
      );
      const ids = await db.transaction((tx) => writeEvents(tx, 6));
      const round = held.runOnce().catch((error: unknown) => error);
      await sent.promise;
      await ready.promise;
      expect(prepared).to.deep.equal([ids.slice(2, 4)]);
      refuse(new Error('not now'));
      expect(await round).to.be.an('error');
      await held.stop();
      await drain(relay);
      await relay.stop();
      expect(arrivals.ids()).to.deep.equal(ids);
    }));
});

describe('beside the save of a page, the relay', () => {
  it('sends the next page, and no third one', () =>
    withLoop(async ({ db, relay, arrivals }) => {
      void relay.start();
      const first = await writeEvent(db);
      await saved(db, [first]);
      const lock = await lockCursor(db);
      const ids = await db.transaction((tx) => writeEvents(tx, 6));
      await arrive(arrivals, ids.slice(0, 4));
      await saveWaits(db);
      expect(arrivals.ids()).to.deep.equal([first, ...ids.slice(0, 4)]);
      await lock.commit();
      await saved(db, ids);
      expect(arrivals.ids()).to.deep.equal([first, ...ids]);
    }));

  it('sends both pages again if the save fails, and nothing else', () =>
    withLoop(async ({ db, relay, arrivals }) => {
      void relay.start();
      const first = await writeEvent(db);
      await saved(db, [first]);
      const lock = await lockCursor(db);
      const ids = await db.transaction((tx) => writeEvents(tx, 4));
      await arrive(arrivals, ids);
      await saveWaits(db);
      // The save is not made.
      await db.raw(
        `select pg_cancel_backend(pid) from pg_stat_activity
         where datname = current_database() and query like '%update relay_cursor c%' and wait_event_type = 'Lock'`,
      );
      await lock.commit();
      await saved(db, ids);
      expect(arrivals.ids()).to.deep.equal([first, ...ids, ...ids]);
    }));

  it('raises no floor with a window that began before the save had ended', () =>
    withLoop(async ({ db, relay, arrivals }) => {
      void relay.start();
      const first = await writeEvent(db);
      await saved(db, [first]);
      const lock = await lockCursor(db);
      // An empty window is closed, since the floors are behind.
      clock.now += SAVE_EVERY_MS;
      await saveWaits(db);
      const ids = [await writeEvent(db)];
      await arrive(arrivals, ids);
      // More than a page waits now, so it is saved as soon as that is possible.
      ids.push(await writeEvent(db));
      await arrive(arrivals, ids);
      await lock.commit();
      await saved(db, ids);
      expect((await readCursor(db))?.win, 'the window stays open').to.be.a('string');
      await relay.stop();
      const next = relayOn(db, arrivals.bus);
      await drain(next);
      await next.stop();
      expect(arrivals.ids()).to.deep.equal([first, ...ids]);
    }));
});
