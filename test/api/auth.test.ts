import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import { freshCustomer, startApi } from './start-api.ts';

const customers = '/api/v1/customers';

describe('API keys', () => {
  const database = useDatabase();
  let api: Awaited<ReturnType<typeof startApi>>;

  before(async () => {
    api = await startApi({ db: database.db, apiKeys: ['first-key-0123456789', 'second-key-0123456789'] });
  });
  after(() => api.server.close());

  const bearer = (key: string) => ({ headers: { Authorization: `Bearer ${key}` } });

  for (const key of ['first-key-0123456789', 'second-key-0123456789']) {
    it(`let requests with the ${key.split('-')[0]} key in`, async () => {
      expect((await api.send('GET', customers, bearer(key))).status).to.equal(200);
    });
  }

  const refused = {
    'no key': {},
    'a wrong key': bearer('wrong'),
    'a part of a key': bearer('first-key'),
    'a key with more': bearer('first-key-01234567890'),
    'an empty key': bearer(''),
    'another scheme': { headers: { Authorization: 'Basic Zmlyc3Q6a2V5' } },
    'two keys': bearer('first-key-0123456789, second-key-0123456789'),
    'a key without its scheme': { headers: { Authorization: 'first-key-0123456789' } },
  };
  for (const [what, options] of Object.entries(refused)) {
    it(`answer 401 to ${what}, whether the path exists or not`, async () => {
      for (const path of [customers, `${customers}/1`, '/nowhere']) {
        const { status, headers, json } = await api.send('GET', path, options);
        expect(status).to.equal(401);
        expect(headers.get('WWW-Authenticate')).to.match(/^Bearer realm="twinbox"/);
        expect(json.code).to.equal('unauthorized');
      }
    });
  }

  it('are not needed for /health, /ready and webhooks', async () => {
    for (const path of ['/health', '/ready', '/api/v1/health', '/api/v1/ready']) {
      expect((await api.send('GET', path)).status, path).to.equal(200);
    }
    expect((await api.send('POST', '/api/v1/webhooks/unknown')).status).to.equal(404);
  });

  it('put the caller into the event, by a part of the key’s hash', async () => {
    const { json } = await api.send('POST', customers, {
      body: freshCustomer(),
      ...bearer('first-key-0123456789'),
    });
    const [event] = await database
      .db<{ context: { actor: string }; entity_id: number }>('sync_events')
      .where('entity_id', json.id ?? 0);
    expect(event?.context.actor).to.match(/^key:[0-9a-f]{8}$/);
    expect(JSON.stringify(api.lines)).not.to.include('first-key');
  });
});
