import { expect } from 'chai';
import { closePairs } from '../../db/mappings/closed-pairs.ts';
import { withTransaction } from '../../db/server/connection.ts';
import { mappingOf } from '../support/sync-rows.ts';
import { linkedPair, unlinkedRow, useTwoWay } from '../support/two-way.ts';
import { expectDescribed } from './described.ts';
import { expectProblem, startApi } from './start-api.ts';

const path = '/api/v1/customers/by-need';

describe('the list of customers by need', () => {
  const world = useTwoWay();
  let api: Awaited<ReturnType<typeof startApi>>;
  beforeEach(async () => {
    api = await startApi({ db: world.db, clock: world.clock });
  });
  afterEach(() => api.server.close());

  async function walk(limit: number, between: () => Promise<unknown> = () => Promise.resolve()) {
    const pages: number[][] = [];
    let next: string | undefined = `${path}?limit=${limit}`;
    while (next !== undefined) {
      const answer = await api.send('GET', next);
      expect(answer.status, answer.text).to.equal(200);
      expectDescribed('get', path, answer);
      pages.push(answer.list.map(({ id }) => Number(id)));
      next = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('Link') ?? '')?.[1];
      if (next !== undefined) await between();
    }
    return pages;
  }

  it('has those that need a person first, then those that changed last, each once', async () => {
    const { id: first } = await linkedPair(world);
    const stuck = await unlinkedRow(world, 'first@example.com');
    const { id: second } = await linkedPair(world);
    const closed = await unlinkedRow(world, 'second@example.com');
    const { id: gone } = await linkedPair(world);
    const alsoStuck = await unlinkedRow(world, 'third@example.com');
    const { id } = await mappingOf(world.db, closed);
    const closing = { ids: [id], now: world.clock.now(), actor: 'a test', reason: 'test data' };
    await withTransaction(world.db, (tx) => closePairs(tx, closing));
    await world.remove(gone);
    await world.rest();
    world.advance(60_000);
    await world.update(first, { name: 'Changed last' });
    await world.rest();
    const inOrder = [alsoStuck, stuck, first, closed, second];
    for (const limit of [1, 2, 3, 5, 50])
      expect((await walk(limit)).flat(), `${limit}`).to.deep.equal(inOrder);
    expect((await walk(5)).length, 'no page behind a full one').to.equal(1);
  });

  it('shows one that changes between two pages at most twice, and leaves no other one out', async () => {
    const ids: number[] = [];
    for (let n = 0; n < 4; n += 1) {
      world.advance(1_000);
      ids.push((await linkedPair(world)).id);
    }
    const [oldest = 0] = ids;
    let changes = 0;
    const pages = await walk(2, async () => {
      changes += 1;
      if (changes === 1) await world.update(oldest, { name: 'Changed between' });
    });
    expect(new Set([...pages.flat(), oldest])).to.deep.equal(new Set(ids));
    expect(pages.flat().length).to.be.lessThan(6);
    await world.rest();
  });

  it('refuses a cursor of another list, and filters', async () => {
    for (const query of ['?after=1', '?after=0.0.7.0123456789ab', '?email=a@example.com', '?limit=101'])
      expectProblem(await api.send('GET', path + query), 400, 'invalid_request');
  });
});
