import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import { expectDescribed } from './described.ts';
import { bearer, makeKeys } from './keys-made.ts';
import { expectProblem, startApi } from './start-api.ts';

const path = '/api/v1/me';
const STATIC = 'a-static-key-of-a-test';

describe('/me', () => {
  const database = useDatabase();

  it('says that the API is open, and afterwards which stored key asks and what it may do', async () => {
    const api = await startApi({ db: database.db, elapsed: everLater() });
    const open = await api.send('GET', path);
    expectDescribed('get', path, open);
    const all = ['viewer', 'editor', 'operator', 'admin', 'ingest'];
    const none = { kind: 'none', id: null, name: null, actor: null, system: null, expires_at: null };
    expect(open.json).to.deep.equal({ ...none, scope: 'admin', may: all });

    const expiresAt = new Date(Date.now() + 3_600_000);
    const { text, id } = await makeKeys(database.db).make('operator', { name: 'Ada', expiresAt });
    const known = await api.send('GET', path, bearer(text));
    expectDescribed('get', path, known);
    expect(known.json).to.deep.equal({
      ...{ kind: 'stored', id, name: 'Ada', actor: `key:Ada/${id}`, system: null },
      ...{ scope: 'operator', may: ['viewer', 'operator'], expires_at: expiresAt.toISOString() },
    });
    expect(known.text).not.to.include(text.split('_')[2]);
    await api.server.close();
  });

  it('says that a key of API_KEYS asks, without a part of it, and refuses who has none', async () => {
    const api = await startApi({ db: database.db, apiKeys: [STATIC] });
    const { json } = await api.send('GET', path, bearer(STATIC));
    expect(json).to.include({ kind: 'static', name: null, scope: 'admin', expires_at: null });
    expect(json['actor']).to.equal(`key:${String(json.id)}`);
    expect(STATIC).not.to.include(String(json.id));
    expectProblem(await api.send('GET', path), 401, 'unauthorized');
    await api.server.close();
  });
});

/** A clock on which what was read before is always too old. */
function everLater(): () => number {
  let now = 0;
  return () => (now += 60_000);
}
