import { expect } from 'chai';
import { checkAnswer } from './openapi.ts';
import { closeSimulators, refusalOf, startSimulator, type Bench } from './start-simulator.ts';

const HOUR = 3600 * 1000;

describe('the simulator’s idempotency keys', () => {
  let bench: Bench;
  beforeEach(async () => void (bench = await startSimulator()));
  afterEach(closeSimulators);

  const post = (key: string, form: Record<string, string> | string, path = '/v1/customers') =>
    bench.call('POST', path, { form, headers: { 'idempotency-key': key } });

  it('replay the first answer byte for byte, with a request id of its own and the id of the first', async () => {
    const first = await post('k', { name: 'A', 'metadata[a]': 'b' });
    const { id } = first.body as { id: string };
    await bench.stripe.customers.update(id, { name: 'Changed' });
    await bench.stripe.customers.del(id);
    const again = await post('k', { name: 'A', 'metadata[a]': 'b' });
    expect(again.text).to.equal(first.text);
    expect(again.status).to.equal(200);
    expect(again.headers.get('idempotent-replayed')).to.equal('true');
    expect(again.headers.get('original-request')).to.equal(first.headers.get('request-id'));
    expect(again.headers.get('request-id')).to.not.equal(first.headers.get('request-id'));
    expect(first.headers.get('idempotent-replayed')).to.equal(null);
    expect(again.headers.get('idempotency-key')).to.equal('k');
    expect(bench.simulator.events().filter(({ type }) => type === 'customer.created')).to.have.length(1);
  });

  it('compare parameters by value, whatever their order', async () => {
    const first = await post('k', 'name=A&metadata[a]=1&metadata[b]=2');
    const again = await post('k', 'metadata[b]=2&metadata[a]=1&name=A');
    expect(again.text).to.equal(first.text);
  });

  it('refuse other parameters, and another endpoint', async () => {
    const first = await post('k', { name: 'A' });
    const { id } = first.body as { id: string };
    for (const answer of [
      await post('k', { name: 'B' }),
      await post('k', { name: 'A' }, `/v1/customers/${id}`),
    ]) {
      expect(answer.status).to.equal(400);
      expect(bench.errorOf(answer)['type']).to.equal('idempotency_error');
      checkAnswer('POST', '/v1/customers', 400, answer.body);
    }
    const refused = await refusalOf(bench.plain.customers.create({ name: 'C' }, { idempotencyKey: 'k' }));
    expect(refused.type).to.equal('StripeIdempotencyError');
    expect(bench.simulator.customers()).to.have.length(1);
  });

  it('answer 409 while their first request runs, and replay its answer once it has ended', async () => {
    const { faults } = bench.simulator;
    faults.add({ kind: 'hang', at: 'before', key: 'k' });
    const first = post('k', { name: 'A' });
    await faults.waitForHeld();
    const meanwhile = await post('k', { name: 'A' });
    expect(meanwhile.status).to.equal(409);
    expect(bench.errorOf(meanwhile)['code']).to.equal('idempotency_key_in_use');
    faults.release();
    expect((await post('k', { name: 'A' })).text).to.equal((await first).text);
    expect(bench.simulator.customers()).to.have.length(1);
  });

  it('keep a 404 of an id in the path and a 500, and replay their headers too', async () => {
    const missing = await post('gone', { name: 'A' }, '/v1/customers/cus_none');
    expect(missing.status).to.equal(404);
    expect(
      (await post('gone', { name: 'A' }, '/v1/customers/cus_none')).headers.get('idempotent-replayed'),
    ).to.equal('true');
    bench.simulator.faults.add({ kind: 'error_before_effect', key: 'broken' });
    const broken = await post('broken', { name: 'A' });
    const again = await post('broken', { name: 'A' });
    expect([broken.status, again.status]).to.deep.equal([500, 500]);
    expect(again.text).to.equal(broken.text);
    expect(again.headers.get('stripe-should-retry')).to.equal('false');
    expect(bench.simulator.customers()).to.have.length(0);
  });

  const notKept: [string, () => Promise<{ status: number }>][] = [
    ['a failed validation', () => post('k', { email: 'bad' })],
    [
      'a wrong API key',
      () =>
        bench.call('POST', '/v1/customers', {
          key: 'sk_live_x',
          form: { name: 'A' },
          headers: { 'idempotency-key': 'k' },
        }),
    ],
    [
      'a 429',
      () => {
        bench.simulator.faults.add({ kind: 'rate_limit', reason: 'endpoint-rate' });
        return post('k', { name: 'A' });
      },
    ],
    [
      'a lock timeout',
      () => {
        bench.simulator.faults.add({ kind: 'rate_limit', reason: 'lock_timeout' });
        return post('k', { name: 'A' });
      },
    ],
    [
      'a 503 from in front of the API',
      () => {
        bench.simulator.faults.add({ kind: 'error_before_effect', status: 503, stored: false });
        return post('k', { name: 'A' });
      },
    ],
  ];
  for (const [what, fail] of notKept) {
    it(`do not keep ${what}`, async () => {
      expect((await fail()).status).to.be.at.least(400);
      const retried = await post('k', { name: 'A' });
      expect(retried.status).to.equal(200);
      expect(retried.headers.get('idempotent-replayed')).to.equal(null);
    });
  }

  it('have no effect for GET and DELETE', async () => {
    const { id } = (await post('k', { name: 'A' })).body as { id: string };
    const headers = { 'idempotency-key': 'k' };
    expect((await bench.call('GET', `/v1/customers/${id}`, { headers })).status).to.equal(200);
    const deleted = await bench.call('DELETE', `/v1/customers/${id}`, { headers });
    expect(deleted.status).to.equal(200);
    expect(bench.simulator.events().at(-1)?.request.idempotency_key).to.equal(null);
    expect((await bench.call('DELETE', `/v1/customers/${id}`, { headers })).status).to.equal(404);
  });

  it('have up to 255 characters', async () => {
    expect((await post('k'.repeat(255), { name: 'A' })).status).to.equal(200);
    expect((await post('k'.repeat(256), { name: 'A' })).status).to.equal(400);
  });

  it('are forgotten after 24 hours of the simulator’s clock, and not before', async () => {
    const first = await post('k', { name: 'A' });
    bench.simulator.clock.advance(24 * HOUR - 60_000);
    expect((await post('k', { name: 'A' })).text).to.equal(first.text);
    bench.simulator.clock.advance(60_000);
    const fresh = await post('k', { name: 'B' });
    expect(fresh.status).to.equal(200);
    expect(fresh.headers.get('idempotent-replayed')).to.equal(null);
    expect(bench.simulator.customers()).to.have.length(2);
    expect(bench.simulator.ledger.effects().repeated).to.deep.equal([{ idempotency_key: 'k', effects: 2 }]);
  });

  it('belong to one account each', async () => {
    bench.simulator.keys.mapKey('sk_test_other', 'acct_other');
    const first = await post('k', { name: 'A' });
    const other = await bench.call('POST', '/v1/customers', {
      key: 'sk_test_other',
      form: { name: 'B' },
      headers: { 'idempotency-key': 'k' },
    });
    expect(other.status).to.equal(200);
    expect(other.text).to.not.equal(first.text);
  });

  it('make one customer out of twenty equal requests at once', async () => {
    bench.simulator.faults.add({ kind: 'hang', at: 'before' });
    const answers = Array.from({ length: 20 }, () => post('k', { name: 'A' }));
    await bench.simulator.ledger.waitFor({ status: 409 }, 19);
    bench.simulator.faults.release();
    expect((await Promise.all(answers)).filter(({ status }) => status === 200)).to.have.length(1);
    expect(bench.simulator.customers()).to.have.length(1);
  });
});
