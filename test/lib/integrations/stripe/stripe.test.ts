import { expect } from 'chai';
import { Stripe } from 'stripe';
import type { ExternalRecord, Integration } from '../../../../lib/integrations/integration.ts';
import { readTag } from '../../../../lib/integrations/stripe/owner-tag.ts';
import { failureOf, openAnsweringServer } from './answering.ts';
import { TAG_KEY, openSimulator, SECRET_KEY, type StripeHarness } from './harness.ts';

describe('the integration of Stripe', () => {
  let harness: StripeHarness;
  let integration: Integration;
  let sdk: Stripe;
  before(async () => {
    harness = await openSimulator();
    integration = harness.connect();
    const { port } = harness.simulator;
    sdk = new Stripe(SECRET_KEY, { host: '127.0.0.1', port, protocol: 'http', telemetry: false });
  });
  after(() => harness.close());

  describe('the guard before a delete', () => {
    const subscribe = (customer: string) =>
      sdk.subscriptions.create({ customer, items: [{ price: 'price_1' }] });

    it('counts the subscriptions that are not cancelled, and is asked only when needed', async () => {
      const { id } = harness.simulator.dashboard.createCustomer({ name: 'Ada' });
      const [first] = [await subscribe(id), await subscribe(id)];
      expect(await integration.fetch(id, { forDelete: true })).to.include({
        blocksDelete: '2 subscriptions not cancelled',
      });
      await sdk.subscriptions.cancel(first.id);
      expect(await integration.fetch(id, { forDelete: true })).to.include({
        blocksDelete: '1 subscription not cancelled',
      });
      expect(await integration.fetch(id)).to.include({ blocksDelete: null });
    });

    it('permits the delete of a customer whose subscriptions are all cancelled, or who has none', async () => {
      const { id } = harness.simulator.dashboard.createCustomer({ name: 'Ada' });
      expect(await integration.fetch(id, { forDelete: true })).to.include({ blocksDelete: null });
      const { id: subscription } = await subscribe(id);
      await sdk.subscriptions.cancel(subscription);
      expect(await integration.fetch(id, { forDelete: true })).to.include({ blocksDelete: null });
    });

    it('reports erased and missing records as any read does', async () => {
      const { id } = harness.simulator.dashboard.createCustomer({ name: 'Ada' });
      harness.simulator.dashboard.deleteCustomer(id);
      expect(await integration.fetch(id, { forDelete: true })).to.include({ state: 'erased', status: 200 });
      const missing = await integration.fetch('cus_none', { forDelete: true });
      expect(missing).to.include({ state: 'missing', status: 404 });
      expect(missing.requestId).to.match(/^req_/);
      expect(missing.answeredAt).to.be.instanceOf(Date);
    });

    it('forbids the delete where subscriptions cannot be seen, or not all of them', async () => {
      const server = await openAnsweringServer();
      const customer = { object: 'customer', id: 'cus_1', created: 1, name: null };
      const scripted = server.connect();
      server.answer({ body: customer });
      expect(await scripted.fetch('cus_1', { forDelete: true }))
        .to.have.property('blocksDelete')
        .that.matches(/cannot be read/);
      server.answer({
        body: {
          ...customer,
          subscriptions: {
            object: 'list',
            data: [{ object: 'subscription', status: 'past_due' }],
            has_more: true,
          },
        },
      });
      expect(await scripted.fetch('cus_1', { forDelete: true })).to.include({
        blocksDelete: 'at least 1 subscription not cancelled',
      });
      server.answer({
        body: {
          ...customer,
          subscriptions: {
            object: 'list',
            data: [{ object: 'subscription', status: 'canceled' }],
            has_more: true,
          },
        },
      });
      expect(await scripted.fetch('cus_1', { forDelete: true }))
        .to.have.property('blocksDelete')
        .that.matches(/more/);
      await server.close();
    });
  });

  describe('our owner tag', () => {
    const recordOf = async (metadata: Record<string, string>): Promise<ExternalRecord> => {
      const { id } = harness.simulator.dashboard.createCustomer({ name: 'Ada', metadata });
      const fetched = await integration.fetch(id);
      if (fetched.state !== 'present') throw new Error('not there');
      return fetched.record;
    };

    it('is recognised by its key, foreign by another installation’s, and neither by other metadata', async () => {
      expect(await recordOf({ [TAG_KEY]: 'ev-1' })).to.include({ ownerTag: 'ev-1', foreignTag: false });
      expect(await recordOf({ twinbox_otherone: 'ev-2' })).to.include({ ownerTag: null, foreignTag: true });
      expect(await recordOf({ twinbox_otherone: 'ev-2', [TAG_KEY]: 'ev-3' })).to.include({
        ownerTag: 'ev-3',
        foreignTag: false,
      });
      expect(await recordOf({ order: '7' })).to.include({ ownerTag: null, foreignTag: false });
    });

    it('is added to the metadata of others, and kept by each of our updates', async () => {
      const { externalId } = await recordOf({ order: '7' });
      const body = integration.body({ name: 'Ada' }, 'ev-4');
      await integration.write({ operation: 'update', key: 'tag-1', externalId, body });
      const update = integration.body({ name: 'Ada L' }, null);
      await integration.write({ operation: 'update', key: 'tag-2', externalId, body: update });
      const customer = harness.simulator.customers().find(({ id }) => id === externalId);
      expect(customer?.metadata).to.deep.equal({ order: '7', [TAG_KEY]: 'ev-4' });
    });

    it('is read from metadata of any form', () => {
      for (const metadata of [
        undefined,
        null,
        7,
        'x',
        [],
        { [TAG_KEY]: 7 },
        { [TAG_KEY]: ' ' },
        { twinbox_b: null },
      ]) {
        expect(readTag(metadata, TAG_KEY)).to.deep.equal({ ownerTag: null, foreignTag: false });
      }
    });
  });

  describe('idempotency keys', () => {
    it('replay the first answer, with its old values', async () => {
      const create = {
        operation: 'create',
        key: 'past-1',
        externalId: null,
        body: integration.body({ name: 'Old' }, 'm'),
      } as const;
      const { externalId } = await integration.write(create);
      harness.simulator.dashboard.updateCustomer(externalId, { name: 'New' });
      const again = await integration.write(create);
      expect(again).to.include({ replayed: true, externalId });
      expect(again.record?.fields['name']).to.equal('Old');
    });

    it('give two simultaneous requests one effect: the second one has to wait', async () => {
      const request = {
        operation: 'create',
        key: 'twin-1',
        externalId: null,
        body: integration.body({ name: 'Twin' }, 'm'),
      } as const;
      const { id } = harness.simulator.faults.add({ kind: 'hang', at: 'before', key: 'twin-1' });
      const first = integration.write(request);
      await harness.simulator.faults.waitForHeld();
      const failure = await failureOf(integration, () => integration.write(request));
      expect(failure).to.include({ kind: 'lock', code: 'idempotency_key_in_use' });
      expect(failure.message).to.not.include('twin-1');
      harness.simulator.faults.release();
      await first;
      harness.simulator.faults.remove(id);
      expect(harness.simulator.ledger.entries({ idempotency_key: 'twin-1', effect: true })).to.have.length(1);
    });

    it('are not sent with a delete', async () => {
      const { id } = harness.simulator.dashboard.createCustomer({ name: 'Ada' });
      await integration.write({ operation: 'delete', key: 'delete-1', externalId: id, body: {} });
      const [entry] = harness.simulator.ledger.entries({ method: 'DELETE', customer: id, source: 'api' });
      expect(entry).to.include({ idempotency_key: null, status: 200 });
    });
  });

  describe('identifying the account', () => {
    it('names the account of the key', async () => {
      harness.simulator.keys.mapKey('sk_test_twinbox_second', 'acct_second');
      expect(await integration.identify()).to.deep.equal({
        account: 'acct_1TwinboxSimulator',
        livemode: false,
      });
      const second = harness.connect({ secretKey: 'sk_test_twinbox_second' });
      expect(await second.identify()).to.deep.equal({ account: 'acct_second', livemode: false });
    });
  });
});
