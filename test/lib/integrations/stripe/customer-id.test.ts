import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Integration } from '../../../../lib/integrations/integration.ts';
import { failureOf } from './answering.ts';
import { TAG_KEY, openSimulator, SECRET_KEY, type StripeHarness } from './harness.ts';
import { createStripeIntegration } from '../../../../lib/integrations/stripe/stripe.ts';

const CHOSEN = [
  'founder@example.com',
  'acme.42',
  '42',
  'a/b',
  '../subscriptions',
  'cus_1/../cus_2',
  '..%2F..',
  '%2e%2e',
  '50%',
  'ключ 1',
  '客户-７',
  '👩‍🚀',
  'a?b=c&d#e',
  ' blank ',
  'line\nbreak',
  '...',
  'Search',
  'x'.repeat(255),
];

describe('the id of a customer of Stripe', () => {
  let harness: StripeHarness;
  let integration: Integration;
  before(async () => {
    harness = await openSimulator();
    integration = harness.connect();
  });
  after(() => harness.close());

  for (const id of CHOSEN) {
    it(`${JSON.stringify(id.slice(0, 30))} is used as it is to read, change and delete that customer and no other`, async () => {
      const { simulator } = harness;
      const other = simulator.dashboard.createCustomer({ name: 'Other' });
      simulator.dashboard.createCustomer({ id, name: 'Before' });
      expect(await integration.fetch(id)).to.have.nested.property('record.externalId', id);
      const body = { name: 'After' };
      const written = await integration.write({
        operation: 'update',
        key: `key:${id.length}:${CHOSEN.indexOf(id)}`,
        externalId: id,
        body,
      });
      expect(written).to.include({ externalId: id });
      expect(simulator.customers().find((customer) => customer.id === id)).to.include(body);
      await integration.write({ operation: 'delete', key: 'k', externalId: id, body: {} });
      expect(await integration.fetch(id)).to.include({ state: 'erased' });
      expect(simulator.customers().find((customer) => customer.id === other.id)).to.include({
        name: 'Other',
      });
    });
  }

  for (const [id, why] of [
    ['', /is empty/],
    ['.', /consists of dots only/],
    ['..', /consists of dots only/],
    ['search', /another part of the API/],
    ['x'.repeat(256), /longer than 255 characters/],
    ['\ud800', /half of a surrogate pair/],
  ] as const) {
    it(`${JSON.stringify(id.slice(0, 10))} cannot be sent, and the reason says why`, async () => {
      const before = harness.simulator.ledger.entries({ source: 'api' }).length;
      for (const call of [
        () => integration.fetch(id),
        () => integration.write({ operation: 'update', key: 'k', externalId: id, body: { name: 'x' } }),
        () => integration.write({ operation: 'delete', key: 'k', externalId: id, body: {} }),
      ]) {
        const failure = await failureOf(integration, call);
        expect(failure).to.include({ kind: 'permanent', code: 'unsendable', nothingHappened: true });
        expect(failure.message).to.match(why);
      }
      expect(harness.simulator.ledger.entries({ source: 'api' })).to.have.length(before);
    });
  }

  it('of any text is one segment of the path, which decodes to it, or is refused before anything is sent', async () => {
    const paths: string[] = [];
    const server = createServer((request, response) => {
      paths.push(request.url ?? '');
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end('{"error":{"type":"invalid_request_error","code":"resource_missing"}}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const apiBase = `http://127.0.0.1:${port}`;
    const stripe = createStripeIntegration({ secretKey: SECRET_KEY, apiBase, tagKey: TAG_KEY });
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.string({ unit: fc.constantFrom('.', '/', '%', '2', 'e', 'F', '?', '#', '\\', ' '), maxLength: 12 }),
    );
    await fc.assert(
      fc.asyncProperty(text, async (id) => {
        paths.length = 0;
        const answer = await stripe.fetch(id).catch((error: unknown) => stripe.classify(error));
        if ('code' in answer) return answer.code === 'unsendable' && paths.length === 0;
        const [path = ''] = paths;
        // As any proxy may read it: the path is what a URL parser makes of it.
        const read = new URL(path, apiBase).pathname;
        return (
          read === path && path.split('/').length === 4 && decodeURIComponent(path.split('/')[3] ?? '') === id
        );
      }),
      { numRuns: 300 },
    );
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});
