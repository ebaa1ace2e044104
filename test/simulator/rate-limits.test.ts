import { expect } from 'chai';
import { refusalOf, startSimulator, type Bench } from './start-simulator.ts';

describe('the simulator’s rate limits', () => {
  let bench: Bench;
  afterEach(() => bench.simulator.close());

  const burst = async (count: number, path = '/v1/customers') => {
    const answers = await Promise.all(Array.from({ length: count }, () => bench.call('GET', path)));
    return answers.filter(({ status }) => status === 429);
  };

  // The buckets fill in real time, so the numbers are far enough apart for a slow machine.
  it('let a burst of one second’s worth through and refuse the rest with the reason', async () => {
    bench = await startSimulator({ rateLimits: { globalPerSecond: 10, endpointPerSecond: null } });
    const refused = await burst(60);
    expect(refused.length).to.be.within(25, 50);
    expect(refused[0]?.headers.get('stripe-rate-limited-reason')).to.equal('global-rate');
    expect(bench.errorOf(refused[0] as never)).to.include({
      code: 'rate_limit',
      type: 'invalid_request_error',
    });
    expect((await refusalOf(bench.plain.customers.list())).type).to.equal('StripeRateLimitError');
  });

  it('count each endpoint for itself', async () => {
    bench = await startSimulator({ rateLimits: { globalPerSecond: null, endpointPerSecond: 1 } });
    await bench.call('GET', '/v1/customers/cus_1');
    // Another id is the same endpoint, another method or route is not.
    const same = await bench.call('GET', '/v1/customers/cus_2');
    expect(same.headers.get('stripe-rate-limited-reason')).to.equal('endpoint-rate');
    expect((await bench.call('GET', '/v1/customers')).status).to.equal(200);
    expect((await bench.call('DELETE', '/v1/customers/cus_1')).status).to.equal(404);
  });

  it('are 100 and 25 a second unless they are set, and can be set while it runs', async () => {
    bench = await startSimulator({ rateLimits: {} });
    expect(bench.simulator.rateLimits.get()).to.deep.equal({ globalPerSecond: 100, endpointPerSecond: 25 });
    bench.simulator.rateLimits.set({ globalPerSecond: null, endpointPerSecond: null });
    expect(await burst(150)).to.have.length(0);
  });

  it('do not fill when the simulator’s clock is moved', async () => {
    bench = await startSimulator({ rateLimits: { globalPerSecond: 1, endpointPerSecond: null } });
    await bench.call('GET', '/v1/account');
    bench.simulator.clock.advance(3_600_000);
    expect((await bench.call('GET', '/v1/account')).status).to.equal(429);
  });
});
