import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import { freshCustomer, startApi, type Answer } from './start-api.ts';
import { freshEvent, signed, useIntake } from './webhook-source.ts';

const customers = '/api/v1/customers';
const key = 'first-key-0123456789';
const bearer = { Authorization: `Bearer ${key}` };

describe('a request that is answered without Express', () => {
  const database = useDatabase();
  let api: Awaited<ReturnType<typeof startApi>>;

  before(async () => {
    api = await startApi({ db: database.db, apiKeys: [key] });
  });
  after(() => api.server.close());

  /** What does not differ from one request to the next. */
  const shown = ({ status, headers, json }: Answer) => ({
    ...{ status, code: json.code ?? null, fields: Object.keys(json) },
    headers: [...headers].map(([name, value]) =>
      ['x-request-id', 'date', 'location', 'content-length'].includes(name) ? [name] : [name, value],
    ),
  });

  // A path with a question mark is not exactly the route's, so Express searches for it.
  const requests: Record<string, () => Parameters<typeof api.send>[2]> = {
    'a new customer': () => ({ body: freshCustomer(), headers: bearer }),
    'a compressed body': () => ({
      body: gzipSync(JSON.stringify(freshCustomer())),
      headers: { ...bearer, 'Content-Encoding': 'gzip' },
    }),
    'an encoding that is not known': () => ({
      body: JSON.stringify(freshCustomer()),
      headers: { ...bearer, 'Content-Encoding': 'rot13' },
    }),
    'a body that is too long': () => ({ body: `"${'x'.repeat(100_000)}"`, headers: bearer }),
    'a body that is not JSON': () => ({ body: '{', headers: bearer }),
    'an empty body': () => ({ headers: bearer }),
    'another type': () => ({ body: 'name=Ada', headers: { ...bearer, 'Content-Type': 'text/plain' } }),
    'a customer without an email': () => ({ body: { name: 'Ada' }, headers: bearer }),
    'no key': () => ({ body: freshCustomer() }),
    'a request id of the client': () => ({
      body: freshCustomer(),
      headers: { ...bearer, 'X-Request-Id': 'mine-1' },
    }),
    'a bulk change that is neither true nor false': () => ({
      body: freshCustomer(),
      headers: { ...bearer, 'Twinbox-Bulk': 'perhaps' },
    }),
  };
  for (const [what, request] of Object.entries(requests)) {
    it(`has the answer that Express would give to ${what}`, async () => {
      const direct = await api.send('POST', customers, request());
      const searched = await api.send('POST', `${customers}?`, request());
      expect(shown(direct)).to.deep.equal(shown(searched));
    });
  }

  it('is logged and counted under the template of its route', async () => {
    const { headers } = await api.send('POST', customers, { body: freshCustomer(), headers: bearer });
    const id = headers.get('X-Request-Id');
    await api.send('GET', '/health');
    const line = api.lines.find(({ fields }) => fields['request_id'] === id);
    expect(line?.fields).to.include({ method: 'POST', route: customers, status: 201 });
  });

  it('has one answer for a key, whichever way the request goes', async () => {
    const body = freshCustomer();
    const headers = { ...bearer, 'Idempotency-Key': 'one-write' };
    const first = await api.send('POST', customers, { body, headers });
    const again = await api.send('POST', customers, { body, headers });
    expect([again.text, again.headers.get('Idempotent-Replayed')]).to.deep.equal([first.text, 'true']);
  });
});

describe('a webhook that is answered without Express', () => {
  const database = useDatabase();
  const intake = useIntake(database);

  it('is known to one that Express has searched for', async () => {
    const body = JSON.stringify(freshEvent());
    const headers = { 'Stripe-Signature': signed(body) };
    const direct = await intake.post(body, headers);
    const searched = await intake.api.send('POST', `${intake.path}?`, { body, headers });
    expect([direct.json['outcome'], searched.json['outcome']]).to.deep.equal(['stored', 'known']);
  });

  it('is refused with the same problem', async () => {
    const body = JSON.stringify(freshEvent());
    const headers = { 'Stripe-Signature': signed(body, 'whsec_other') };
    const direct = await intake.post(body, headers);
    const searched = await intake.api.send('POST', `${intake.path}?`, { body, headers });
    expect(direct.status).to.equal(400);
    expect({ ...direct.json, request_id: null }).to.deep.equal({ ...searched.json, request_id: null });
  });
});
