import { expect } from 'chai';
import { closeSimulators, startReceiver, startSimulator, type Bench } from './start-simulator.ts';

describe('the simulator’s control routes', () => {
  let bench: Bench;
  beforeEach(async () => void (bench = await startSimulator()));
  afterEach(closeSimulators);

  const control = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${bench.simulator.url}/_sim${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as unknown };
  };

  it('move the clock', async () => {
    const noon = Date.UTC(2031, 0, 1, 12);
    await control('POST', '/clock', { now: noon, advance_ms: 60_000 });
    const { body } = await control('GET', '/clock');
    expect((body as { now: number }).now).to.be.within(noon + 60_000, noon + 120_000);
    const customer = await bench.stripe.customers.create({ name: 'Later' });
    expect(customer.created * 1000).to.be.at.least(noon);
  });

  it('add, list and remove faults', async () => {
    const added = await control('POST', '/faults', {
      kind: 'error_before_effect',
      path: '/v1/account',
      should_retry: true,
      times: null,
    });
    expect(added.status).to.equal(201);
    expect((await bench.call('GET', '/v1/account')).headers.get('stripe-should-retry')).to.equal('true');
    const [listed] = (await control('GET', '/faults')).body as { id: string; hits: number }[];
    expect(listed).to.include({ hits: 1, should_retry: true });
    expect((await control('DELETE', `/faults/${listed?.id}`)).status).to.equal(204);
    expect((await control('DELETE', `/faults/${listed?.id}`)).status).to.equal(404);
    expect((await bench.call('GET', '/v1/account')).status).to.equal(200);
  });

  it('refuse misspelt rules and unknown routes', async () => {
    for (const body of [{ kind: 'explode' }, { kind: 'reset', time: 2 }, { kind: 'latency', ms: '5' }, {}]) {
      expect((await control('POST', '/faults', body)).status, JSON.stringify(body)).to.equal(400);
    }
    expect((await control('GET', '/nothing')).status).to.equal(404);
    expect((await control('GET', '/ledger?colour=red')).status).to.equal(400);
    expect((await control('POST', '/clock', { tomorrow: true })).status).to.equal(400);
  });

  it('hold a call, show it, and release it', async () => {
    await control('POST', '/faults', { kind: 'hang', method: 'POST' });
    const call = bench.plain.customers.create({ name: 'A' });
    const { body } = await control('GET', '/held?wait_for=1');
    expect(body).to.have.nested.property('[0].path', '/v1/customers');
    expect((await control('POST', '/held/release')).body).to.deep.equal({ released: 1 });
    expect((await call).name).to.equal('A');
  });

  it('switch an outage on and off, and set the limits and the rules', async () => {
    await control('PUT', '/outage', { kind: 'unavailable' });
    expect((await bench.call('GET', '/v1/account')).status).to.equal(503);
    await control('PUT', '/outage', { kind: null });
    expect((await bench.call('GET', '/v1/account')).status).to.equal(200);
    const limits = await control('PUT', '/rate-limits', { global_per_second: 0.01 });
    expect(limits.body).to.deep.equal({ global_per_second: 0.01, endpoint_per_second: null });
    expect((await bench.call('GET', '/v1/account')).status).to.equal(200);
    expect((await bench.call('GET', '/v1/account')).status).to.equal(429);
    expect((await control('PUT', '/rules', { events_tip_lag_ms: 5 })).body).to.include({
      events_tip_lag_ms: 5,
    });
  });

  it('query and reset the ledger', async () => {
    await bench.plain.customers.create({ name: 'A' }, { idempotencyKey: 'twinbox-1' });
    await bench.plain.customers.create({ name: 'A' }, { idempotencyKey: 'twinbox-1' });
    await bench.plain.customers.list();
    const all = (await control('GET', '/ledger?wait_for=3')).body as { method: string; request_id: string }[];
    expect(all.map(({ method }) => method)).to.deep.equal(['POST', 'POST', 'GET']);
    const [first] = (await control('GET', '/ledger?key_prefix=twinbox-&effect=true')).body as object[];
    expect(first).to.include({
      idempotency_key: 'twinbox-1',
      path: '/v1/customers',
      status: 200,
      replayed: false,
      source: 'api',
    });
    const [second] = (await control('GET', '/ledger?replayed=true')).body as object[];
    expect(second).to.include({ original_request: all[0]?.request_id, effect: false });
    expect((await control('GET', '/ledger/effects')).body).to.deep.equal({
      calls: 2,
      effects: 1,
      created: 1,
      deleted: 0,
      living: 1,
      repeated: [],
    });
    await control('DELETE', '/ledger');
    expect((await control('GET', '/ledger')).body).to.deep.equal([]);
    expect(bench.simulator.customers()).to.have.length(1);
  });

  it('give keys to accounts and take keys away', async () => {
    await control('PUT', '/accounts/keys', { key: 'sk_test_b', account: 'acct_b' });
    expect((await bench.call('GET', '/v1/account', { key: 'sk_test_b' })).body).to.include({ id: 'acct_b' });
    await control('PUT', '/accounts/keys', { key: 'sk_test_b', account: null });
    expect((await bench.call('GET', '/v1/account', { key: 'sk_test_b' })).status).to.equal(401);
    await control('PUT', '/accounts/default', { account: 'acct_c' });
    expect((await bench.stripe.accounts.retrieveCurrent()).id).to.equal('acct_c');
  });

  it('edit customers as a person would, under Stripe’s rules', async () => {
    const created = await control('POST', '/dashboard/customers', { name: 'By hand', metadata: { a: 1 } });
    const { id } = created.body as { id: string };
    await control('POST', `/dashboard/customers/${id}`, { name: null, address: { city: 'Here' } });
    expect(await bench.stripe.customers.retrieve(id)).to.deep.include({
      name: null,
      metadata: { a: '1' },
    });
    const refused = await control('POST', '/dashboard/customers', { email: 'bad' });
    expect(refused.status).to.equal(400);
    expect(refused.body).to.have.nested.property('error.code', 'email_invalid');
    expect((await control('DELETE', `/dashboard/customers/${id}`)).status).to.equal(204);
    expect((await control('GET', '/customers')).body).to.deep.equal([]);
    expect((await control('GET', '/ledger?source=dashboard')).body).to.have.length(3);
    const other = await control('POST', '/dashboard/customers?account=acct_other', { name: 'Elsewhere' });
    expect(other.status).to.equal(201);
    expect((await control('GET', '/customers?account=acct_other')).body).to.have.length(1);
  });

  it('hold, release, reorder, resend and send webhooks', async () => {
    const receiver = await startReceiver();
    const { id } = await bench.stripe.webhookEndpoints.create({ url: receiver.url, enabled_events: ['*'] });
    expect((await control('PUT', '/webhooks', { hold: true })).body).to.include({ hold: true });
    bench.simulator.dashboard.createCustomer({ name: 'A' });
    const { held } = (await control('GET', '/webhooks')).body as { held: { event: string }[] };
    const [{ event } = { event: '' }] = held;
    expect((await control('POST', '/webhooks/release', { events: [event] })).body).to.have.nested.property(
      '[0].delivered',
      true,
    );
    await control('PUT', '/webhooks', { hold: false });
    expect((await control('POST', '/webhooks/resend', { event })).body).to.deep.equal({ deliveries: 1 });
    expect((await control('GET', '/webhooks/idle?timeout_ms=5000')).body).to.deep.equal({ pending: 0 });
    expect((await control('GET', '/webhooks/attempts')).body).to.have.length(2);
    const { secret } = (await control('POST', `/webhooks/endpoints/${id}/roll`, { keep_old_ms: 0 })).body as {
      secret: string;
    };
    expect((await control('PUT', `/webhooks/endpoints/${id}`, { thin: true })).status).to.equal(204);
    bench.simulator.dashboard.createCustomer({ name: 'B' });
    await bench.simulator.webhooks.idle();
    const { body, signature } = receiver.received.at(-1)!;
    expect(bench.plain.parseEventNotification(body, signature, secret).type).to.equal('v1.customer.created');
    expect((await control('POST', '/webhooks/send', { endpoint: id, body: '{}' })).body).to.include({
      status: 200,
    });
    await receiver.close();
  });

  it('report that waiting ended without a result', async () => {
    await bench.stripe.webhookEndpoints.create({ url: 'http://127.0.0.1:1/', enabled_events: ['*'] });
    bench.simulator.dashboard.createCustomer({ name: 'A' });
    expect((await control('GET', '/webhooks/idle?timeout_ms=20')).status).to.equal(504);
  });

  it('forget everything on reset', async () => {
    const receiver = await startReceiver();
    await bench.stripe.webhookEndpoints.create({ url: receiver.url, enabled_events: ['*'] });
    bench.simulator.webhooks.set({ hold: true });
    bench.simulator.faults.add({ kind: 'reset', times: null });
    bench.simulator.dashboard.createCustomer({ name: 'A' });
    bench.simulator.clock.advance(1e9);
    bench.simulator.faults.clear();
    bench.simulator.faults.add({ kind: 'hang', method: 'POST' });
    const held = bench.call('POST', '/v1/customers').catch(() => 'cut');
    await bench.simulator.faults.waitForHeld();
    expect((await control('POST', '/reset')).status).to.equal(204);
    expect(await held).to.equal('cut');
    expect(bench.simulator.customers()).to.deep.equal([]);
    expect((await bench.plain.events.list()).data).to.deep.equal([]);
    expect(bench.simulator.webhooks.pending()).to.equal(0);
    expect(bench.simulator.clock.now()).to.be.closeTo(Date.now(), 1000);
    await receiver.close();
  });

  it('list in short the objects that exist', async () => {
    bench.simulator.dashboard.createCustomer({ name: 'A' });
    expect((await control('GET', '')).body).to.deep.include({
      service: 'stripe-simulator',
      living_customers: 1,
      pending_webhooks: 0,
    });
  });
});
