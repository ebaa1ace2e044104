import { expect } from 'chai';
import { readActionsAfter } from '../../db/operator-actions.ts';
import { useDatabase } from '../support/database.ts';
import { expectDescribed } from './described.ts';
import { csvOf, openImport } from './import-client.ts';
import { bearer, makeKeys } from './keys-made.ts';
import { expectProblem, startApi } from './start-api.ts';

const path = '/api/v1/keys';

describe('the keys, by the API', () => {
  const database = useDatabase();
  let api: Awaited<ReturnType<typeof startApi>>;
  let admin: { text: string; id: string };

  before(async () => {
    admin = await makeKeys(database.db).make('admin', { name: 'Ada' });
    api = await startApi({ db: database.db });
  });
  after(() => api.server.close());

  it('are listed without their texts', async () => {
    const answer = await api.send('GET', path, bearer(admin.text));
    expectDescribed('get', path, answer);
    expect(answer.list[0]).to.include({ name: 'Ada', state: 'live', revoked_at: null });
    expect(answer.text).not.to.include(admin.text.split('_')[2]);
    expectProblem(await api.send('GET', `${path}?scope=viewer`, bearer(admin.text)), 400, 'invalid_request');
  });

  it('are revoked, with the key that asked for it in the record', async () => {
    const { id } = await makeKeys(database.db).make('viewer');
    const one = `${path}/{id}/revoke`;
    const answer = await api.send('POST', `${path}/${id}/revoke`, bearer(admin.text));
    expectDescribed('post', one, answer);
    expect(answer.json['outcome']).to.equal('revoked');
    const again = await api.send('POST', `${path}/${id}/revoke`, bearer(admin.text));
    expect(again.json['outcome']).to.equal('revoked_already');
    const last = (await readActionsAfter(database.db, 0, 100)).at(-1);
    expect(last).to.include({ action: 'revoke_key', actor: `key:Ada/${admin.id}` });
  });

  it('are revoked once with an Idempotency-Key, and a repeat gets the first answer', async () => {
    const { id } = await makeKeys(database.db).make('viewer');
    const headers = { ...bearer(admin.text).headers, 'Idempotency-Key': 'revoke-1' };
    const first = await api.send('POST', `${path}/${id}/revoke`, { headers });
    const again = await api.send('POST', `${path}/${id}/revoke`, { headers });
    expectDescribed('post', `${path}/{id}/revoke`, again);
    expect(again.headers.get('Idempotent-Replayed')).to.equal('true');
    expect([again.status, again.text]).to.deep.equal([200, first.text]);
    expect(first.json['outcome']).to.equal('revoked');
    const { id: other } = await makeKeys(database.db).make('viewer');
    const reused = await api.send('POST', `${path}/${other}/revoke`, { headers });
    expectProblem(reused, 422, 'idempotency_key_reused');
  });

  it('end an import when they are revoked while it runs, and what was written stays', async () => {
    const importTimes = { idleMs: 30_000, wholeMs: 60_000, keyMs: 50 };
    const quick = await startApi({ db: database.db, importTimes });
    const { text, id } = await makeKeys(database.db).make('editor');
    const sending = openImport(quick.server.url, bearer(text));
    sending.write(csvOf('ended', 250));
    await sending.response;
    await api.send('POST', `${path}/${id}/revoke`, bearer(admin.text));
    const { last } = await sending.answer;
    expect(last).to.deep.include({ type: 'stopped', code: 'key_ended' });
    expect(await database.db('customers').where('email', 'like', 'ended%')).to.have.length(
      Number(last?.['created']),
    );
    await quick.server.close(0);
  });

  it('answer 404 to an id that no key has, and 400 to one that is none, without repeating it', async () => {
    const unknown = await api.send('POST', `${path}/000000000000/revoke`, bearer(admin.text));
    expectProblem(unknown, 404, 'key_not_found');
    const text = await api.send('POST', `${path}/${admin.text}/revoke`, bearer(admin.text));
    expectProblem(text, 400, 'invalid_request');
    expect(text.text).not.to.include(admin.text);
  });
});
