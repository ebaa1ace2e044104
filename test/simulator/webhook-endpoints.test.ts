import { expect } from 'chai';
import type Stripe from 'stripe';
import {
  closeSimulators,
  refusalOf,
  startReceiver,
  startSimulator,
  type Bench,
  type Receiver,
} from './start-simulator.ts';

describe('the simulator’s webhook endpoints', () => {
  let bench: Bench;
  let receiver: Receiver;
  let endpoint: Stripe.WebhookEndpoint;

  beforeEach(async () => {
    bench = await startSimulator();
    receiver = await startReceiver();
    endpoint = await bench.stripe.webhookEndpoints.create({ url: receiver.url, enabled_events: ['*'] });
  });
  afterEach(async () => {
    await closeSimulators();
    await receiver.close();
  });

  it('show their secret in the answer to the create and never again', async () => {
    expect(endpoint.secret).to.match(/^whsec_/);
    const { stripe } = bench;
    const shown = [
      await stripe.webhookEndpoints.retrieve(endpoint.id),
      await stripe.webhookEndpoints.update(endpoint.id, { description: 'Ours', metadata: { a: '1' } }),
      ...(await stripe.webhookEndpoints.list()).data,
    ];
    for (const one of shown) expect(one).to.not.have.property('secret');
    expect(shown[1]).to.deep.include({ description: 'Ours', metadata: { a: '1' }, status: 'enabled' });
  });

  it('give events their own API version', async () => {
    const other = await startReceiver();
    await bench.stripe.webhookEndpoints.create({
      url: other.url,
      enabled_events: ['*'],
      api_version: '2026-08-26.dahlia',
    });
    bench.simulator.dashboard.createCustomer({ name: 'A' });
    await bench.simulator.webhooks.idle();
    const versions = [receiver, other].map(
      ({ received }) => (JSON.parse(received[0]!.body) as Stripe.Event).api_version,
    );
    expect(versions).to.deep.equal(['2026-10-28.endive', '2026-08-26.dahlia']);
    await other.close();
  });

  it('refuse groups of types, addresses elsewhere and unknown parameters', async () => {
    for (const form of [
      'url=http://127.0.0.1:1/&enabled_events[0]=customer.*',
      'url=http://127.0.0.1:1/&enabled_events[0]=*&enabled_events[1]=customer.created',
      'url=http://127.0.0.1:1/',
      'enabled_events[0]=*',
      'url=ftp://127.0.0.1/&enabled_events[0]=*',
      'url=https://example.com/hook&enabled_events[0]=*',
      'url=http://127.0.0.1:1/&enabled_events[0]=*&colour=red',
    ]) {
      expect((await bench.call('POST', '/v1/webhook_endpoints', { form })).status, form).to.equal(400);
    }
    expect((await refusalOf(bench.stripe.webhookEndpoints.retrieve('we_none'))).statusCode).to.equal(404);
  });

  it('can be deleted only once', async () => {
    expect(await bench.stripe.webhookEndpoints.del(endpoint.id)).to.include({ deleted: true });
    expect((await refusalOf(bench.stripe.webhookEndpoints.del(endpoint.id))).statusCode).to.equal(404);
  });
});
