import { expect } from 'chai';
import type { Db } from '../../db/server/connection.ts';
import { SAVE_EVERY_MS } from '../../relay/save.ts';
import { waitUntil } from '../support/signal.ts';
import { beginWithXid, drain, readCursor, relayOn, withWorld, writeEvent, type Arrivals } from './world.ts';

/** A clock that stands until it is moved: between two moves a relay saves once. */
const clock = { now: 0 };
const moveOn = (): void => void (clock.now += SAVE_EVERY_MS);
const withLoop = (work: Parameters<typeof withWorld>[0]): Promise<void> => {
  clock.now = 0;
  return withWorld(work, { monotonic: () => clock.now, idleMs: 5 });
};

async function arrive(arrivals: Arrivals, id: number): Promise<void> {
  await waitUntil(() => arrivals.ids().includes(id), { timeoutMs: 10_000, what: `event ${id}` });
}

/** Writes events, each once the one before has arrived: each is a page of its own. */
async function writeOneByOne(db: Db, arrivals: Arrivals, count: number): Promise<number[]> {
  const ids: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const id = await writeEvent(db);
    ids.push(id);
    await arrive(arrivals, id);
  }
  return ids;
}

const savedIds = async (db: Db): Promise<number[][]> => {
  const { rows } = await db.raw<{ rows: { ids: number[] }[] }>(
    'select ids from relay_batches order by first_offset',
  );
  return rows.map(({ ids }) => ids);
};

describe('short pages of a relay that runs', () => {
  it('are saved together, once the time for a save has come', () =>
    withLoop(async ({ db, relay, arrivals }) => {
      void relay.start();
      const [first, ...others] = await writeOneByOne(db, arrivals, 6);
      await waitUntil(async () => (await savedIds(db)).length === 1, {
        timeoutMs: 10_000,
        what: 'the first save',
      });
      expect(await savedIds(db)).to.deep.equal([[first]]);
      moveOn();
      await waitUntil(async () => (await savedIds(db)).length === 2, { timeoutMs: 10_000, what: 'a save' });
      expect(await savedIds(db)).to.deep.equal([[first], others]);
    }));

  it('are saved when it stops, and are not sent again', () =>
    withLoop(async ({ db, relay, arrivals }) => {
      void relay.start();
      const ids = await writeOneByOne(db, arrivals, 4);
      await relay.stop();
      expect((await savedIds(db)).flat()).to.deep.equal(ids);
      const next = relayOn(db, arrivals.bus);
      await drain(next);
      await next.stop();
      expect(arrivals.ids()).to.deep.equal(ids);
    }));

  it('are sent again by the next relay if this one dies before it has saved them, and nothing else is', () =>
    withLoop(async ({ db, relay, arrivals }) => {
      void relay.start();
      const [, ...unsaved] = await writeOneByOne(db, arrivals, 4);
      await db.raw('update leases set until = clock_timestamp()');
      const next = relayOn(db, arrivals.bus);
      await drain(next);
      expect(arrivals.ids().slice(4)).to.deep.equal(unsaved);
      // The first relay still believes in its lease: its fence is too old for a save.
      await relay.stop();
      expect((await savedIds(db)).flat().toSorted((a, b) => a - b)).to.deep.equal(
        arrivals.ids().slice(0, 1).concat(unsaved),
      );
      await next.stop();
    }));

  it('do not hide a transaction that was open while they passed', () =>
    withLoop(async ({ db, relay, arrivals }) => {
      void relay.start();
      await writeOneByOne(db, arrivals, 1);
      const early = await beginWithXid(db);
      const earlyId = await writeEvent(early);
      await writeOneByOne(db, arrivals, 3);
      const late = await beginWithXid(db);
      const lateId = await writeEvent(late);
      await writeOneByOne(db, arrivals, 3);
      // One ends between two saves; the other runs on across several.
      await early.commit();
      await arrive(arrivals, earlyId);
      for (let save = 0; save < 3; save += 1) {
        const { floor = 0 } = (await readCursor(db)) ?? {};
        moveOn();
        await writeOneByOne(db, arrivals, 2);
        await waitUntil(async () => ((await readCursor(db))?.floor ?? 0) > floor, {
          timeoutMs: 10_000,
          what: 'the floor',
        });
        await writeOneByOne(db, arrivals, 2);
      }
      await late.commit();
      await arrive(arrivals, lateId);
      await relay.stop();
      expect(new Set(arrivals.ids()).size).to.equal(arrivals.ids().length);
    }));
});
