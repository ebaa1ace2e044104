import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import type Stripe from 'stripe';
import type { SimulatorOptions } from '../../simulator/simulator.ts';
import { signatureHeader } from '../../simulator/webhooks/signature.ts';
import {
  closeSimulators,
  startReceiver,
  startSimulator,
  type Bench,
  type Received,
  type Receiver,
} from './start-simulator.ts';
import { checkSchema } from './openapi.ts';

const QUICK = { retryBaseMs: 5, retryMaxMs: 40 };
const DAY = 24 * 3600 * 1000;

describe('the simulator’s webhooks', () => {
  let bench: Bench;
  let receiver: Receiver;
  let endpoint: Stripe.WebhookEndpoint;

  async function start(
    webhooks: SimulatorOptions['webhooks'] = {},
    enabled: Stripe.WebhookEndpointCreateParams.EnabledEvent[] = ['*'],
  ) {
    bench = await startSimulator({ webhooks: { ...QUICK, ...webhooks }, seed: 11 });
    receiver = await startReceiver();
    endpoint = await bench.stripe.webhookEndpoints.create({ url: receiver.url, enabled_events: enabled });
  }
  afterEach(async () => {
    await closeSimulators();
    await receiver.close();
  });

  const secret = () => endpoint.secret ?? '';
  const verify = ({ body, signature }: Received, by = secret()) =>
    bench.plain.webhooks.constructEvent(body, signature, by);
  const names = (all: readonly Received[]) =>
    all.map(({ body }) => (JSON.parse(body) as { data: { object: { name: string } } }).data.object.name);

  it('arrive signed, as the event that the list shows', async () => {
    await start();
    const { id } = await bench.stripe.customers.create({ name: 'Ada' }, { idempotencyKey: 'k' });
    const [received] = await receiver.waitFor(1);
    const event = verify(received!);
    checkSchema('event', JSON.parse(received!.body));
    expect(event).to.deep.include({
      type: 'customer.created',
      object: 'event',
      pending_webhooks: 1,
      livemode: false,
    });
    expect(event.request).to.deep.include({ idempotency_key: 'k' });
    expect(event.data.object).to.include({ id });
    await bench.simulator.webhooks.idle();
    const listed = await bench.stripe.events.retrieve(event.id);
    expect(listed).to.deep.equal({ ...event, pending_webhooks: 0 });
    expect(() => verify({ ...received!, body: received!.body.replace('Ada', 'Eve') })).to.throw(/signature/);
  });

  it('go to the endpoints that want the type, and to none that is disabled or deleted', async () => {
    await start({}, ['customer.deleted']);
    const second = await startReceiver();
    const all = await bench.stripe.webhookEndpoints.create({ url: second.url, enabled_events: ['*'] });
    const { id } = await bench.stripe.customers.create({ name: 'A' });
    await bench.simulator.webhooks.idle();
    expect([receiver.received.length, second.received.length]).to.deep.equal([0, 1]);
    await bench.stripe.webhookEndpoints.update(all.id, { disabled: true });
    await bench.stripe.customers.del(id);
    await bench.simulator.webhooks.idle();
    expect([receiver.received.length, second.received.length]).to.deep.equal([1, 1]);
    expect(verify(receiver.received[0]!).data.object).to.include({ id, name: 'A' });
    await bench.stripe.webhookEndpoints.del(endpoint.id);
    await bench.stripe.customers.create({ name: 'B' });
    await bench.simulator.webhooks.idle();
    expect(receiver.received).to.have.length(1);
    await second.close();
  });

  for (const [what, status] of [
    ['an error', 500],
    ['a redirect', 302],
    ['a cut connection', null],
  ] as const) {
    it(`are tried again after ${what}, signed anew, until they are accepted`, async () => {
      await start();
      let failing = true;
      receiver.answerWith(() => (failing ? status : 200), { location: receiver.url });
      await bench.stripe.customers.create({ name: 'A' });
      await receiver.waitFor(3);
      const [event] = (await bench.plain.events.list({ delivery_success: false })).data;
      expect(event?.pending_webhooks).to.equal(1);
      failing = false;
      await bench.simulator.webhooks.idle();
      const attempts = bench.simulator.webhooks.attempts();
      expect(attempts).to.have.length(receiver.received.length);
      expect(attempts.map(({ attempt }) => attempt)).to.deep.equal(attempts.map((_, at) => at + 1));
      expect(attempts.map(({ delivered }) => delivered)).to.deep.equal(
        attempts.map((_, at) => at === attempts.length - 1),
      );
      expect(new Set(receiver.received.map((one) => verify(one).id)).size).to.equal(1);
      expect(
        (await bench.plain.events.list({ delivery_success: true })).data.map(({ id }) => id),
      ).to.deep.equal([event?.id]);
    });
  }

  it('wait twice as long after each try, up to a limit', async () => {
    await start({ retryBaseMs: 20, retryMaxMs: 60 });
    receiver.answerWith((nth) => (nth < 5 ? 500 : 200));
    bench.simulator.dashboard.createCustomer({ name: 'A' });
    const received = await receiver.waitFor(5);
    const gaps = received.slice(1).map(({ at }, index) => at - received[index]!.at);
    [20, 40, 60, 60].forEach((least, index) => expect(gaps[index]).to.be.at.least(least - 2));
  });

  it('are given up when the event is three days old, and can be sent again by hand', async () => {
    await start();
    receiver.answerWith(500);
    bench.simulator.dashboard.createCustomer({ name: 'A' });
    await receiver.waitFor(2);
    bench.simulator.clock.advance(3 * DAY + 1000);
    await bench.simulator.webhooks.idle();
    const [event] = (await bench.stripe.events.list({ delivery_success: false })).data;
    expect(event?.pending_webhooks).to.equal(0);
    expect(bench.simulator.webhooks.attempts().at(-1)).to.include({
      closed: true,
      delivered: false,
      status: 500,
    });
    receiver.answerWith(200);
    const account = bench.simulator.keys.defaultAccount();
    expect(bench.simulator.webhooks.resend(account, event?.id ?? '')).to.equal(1);
    await bench.simulator.webhooks.idle();
    expect((await bench.stripe.events.list({ delivery_success: true })).data).to.have.length(1);
  });

  it('are delivered in any order that a test chooses', async () => {
    await start({ hold: true });
    const { dashboard, webhooks } = bench.simulator;
    for (const name of ['one', 'two', 'three']) dashboard.createCustomer({ name });
    await webhooks.waitForHeld(3);
    const [one, two, three] = webhooks.held().map(({ event }) => event);
    const made = await webhooks.release([three!, one!]);
    expect(made.map(({ event, delivered }) => [event, delivered])).to.deep.equal([
      [three, true],
      [one, true],
    ]);
    expect(names(receiver.received)).to.deep.equal(['three', 'one']);
    await webhooks.idle(); // webhooks that are held do not count
    expect(webhooks.held().map(({ event }) => event)).to.deep.equal([two]);
    webhooks.set({ hold: false });
    await webhooks.idle();
    expect(names(receiver.received)).to.deep.equal(['three', 'one', 'two']);
  });

  it('are duplicated at the same moment when the rules say so', async () => {
    await start({ duplicate: 4 });
    bench.simulator.dashboard.createCustomer({ name: 'A' });
    await bench.simulator.webhooks.idle();
    expect(receiver.received).to.have.length(5);
    expect(new Set(receiver.received.map((one) => verify(one).id)).size).to.equal(1);
  });

  it('are shuffled within a window, and all arrive', async () => {
    await start({ shuffleWindowMs: 40 });
    const sent = Array.from(
      { length: 30 },
      (_, at) => bench.simulator.dashboard.createCustomer({ name: `N${at}` }).name,
    );
    await bench.simulator.webhooks.idle();
    expect(names(receiver.received)).to.have.members(sent).and.not.deep.equal(sent);
  });

  it('are lost in the share that the rules give, and the list of events shows which', async () => {
    await start({ dropRate: 0.5 });
    for (let at = 0; at < 40; at += 1) bench.simulator.dashboard.createCustomer({ name: `N${at}` });
    await bench.simulator.webhooks.idle();
    expect(receiver.received.length).to.be.within(8, 32);
    const lost = (await bench.stripe.events.list({ delivery_success: false, limit: 100 })).data;
    expect(lost.length + receiver.received.length).to.equal(40);
  });

  it('carry one signature for each secret while a secret is rolled', async () => {
    await start();
    const fresh = bench.simulator.webhooks.rollSecret(endpoint.id, DAY);
    bench.simulator.dashboard.createCustomer({ name: 'A' });
    await bench.simulator.webhooks.idle();
    const [both] = receiver.received;
    expect(both!.signature.match(/v1=/g)).to.have.length(2);
    expect(verify(both!).id).to.equal(verify(both!, fresh).id);
    bench.simulator.clock.advance(DAY);
    bench.simulator.webhooks.set({ signatureOffsetMs: -DAY }); // the SDK uses real time
    bench.simulator.dashboard.createCustomer({ name: 'B' });
    await bench.simulator.webhooks.idle();
    expect(verify(receiver.received[1]!, fresh).type).to.equal('customer.created');
    expect(() => verify(receiver.received[1]!)).to.throw(/signature/);
  });

  it('can be signed with a past time, which the SDK refuses', async () => {
    await start({ signatureOffsetMs: -600_000 });
    bench.simulator.dashboard.createCustomer({ name: 'A' });
    const [received] = await receiver.waitFor(1);
    expect(() => verify(received!)).to.throw(/tolerance/);
  });

  it('are signed as Stripe’s documentation says', () => {
    const expected = createHmac('sha256', 'made-up').update('12.{"a":1}').digest('hex');
    expect(signatureHeader('{"a":1}', 12, ['made-up'])).to.equal(`t=12,v1=${expected}`);
  });

  it('are thin for an endpoint that wants them so, with a reference and the changes', async () => {
    await start();
    bench.simulator.webhooks.setThin(endpoint.id, true);
    const { id } = await bench.plain.customers.create({ name: 'A', metadata: { a: '1' } });
    const { requestId } = (
      await bench.plain.customers.update(id, { name: 'B', metadata: { a: '' } }, { idempotencyKey: 'k' })
    ).lastResponse;
    await bench.simulator.webhooks.idle();
    const [updated] = receiver.received.filter(({ body }) => body.includes('v1.customer.updated'));
    const notification = bench.plain.parseEventNotification(updated!.body, updated!.signature, secret());
    const [snapshot] = (await bench.stripe.events.list({ type: 'customer.updated' })).data;
    expect(notification).to.deep.include({
      object: 'v2.core.event',
      type: 'v1.customer.updated',
      livemode: false,
      related_object: { id, type: 'customer', url: `/v1/customers/${id}` },
      changes: { before: { metadata: { a: '1' }, name: 'A' }, after: { metadata: { a: null }, name: 'B' } },
      reason: { type: 'request', request: { id: requestId, idempotency_key: 'k' } },
      snapshot_event: snapshot?.id,
    });
    expect(notification).to.not.have.property('data');
    const whole = await bench.plain.v2.core.events.retrieve(notification.id);
    expect(whole).to.include({ id: notification.id, snapshot_event: snapshot?.id });
    expect(() => verify(updated!)).to.throw();
  });

  it('report each attempt to a listener', async () => {
    await start();
    const seen: string[] = [];
    const stop = bench.simulator.webhooks.onAttempt(({ type, status }) => seen.push(`${type} ${status}`));
    const { id } = bench.simulator.dashboard.createCustomer({ name: 'A' });
    await bench.simulator.webhooks.idle();
    stop();
    bench.simulator.dashboard.deleteCustomer(id);
    await bench.simulator.webhooks.idle();
    expect(seen).to.deep.equal(['customer.created 200']);
  });

  it('can have any body, signed', async () => {
    await start();
    const account = bench.simulator.keys.defaultAccount();
    const sent = await bench.simulator.webhooks.sendRaw(account, endpoint.id, '{"object":"event","id":42}');
    expect(sent).to.deep.equal({ status: 200, error: null });
    expect(verify(receiver.received[0]!)).to.deep.equal({ object: 'event', id: 42 });
  });
});
