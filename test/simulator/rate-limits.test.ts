import { expect } from 'chai';
import { createRateLimiter } from '../../simulator/http/rate-limits.ts';
import { closeSimulators, refusalOf, startSimulator, type Bench } from './start-simulator.ts';

describe('the simulator’s rate limits', () => {
  let bench: Bench;
  afterEach(closeSimulators);

  // One call in a hundred seconds, so that no assertion depends on the speed of the machine.
  const ALMOST_NONE = 0.01;

  it('allow a burst of one second’s calls, and then one call for each new token', () => {
    let now = 0;
    const limiter = createRateLimiter({ globalPerSecond: 10, endpointPerSecond: 5 }, () => now);
    const burst = (count: number, endpoint: string) =>
      Array.from({ length: count }, () => limiter.take('acct_1', endpoint) ?? 'ok');
    expect(burst(7, 'GET a')).to.deep.equal([
      ...Array<string>(5).fill('ok'),
      'endpoint-rate',
      'endpoint-rate',
    ]);
    expect(burst(6, 'GET b')).to.deep.equal([...Array<string>(5).fill('ok'), 'global-rate']);
    expect(limiter.take('acct_2', 'GET a')).to.equal(null);
    now += 200; // two tokens for all, one for each endpoint
    expect(burst(2, 'GET a')).to.deep.equal(['ok', 'endpoint-rate']);
    now += 60_000;
    expect(burst(6, 'GET a').filter((result) => result === 'ok')).to.have.length(5);
  });

  it('answer 429 with the reason', async () => {
    bench = await startSimulator({ rateLimits: { globalPerSecond: ALMOST_NONE, endpointPerSecond: null } });
    expect((await bench.call('GET', '/v1/customers')).status).to.equal(200);
    const refused = await bench.call('GET', '/v1/account');
    expect(refused.headers.get('stripe-rate-limited-reason')).to.equal('global-rate');
    expect(bench.errorOf(refused)).to.include({ code: 'rate_limit', type: 'invalid_request_error' });
    expect((await refusalOf(bench.plain.customers.list())).type).to.equal('StripeRateLimitError');
  });

  it('count each endpoint for itself', async () => {
    bench = await startSimulator({ rateLimits: { globalPerSecond: null, endpointPerSecond: ALMOST_NONE } });
    await bench.call('GET', '/v1/customers/cus_1');
    // Another id is the same endpoint, another method or route is not.
    const same = await bench.call('GET', '/v1/customers/cus_2');
    expect(same.headers.get('stripe-rate-limited-reason')).to.equal('endpoint-rate');
    expect((await bench.call('GET', '/v1/customers')).status).to.equal(200);
    expect((await bench.call('DELETE', '/v1/customers/cus_1')).status).to.equal(404);
  });

  it('are 100 and 25 a second by default, and can be set while it runs', async () => {
    bench = await startSimulator({ rateLimits: {} });
    expect(bench.simulator.rateLimits.get()).to.deep.equal({ globalPerSecond: 100, endpointPerSecond: 25 });
    bench.simulator.rateLimits.set({ globalPerSecond: null, endpointPerSecond: null });
    const answers = await Promise.all(Array.from({ length: 150 }, () => bench.call('GET', '/v1/customers')));
    expect(answers.filter(({ status }) => status !== 200)).to.deep.equal([]);
  });

  it('do not refill when the simulator’s clock is moved', async () => {
    bench = await startSimulator({ rateLimits: { globalPerSecond: ALMOST_NONE, endpointPerSecond: null } });
    await bench.call('GET', '/v1/account');
    bench.simulator.clock.advance(3_600_000);
    expect((await bench.call('GET', '/v1/account')).status).to.equal(429);
  });
});
