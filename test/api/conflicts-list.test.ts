import { expect } from 'chai';
import { insertConflicts } from '../../db/conflicts.ts';
import { newEventId } from '../../lib/uuid.ts';
import { useDatabase } from '../support/database.ts';
import { expectDescribed } from './described.ts';
import { expectProblem, startApi } from './start-api.ts';

const conflicts = '/api/v1/conflicts';

describe('the list of conflicts', () => {
  const database = useDatabase();
  let api: Awaited<ReturnType<typeof startApi>>;

  before(async () => {
    api = await startApi({ db: database.db, apiKeys: ['a-key-of-an-operator'] });
    const start = Date.parse('2026-03-01T12:00:00Z');
    const rows = Array.from({ length: 25 }, (_, n) => {
      const at = new Date(start + n * 1_000);
      return {
        ...{ id: newEventId(at), mappingId: 1, entityType: 'customer', internalId: (n % 5) + 1 },
        ...{ kind: n % 2 === 0 ? 'both_moved' : 'deleted_there', field: n % 3 === 0 ? 'email' : 'name' },
        ...{
          base: null,
          ours: `ours ${n}`,
          theirs: `theirs ${n}`,
          rule: 'internal_wins',
          winner: 'ours' as const,
        },
        ...{ note: null, intentId: null, eventId: null, dedupeKey: String(n), createdAt: at },
      };
    });
    await database.db.transaction((tx) => insertConflicts(tx, rows));
    await database.db.raw(
      `update sync_conflicts set reversed_at = now(), note = 'reversed' where ours = '"ours 3"'`,
    );
  });
  after(() => api.server.close());

  const get = (query: string) =>
    api.send('GET', conflicts + query, { headers: { Authorization: 'Bearer a-key-of-an-operator' } });
  const ours = async (query: string): Promise<number[]> => {
    const answer = await get(query);
    expect(answer.status, answer.text).to.equal(200);
    return answer.list.map((each) => Number(String(each['ours']).slice(5)));
  };

  it('needs a key where the API has keys', async () => {
    expectProblem(await api.send('GET', conflicts), 401, 'unauthorized');
    expectProblem(await api.send('GET', '/api/v1/mappings'), 401, 'unauthorized');
  });

  it('begins with the newest, and its Link header leads through all conflicts, each once', async () => {
    const seen: number[] = [];
    let next: string | undefined = '?limit=10&turned=false';
    while (next !== undefined) {
      const answer = await get(next);
      expectDescribed('get', conflicts, answer);
      seen.push(...answer.list.map((each) => Number(String(each['ours']).slice(5))));
      const link = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('Link') ?? '')?.[1];
      next = link?.slice(conflicts.length);
    }
    expect(seen).to.deep.equal(Array.from({ length: 25 }, (_, n) => 24 - n).filter((n) => n !== 3));
  });

  it('filters by customer, kind, field and whether the conflict was reversed', async () => {
    expect(await ours('?customer=1')).to.deep.equal([20, 15, 10, 5, 0]);
    expect(await ours('?customer=1&kind=deleted_there')).to.deep.equal([15, 5]);
    expect(await ours('?customer=1&field=email')).to.deep.equal([15, 0]);
    expect(await ours('?turned=true')).to.deep.equal([3]);
    expect(await ours('?customer=999')).to.deep.equal([]);
  });

  it('shows one conflict, and says which kinds can be reversed', async () => {
    const [newest] = (await get('?limit=1&kind=both_moved')).list;
    const answer = await get(`/${String(newest?.id)}`);
    expectDescribed('get', `${conflicts}/{id}`, answer);
    const { preview, ...conflict } = answer.json;
    expect(conflict).to.deep.equal(newest).and.to.include({ reversible: true, system: null });
    expect(preview).to.have.all.keys('outcome', 'here', 'there');
    expect((await get('?limit=1&kind=deleted_there')).list[0]).to.include({ reversible: false });
  });

  for (const query of [
    ...['?limit=0', '?limit=101', '?after=7', '?after=x', '?customer=0', '?kind=lost', '?field='],
    ...['?turned=1', '?turned=yes', '?wat=1', '?limit=1&limit=2'],
  ]) {
    it(`refuses ${query} with 400`, async () => {
      const answer = await get(query);
      expectProblem(answer, 400, 'invalid_request');
      expectDescribed('get', conflicts, answer);
    });
  }
});
