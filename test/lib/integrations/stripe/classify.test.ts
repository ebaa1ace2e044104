import { expect } from 'chai';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { classify } from '../../../../lib/integrations/stripe/classify.ts';
import type { Integration } from '../../../../lib/integrations/integration.ts';
import { failureOf, openAnsweringServer, type AnsweringServer } from './answering.ts';
import { FAILURES } from './failures.ts';

describe('what a failure of Stripe means', () => {
  let server: AnsweringServer;
  let integration: Integration;
  before(async () => {
    server = await openAnsweringServer();
    integration = server.connect({ timeoutMs: 150 });
  });
  after(() => server.close());

  const create = () =>
    integration.write({
      operation: 'create',
      key: 'k1',
      externalId: null,
      body: integration.body({ name: 'Ada' }, 'm'),
    });

  for (const { says, answer, means } of FAILURES) {
    it(`${says}: ${means.kind ?? 'as it says'}`, async () => {
      server.answer(answer);
      expect(await failureOf(integration, create)).to.deep.include(means);
      expect(server.requests()).to.equal(1, 'one call is one request');
    });
  }

  it('is decided for one request a call, also on a connection that was used before', async () => {
    server.answer({ body: { object: 'account', id: 'acct_1' } });
    await integration.identify();
    server.answer({ act: (response) => response.destroy() });
    expect(await failureOf(integration, () => integration.identify())).to.include({
      code: 'connection_lost',
    });
    expect(server.requests()).to.equal(1);
  });

  it('is `retry` without an effect for a host name that does not exist', async () => {
    const lost = server.connect({ apiBase: 'http://twinbox.invalid' });
    const failure = await failureOf(lost, () => lost.identify());
    expect(failure).to.include({
      kind: 'retry',
      scope: 'system',
      code: 'name_not_found',
      nothingHappened: true,
    });
  });

  it('is that nothing was sent for a TLS handshake that fails or never ends', async () => {
    const mute = createServer(() => undefined);
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const { port } = mute.address() as AddressInfo;
    const waiting = server.connect({ apiBase: `https://127.0.0.1:${port}`, timeoutMs: 100 });
    const silent = await failureOf(waiting, () => waiting.identify());
    expect(silent).to.include({ kind: 'retry', code: 'connect_timeout', nothingHappened: true });
    mute.close();
    const plain = server.connect({ apiBase: server.url.replace('http:', 'https:') });
    const refused = await failureOf(plain, () => plain.identify());
    expect(refused).to.include({ kind: 'retry', code: 'connection_failed', nothingHappened: true });
  });

  it('is a refusal for good, before sending, for what cannot be sent', async () => {
    server.answer({});
    const requests = [
      () => integration.fetch(''),
      () => integration.fetch('..'),
      () => integration.write({ operation: 'update', key: 'k', externalId: null, body: { name: 'A' } }),
      () => integration.write({ operation: 'delete', key: 'k', externalId: '', body: {} }),
      () => integration.write({ operation: 'create', key: '', externalId: null, body: { name: 'A' } }),
      () =>
        integration.write({
          operation: 'create',
          key: 'k'.repeat(256),
          externalId: null,
          body: { name: 'A' },
        }),
      () => integration.write({ operation: 'create', key: 'k', externalId: null, body: { name: '\ud800' } }),
    ];
    for (const request of requests) {
      const failure = await failureOf(integration, request);
      expect(failure).to.include({ kind: 'permanent', code: 'unsendable', nothingHappened: true });
    }
    expect(server.requests()).to.equal(0);
  });

  it('is an unknown outcome for an SDK error without status, as the client makes for a page', () => {
    const bare = Object.assign(new Error('Invalid JSON received from the Stripe API'), {
      type: 'StripeAPIError',
    });
    expect(classify(bare)).to.include({ kind: 'indeterminate', scope: 'system', status: null });
  });
});
