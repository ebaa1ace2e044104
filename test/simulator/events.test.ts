import { expect } from 'chai';
import { closeSimulators, refusalOf, startSimulator, type Bench } from './start-simulator.ts';

const DAY = 24 * 3600 * 1000;

describe('the simulator’s events', () => {
  let bench: Bench;
  beforeEach(async () => void (bench = await startSimulator()));
  afterEach(closeSimulators);

  it('report a create, an update and a delete, with the request that made them', async () => {
    const { stripe, simulator } = bench;
    const { id, lastResponse } = await stripe.customers.create(
      { name: 'A', metadata: { a: '1' } },
      { idempotencyKey: 'key-1' },
    );
    await stripe.customers.update(id, { name: 'B', metadata: { a: '2', b: '3' }, address: { city: 'C' } });
    await stripe.customers.del(id);
    const [deleted, updated, created] = (await stripe.events.list()).data;
    expect([created?.type, updated?.type, deleted?.type]).to.deep.equal([
      'customer.created',
      'customer.updated',
      'customer.deleted',
    ]);
    expect(created?.request).to.deep.equal({ id: lastResponse.requestId, idempotency_key: 'key-1' });
    expect(created?.data).to.not.have.property('previous_attributes');
    expect(updated?.data.previous_attributes).to.deep.equal({
      address: null,
      name: 'A',
      metadata: { a: '1', b: null },
    });
    expect(updated?.request?.idempotency_key).to.match(/^stripe-node-retry-/);
    // A deleted customer's event contains the whole customer, and no `deleted` member.
    expect(deleted?.data.object).to.deep.include({ id, name: 'B' }).and.not.have.property('deleted');
    expect(deleted?.request?.idempotency_key).to.equal(null);
    expect(
      simulator.ledger.entries({ customer: id, effect: true }).flatMap((entry) => entry.event_ids),
    ).to.deep.equal([created?.id, updated?.id, deleted?.id]);
  });

  it('give the previous values of only what changed in a nested hash', async () => {
    const { stripe } = bench;
    const { id } = await stripe.customers.create({ address: { city: 'A', line1: 'B' } });
    await stripe.customers.update(id, { address: { city: 'C' } });
    const [event] = (await stripe.events.list({ type: 'customer.updated' })).data;
    expect(event?.data.previous_attributes).to.deep.equal({ address: { city: 'A' } });
  });

  it('give the whole before where a hash or a list comes or goes, and what changed at any depth', async () => {
    const { stripe } = bench;
    const { id } = await stripe.customers.create({ preferred_locales: ['de', 'en'] });
    const previousOf = async (params: object) => {
      await stripe.customers.update(id, params);
      const [event] = (await stripe.events.list({ type: 'customer.updated' })).data;
      return event?.data.previous_attributes;
    };
    const shipping = { name: 'N', address: { line1: 'A', city: 'B' } };
    expect(await previousOf({ shipping, preferred_locales: ['en'] })).to.deep.equal({
      shipping: null,
      preferred_locales: ['de', 'en'],
    });
    expect(
      await previousOf({ shipping: { name: 'N', address: { line1: 'C' } }, business_name: 'E' }),
    ).to.deep.equal({ shipping: { address: { line1: 'A' } }, business_name: null });
    expect(await previousOf({ metadata: { a: '1' } })).to.deep.equal({ metadata: { a: null } });
    expect(await previousOf({ metadata: { a: '' }, shipping: '' })).to.deep.equal({
      metadata: { a: '1' },
      shipping: {
        name: 'N',
        phone: null,
        address: { line1: 'C', city: 'B', line2: null, country: null, postal_code: null, state: null },
      },
    });
  });

  it('are not made by an update that changes nothing, by a replay or by a refusal', async () => {
    const { stripe, simulator } = bench;
    const { id } = await stripe.customers.create({ name: 'A' }, { idempotencyKey: 'k' });
    await stripe.customers.create({ name: 'A' }, { idempotencyKey: 'k' });
    await stripe.customers.update(id, { name: 'A' });
    await refusalOf(stripe.customers.update(id, { email: 'bad' }));
    expect(simulator.events()).to.have.length(1);
    expect(simulator.ledger.entries({ effect: true })).to.have.length(1);
  });

  it('name no request when a person made the change', async () => {
    const { stripe, simulator } = bench;
    const { id } = simulator.dashboard.createCustomer({ name: 'By hand', metadata: { a: '1' } });
    simulator.dashboard.updateCustomer(id, { email: 'hand@example.com', metadata: null });
    simulator.dashboard.deleteCustomer(id);
    const events = (await stripe.events.list()).data;
    expect(events.map(({ request }) => request)).to.deep.equal(
      Array(3).fill({ id: null, idempotency_key: null }),
    );
    expect(events[1]?.data.previous_attributes).to.deep.equal({ email: null, metadata: { a: '1' } });
  });

  it('are a snapshot that later changes do not touch', async () => {
    const { stripe } = bench;
    const { id } = await stripe.customers.create({ name: 'First' });
    const [event] = (await stripe.events.list()).data;
    await stripe.customers.update(id, { name: 'Second' });
    expect(await stripe.events.retrieve(event?.id ?? '')).to.deep.equal(event);
  });

  it('are found by type, by a group of types, by several types and by time', async () => {
    const { stripe, simulator } = bench;
    const { id } = await stripe.customers.create({ name: 'A' });
    simulator.clock.advance(5000);
    await stripe.customers.update(id, { name: 'B' });
    await stripe.webhookEndpoints.create({ url: 'http://127.0.0.1:1/', enabled_events: ['*'] });
    const typesFor = async (params: object) =>
      (await stripe.events.list(params)).data.map(({ type }) => type);
    expect(await typesFor({ type: 'customer.updated' })).to.deep.equal(['customer.updated']);
    expect(await typesFor({ type: 'customer.*' })).to.have.length(2);
    expect(await typesFor({ types: ['customer.created', 'customer.deleted'] })).to.deep.equal([
      'customer.created',
    ]);
    const [created] = simulator.events();
    expect(await typesFor({ created: { gt: created?.created } })).to.deep.equal(['customer.updated']);
    for (const params of [
      { type: 'a', types: ['b'] },
      { types: Array<string>(21).fill('customer.created') },
    ]) {
      expect((await refusalOf(stripe.events.list(params))).statusCode).to.equal(400);
    }
  });

  it('page like customers do', async () => {
    const { stripe, simulator } = bench;
    for (let at = 0; at < 7; at += 1) simulator.dashboard.createCustomer({ name: `N${at}` });
    const ids: string[] = [];
    for await (const event of stripe.events.list({ limit: 3 })) ids.push(event.id);
    expect(ids).to.deep.equal(
      simulator
        .events()
        .map(({ id }) => id)
        .reverse(),
    );
  });

  it('can be read for thirty days', async () => {
    const { stripe, simulator } = bench;
    await stripe.customers.create({ name: 'Old' });
    const [event] = simulator.events();
    simulator.clock.advance(30 * DAY - 2000);
    expect((await stripe.events.list()).data).to.have.length(1);
    simulator.clock.advance(4000);
    expect((await stripe.events.list()).data).to.deep.equal([]);
    expect((await refusalOf(stripe.events.retrieve(event?.id ?? ''))).statusCode).to.equal(404);
  });

  it('appear late at the end of the list when the rules say so', async () => {
    const { stripe, simulator } = bench;
    simulator.rules.set({ eventsTipLagMs: 10_000 });
    await stripe.customers.create({ name: 'New' });
    expect((await stripe.events.list()).data).to.deep.equal([]);
    simulator.clock.advance(10_000);
    expect((await stripe.events.list()).data).to.have.length(1);
  });

  it('can be several for one request, when a delete cancels a subscription', async () => {
    const { stripe, simulator } = bench;
    const { id } = await stripe.customers.create({ name: 'Subscriber' });
    const subscription = await stripe.subscriptions.create({ customer: id, items: [{ price: 'price_1' }] });
    const expanded = await stripe.customers.retrieve(id, { expand: ['subscriptions'] });
    expect('subscriptions' in expanded && expanded.subscriptions.data.map((one) => one.id)).to.deep.equal([
      subscription.id,
    ]);
    await stripe.customers.del(id);
    const [last, before] = (await stripe.events.list()).data;
    expect([before?.type, last?.type]).to.deep.equal(['customer.subscription.deleted', 'customer.deleted']);
    expect(before?.request).to.deep.equal(last?.request);
    expect(simulator.events()).to.have.length(4);
  });
});

