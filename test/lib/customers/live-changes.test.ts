import { expect } from 'chai';
import { decodePosition } from '../../../lib/customers/change-position.ts';
import { createLiveChanges, type Batch, type LiveChanges } from '../../../lib/customers/live-changes.ts';
import { createCustomerStore } from '../../../lib/customers/customers.ts';
import { customer } from '../../../lib/catalogue/built-in.ts';
import { systemClock } from '../../../lib/clock.ts';
import { useDatabase } from '../../support/database.ts';

describe('changes as they happen', () => {
  const database = useDatabase();
  let live: LiveChanges;
  let made = 0;
  before(() => {
    live = createLiveChanges({ db: database.db, log: { debug: () => undefined }, everyMs: 5, most: 3 });
  });

  async function create(): Promise<number> {
    made += 1;
    const store = createCustomerStore({
      db: database.db,
      clock: systemClock,
      entity: customer,
      nudge: () => undefined,
    });
    const values = { name: 'A', email: `a${made}@example.org` };
    const result = await store.create(values, { context: {} });
    if (result.outcome !== 'created') throw new Error(result.outcome);
    return result.customer.id;
  }

  /** Follows until it has seen these rows; returns the rows in the order in which they came. */
  async function followUntil(
    ids: () => number[],
    after: string | null,
    onBatch?: (batch: Batch) => Promise<void>,
  ) {
    const stop = new AbortController();
    const [seen, positions]: [number[], string[]] = [[], []];
    const ended = await live.follow(
      after === null ? null : decodePosition(after),
      async (batch) => {
        seen.push(...batch.rows.map(({ id }) => id));
        positions.push(batch.position);
        await onBatch?.(batch);
        if (ids().length > 0 && ids().every((id) => seen.includes(id))) stop.abort();
      },
      stop.signal,
    );
    return { ended, seen, positions };
  }

  it('miss nothing that is committed between the position of a new follower and its first round', async () => {
    const stop = new AbortController();
    const [ids, seen]: [number[], number[]] = [[], []];
    let creating = Promise.resolve();
    // Others follow it, so that a follower that has missed the first one sees one all the same.
    const createUntilSeen = async (): Promise<void> => {
      while (!stop.signal.aborted) ids.push(await create());
    };
    const ended = await live.follow(
      null,
      async ({ rows }) => {
        seen.push(...rows.map(({ id }) => id));
        if (rows.length > 0) return stop.abort();
        ids.push(await create());
        creating = createUntilSeen();
      },
      stop.signal,
    );
    await creating;
    expect(ended).to.deep.equal({ outcome: 'aborted' });
    expect(seen[0]).to.equal(ids[0]);
  });

  it('come to a follower that is far behind in pages, and then as to the others', async () => {
    let begin = '';
    await followUntil(
      () => [0],
      null,
      (batch) => {
        begin = batch.position;
        return Promise.reject(new Error('enough'));
      },
    ).catch(() => undefined);
    const ids: number[] = [];
    for (let count = 0; count < 8; count += 1) ids.push(await create());
    const { seen, positions } = await followUntil(() => ids, begin);
    expect(seen).to.deep.equal(ids);
    // From any of the positions the rest comes.
    const [, second = ''] = positions;
    expect((await followUntil(() => ids.slice(3), second)).seen).to.deep.equal(ids.slice(3));
  });

  it('come to the others while one that joins takes nothing', async () => {
    const stop = new AbortController();
    const stuck = Promise.withResolvers<undefined>();
    const one = live.follow(
      null,
      async ({ rows }) => {
        // The first batch is the position; what comes then is part of the common reading.
        if (rows.length === 0) {
          await create();
          return;
        }
        stuck.resolve(undefined);
        await new Promise(() => undefined);
      },
      stop.signal,
    );
    await stuck.promise;
    const ids: number[] = [];
    const { seen } = await followUntil(
      () => ids,
      null,
      async ({ rows }) => {
        if (rows.length === 0) ids.push(await create());
      },
    );
    expect(seen).to.include(ids[0]);
    stop.abort();
    expect(await one).to.deep.equal({ outcome: 'aborted' });
  });

  it('end for a position of another database', async () => {
    const stop = new AbortController();
    const foreign = { place: '00000000', seen: { xmin: 9, xmax: 9, running: [] }, floor: 0, lateFloors: [] };
    const position = { ...foreign, next: { xid: 9, id: 0 }, window: null };
    const ended = await live.follow(position, () => undefined, stop.signal);
    expect(ended).to.deep.equal({ outcome: 'expired', reason: 'other_database' });
  });
});
