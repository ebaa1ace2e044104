import { expect } from 'chai';
import { KEY, startSimulator, type Bench } from './start-simulator.ts';

describe('the simulator over HTTP', () => {
  let bench: Bench;
  before(async () => void (bench = await startSimulator({ accountId: 'acct_test1' })));
  after(() => bench.simulator.close());

  it('gives every answer a request id of its own, the version that was asked for and the time of its clock', async () => {
    bench.simulator.clock.set(Date.UTC(2030, 0, 2, 3, 4, 5));
    const headers = { 'stripe-version': '2025-03-31.basil' };
    const [one, two] = [
      await bench.call('GET', '/v1/customers', { headers }),
      await bench.call('GET', '/v1/nothing'),
    ];
    expect(one.headers.get('request-id')).to.match(/^req_\w+$/);
    expect(one.headers.get('request-id')).to.not.equal(two.headers.get('request-id'));
    expect(one.headers.get('stripe-version')).to.equal('2025-03-31.basil');
    expect(two.headers.get('stripe-version')).to.equal('2026-10-28.endive');
    expect(one.headers.get('date')).to.equal('Wed, 02 Jan 2030 03:04:05 GMT');
    bench.simulator.clock.set(Date.now());
  });

  it('refuses keys that are missing, live, malformed or revoked with 401 and how to authenticate', async () => {
    bench.simulator.keys.revokeKey('sk_test_revoked');
    for (const key of [null, 'sk_live_twinbox', 'pk_test_x', 'nonsense', 'sk_test_revoked']) {
      const answer = await bench.call('GET', '/v1/customers', { key });
      expect(answer.status, String(key)).to.equal(401);
      expect(answer.headers.get('www-authenticate')).to.equal('Bearer realm="Stripe"');
      expect(bench.errorOf(answer)['type']).to.equal('invalid_request_error');
      expect(answer.text).to.not.include('sk_live_twinbox');
    }
  });

  it('accepts the key as the user name too', async () => {
    const authorization = `Basic ${Buffer.from(`${KEY}:`).toString('base64')}`;
    expect(
      (await bench.call('GET', '/v1/account', { key: null, headers: { authorization } })).status,
    ).to.equal(200);
  });

  it('finds the account of a key, and keeps the data of accounts apart', async () => {
    bench.simulator.keys.mapKey('sk_test_second', 'acct_second');
    const first = await bench.stripe.accounts.retrieveCurrent();
    expect(first.id).to.equal('acct_test1');
    const second = await bench.call('GET', '/v1/account', { key: 'sk_test_second' });
    expect(second.body).to.include({ id: 'acct_second', object: 'account' });
    const { id } = await bench.stripe.customers.create({ name: 'Of the first' });
    expect((await bench.call('GET', `/v1/customers/${id}`, { key: 'sk_test_second' })).status).to.equal(404);
    expect(bench.simulator.customers('acct_second')).to.deep.equal([]);
    expect((await bench.stripe.balance.retrieve()).livemode).to.equal(false);
    const foreign = await bench.call('GET', '/v1/account', { headers: { 'stripe-account': 'acct_second' } });
    expect(foreign.status).to.equal(403);
  });

  it('refuses unknown paths and methods', async () => {
    for (const [method, path] of [
      ['GET', '/v1/customerz'],
      ['PUT', '/v1/customers/cus_1'],
      ['GET', '/'],
    ] as const) {
      const answer = await bench.call(method, path);
      expect(answer.status).to.equal(404);
      expect(bench.errorOf(answer)['message']).to.match(/^Unrecognized request URL \(/);
    }
  });

  it('refuses bodies that are not forms, malformed forms and invalid versions', async () => {
    const json = { 'content-type': 'application/json' };
    expect((await bench.call('POST', '/v1/customers', { headers: json, form: 'a=1' })).status).to.equal(400);
    for (const query of [
      'name=%E0%A4',
      'name=a&name[b]=c',
      'metadata[a[b]]=c',
      `${'a[b]'.padEnd(80, '[c]')}=1`,
    ]) {
      expect((await bench.call('POST', `/v1/customers?${query}`)).status, query).to.equal(400);
    }
    const version = await bench.call('GET', '/v1/customers', { headers: { 'stripe-version': 'latest' } });
    expect(version.status).to.equal(400);
  });

  it('refuses a body of more than a megabyte and continues', async () => {
    const answer = await bench.call('POST', '/v1/customers', { form: { name: 'x'.repeat(1_100_000) } });
    expect(answer.status).to.equal(413);
    expect((await bench.call('GET', '/v1/customers')).status).to.equal(200);
  });

  it('expands objects on request and refuses to expand a member that does not exist', async () => {
    const { id } = await bench.stripe.customers.create({ name: 'A' });
    const { body } = await bench.call('GET', `/v1/customers/${id}`, {
      form: 'expand[]=tax_ids&expand[]=sources',
    });
    expect(body).to.have.nested.property('tax_ids.data').that.deep.equals([]);
    expect(body).to.have.property('sources').and.not.have.property('subscriptions');
    const list = await bench.stripe.customers.list({ expand: ['data.subscriptions'] });
    expect(list.data[0]).to.have.nested.property('subscriptions.data');
    expect((await bench.call('GET', `/v1/customers/${id}`, { form: 'expand[]=shoes' })).status).to.equal(400);
  });
});