describe('the simulator’s subscriptions', () => {
  let bench: Bench;
  before(async () => void (bench = await startSimulator()));
  after(() => bench.simulator.close());

  it('are listed by customer, cancelled ones only when asked for', async () => {
    const { stripe } = bench;
    const { id } = await stripe.customers.create({ name: 'A' });
    await stripe.subscriptions.create({
      customer: (await stripe.customers.create({})).id,
      items: [{ price: 'price_1' }],
    });
    const first = await stripe.subscriptions.create({
      customer: id,
      items: [{ price: 'price_1', quantity: 2 }],
    });
    const second = await stripe.subscriptions.create({ customer: id, items: [{ price: 'price_2' }] });
    const idsFor = async (params: { status?: 'all' | 'canceled' }) =>
      (await stripe.subscriptions.list({ customer: id, ...params })).data.map((one) => one.id);
    expect(await idsFor({})).to.deep.equal([second.id, first.id]);
    expect((await stripe.subscriptions.cancel(first.id)).status).to.equal('canceled');
    expect(await idsFor({})).to.deep.equal([second.id]);
    expect(await idsFor({ status: 'canceled' })).to.deep.equal([first.id]);
    expect(await idsFor({ status: 'all' })).to.have.length(2);
    expect((await refusalOf(stripe.subscriptions.cancel(first.id))).statusCode).to.equal(404);
  });

  it('refuse a deleted customer as a parameter: 400, with that parameter’s name', async () => {
    const { stripe } = bench;
    const { id } = await stripe.customers.create({});
    await stripe.customers.del(id);
    const refused = await refusalOf(
      stripe.subscriptions.create({ customer: id, items: [{ price: 'price_1' }] }),
    );
    expect(refused).to.include({ statusCode: 400, code: 'resource_missing', param: 'customer' });
  });
});
