import { expect } from 'chai';
import { createFaults, type FaultSubject } from '../../simulator/control/faults.ts';
import { KEY, closeSimulators, refusalOf, startSimulator, type Bench } from './start-simulator.ts';

describe('the simulator’s faults', () => {
  let bench: Bench;
  beforeEach(async () => void (bench = await startSimulator()));
  afterEach(closeSimulators);

  it('drop the answer after the effect, so that a repeated request finds it', async () => {
    const { simulator, plain } = bench;
    // Twice, because the SDK itself repeats a request once when its connection is closed.
    simulator.faults.add({ kind: 'drop_answer', method: 'POST', path: '/v1/customers', times: 2 });
    const lost = await refusalOf(plain.customers.create({ name: 'A' }, { idempotencyKey: 'k' }));
    expect(lost.type).to.equal('StripeConnectionError');
    expect(simulator.customers()).to.have.length(1);
    const found = await plain.customers.create({ name: 'A' }, { idempotencyKey: 'k' });
    expect(found.id).to.equal(simulator.customers()[0]?.id);
    expect(
      simulator.ledger
        .entries({ idempotency_key: 'k' })
        .map(({ answered, replayed, effect }) => ({ answered, replayed, effect })),
    ).to.deep.equal([
      { answered: false, replayed: false, effect: true },
      { answered: false, replayed: true, effect: false },
      { answered: true, replayed: true, effect: false },
    ]);
  });

  it('reset the connection before any effect', async () => {
    const { simulator, plain } = bench;
    simulator.faults.add({ kind: 'reset', method: 'POST', times: 2 });
    expect((await refusalOf(plain.customers.create({ name: 'A' }))).type).to.equal('StripeConnectionError');
    expect(simulator.customers()).to.have.length(0);
    expect(simulator.ledger.entries().map(({ status, faults }) => ({ status, faults }))).to.deep.equal(
      Array(2).fill({ status: null, faults: ['reset'] }),
    );
  });

  it('answer 500 before or after the effect, and keep it under the key', async () => {
    const { simulator, plain } = bench;
    for (const kind of ['error_before_effect', 'error_after_effect'] as const) {
      simulator.faults.add({ kind, path: '/v1/customers' });
      for (const attempt of ['first', 'again']) {
        const refused = await refusalOf(plain.customers.create({ name: kind }, { idempotencyKey: kind }));
        expect(refused, attempt).to.include({ statusCode: 500, rawType: 'api_error' });
      }
    }
    expect(simulator.customers().map(({ name }) => name)).to.deep.equal(['error_after_effect']);
    expect(simulator.events().map(({ request }) => request.idempotency_key)).to.deep.equal([
      'error_after_effect',
    ]);
    expect(simulator.ledger.entries().map(({ effect, replayed }) => [effect, replayed])).to.deep.equal([
      [false, false],
      [false, true],
      [true, false],
      [false, true],
    ]);
  });

  it('send the Stripe-Should-Retry that they were given', async () => {
    const headerFor = async (shouldRetry: boolean | null) => {
      bench.simulator.faults.add({ kind: 'error_before_effect', status: 503, stored: false, shouldRetry });
      return (await bench.call('GET', '/v1/account')).headers.get('stripe-should-retry');
    };
    expect([await headerFor(true), await headerFor(false), await headerFor(null)]).to.deep.equal([
      'true',
      'false',
      null,
    ]);
  });

  it('answer 429 with the limiter’s reason, and a lock timeout without one', async () => {
    bench.simulator.faults.add({ kind: 'rate_limit', reason: 'resource-specific' });
    bench.simulator.faults.add({ kind: 'rate_limit', reason: 'lock_timeout', nth: 1 });
    const limited = await bench.call('GET', '/v1/account');
    const locked = await bench.call('GET', '/v1/account');
    expect(limited.headers.get('stripe-rate-limited-reason')).to.equal('resource-specific');
    expect([locked.status, locked.headers.get('stripe-rate-limited-reason')]).to.deep.equal([429, null]);
    expect(bench.errorOf(locked)['code']).to.equal('lock_timeout');
  });

  it('delay an answer', async () => {
    bench.simulator.faults.add({ kind: 'latency', ms: 60 });
    const begin = performance.now();
    await bench.call('GET', '/v1/account');
    expect(performance.now() - begin).to.be.at.least(58);
  });

  it('hold a request whose client dies, and execute it on release, after newer ones', async () => {
    const { simulator, plain } = bench;
    const { id } = await plain.customers.create({ name: 'A' });
    simulator.faults.add({ kind: 'hang', contains: 'name=Late' });
    const stop = new AbortController();
    const late = fetch(`${simulator.url}/v1/customers/${id}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'idempotency-key': 'late' },
      body: new URLSearchParams({ name: 'Late' }),
      signal: stop.signal,
    }).catch(() => 'gone');
    const [held] = await simulator.faults.waitForHeld();
    expect(held).to.include({ method: 'POST', key: 'late' });
    stop.abort();
    expect(await late).to.equal('gone');
    await plain.customers.update(id, { name: 'Newer' });
    simulator.faults.release(held?.id);
    const [entry] = await simulator.ledger.waitFor({ idempotency_key: 'late' });
    expect(entry).to.include({ effect: true, status: 200, answered: false });
    expect(simulator.customers()[0]?.name).to.equal('Late');
  });

  it('hold a request before its key is checked, so that the later of two equal requests is a replay', async () => {
    const { simulator, plain } = bench;
    simulator.faults.add({ kind: 'hang', key: 'k' });
    const late = plain.customers.create({ name: 'A' }, { idempotencyKey: 'k' });
    await simulator.faults.waitForHeld();
    const prompt = await plain.customers.create({ name: 'A' }, { idempotencyKey: 'k' });
    simulator.faults.release();
    expect((await late).id).to.equal(prompt.id);
    expect((await late).lastResponse.headers['idempotent-replayed']).to.equal('true');
  });

  it('pick calls by method, path, key, customer and body', () => {
    const faults = createFaults();
    const subject: FaultSubject = {
      method: 'POST',
      path: '/v1/customers/cus_1',
      key: 'twinbox-1',
      body: 'name=A',
      query: '',
    };
    const fits = (rule: object) => {
      const { id } = faults.add({ kind: 'reset', ...rule });
      const hit = faults.take('network', subject).length > 0;
      faults.remove(id);
      return hit;
    };
    for (const rule of [
      {},
      { method: 'post' },
      { path: '/v1/customers/:id' },
      { path: '/v1/*/*' },
      { key: 'twinbox-1' },
      { key: 'twinbox-*' },
      { customer: 'cus_1' },
      { contains: 'name=A' },
    ]) {
      expect(fits(rule), JSON.stringify(rule)).to.be.true;
    }
    for (const rule of [
      { method: 'GET' },
      { path: '/v1/customers' },
      { key: 'twinbox' },
      { customer: 'cus_2' },
      { contains: 'name=B' },
    ]) {
      expect(fits(rule), JSON.stringify(rule)).to.be.false;
    }
  });

  it('count from the nth call, for a number of times, or by a seeded chance', () => {
    const faults = createFaults();
    const subject: FaultSubject = { method: 'GET', path: '/v1/account', key: null, body: '', query: '' };
    const pattern = (count: number) =>
      Array.from({ length: count }, () => (faults.take('network', subject).length > 0 ? 1 : 0)).join('');
    faults.add({ kind: 'reset', nth: 3, times: 2 });
    expect(pattern(6)).to.equal('001100');
    faults.clear();
    const chance = () => {
      faults.add({ kind: 'reset', probability: 0.3, seed: 7 });
      const seen = pattern(200);
      faults.clear();
      return seen;
    };
    const [one, two] = [chance(), chance()];
    expect(one).to.equal(two);
    expect(one.split('1').length - 1).to.be.within(30, 90);
  });

  it('can be a whole outage that ends when it is switched off', async () => {
    const { simulator, plain } = bench;
    simulator.faults.setOutage({ kind: 'unavailable' });
    expect((await refusalOf(plain.customers.create({ name: 'A' }))).statusCode).to.equal(503);
    simulator.faults.setOutage({ kind: 'reset' });
    expect((await refusalOf(plain.customers.list())).type).to.equal('StripeConnectionError');
    simulator.faults.setOutage(null);
    expect((await plain.customers.list()).data).to.deep.equal([]);
  });

  it('do not keep the simulator from closing while a call is held', async () => {
    const { simulator, plain } = await startSimulator();
    simulator.faults.add({ kind: 'hang', times: null });
    const held = refusalOf(plain.customers.create({ name: 'A' }));
    await simulator.faults.waitForHeld();
    await simulator.close();
    expect((await held).type).to.equal('StripeConnectionError');
    expect(simulator.customers()).to.have.length(0);
  });
});
