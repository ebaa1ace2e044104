import { expect } from 'chai';
import { Stripe } from 'stripe';
import { createStripeClient, livemodeOf } from '../../../../lib/integrations/stripe/client.ts';
import { createStripeIntegration } from '../../../../lib/integrations/stripe/stripe.ts';
import { isAppError } from '../../../../lib/errors.ts';
import { openAnsweringServer } from './answering.ts';
import { TAG_KEY, SECRET_KEY } from './harness.ts';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

describe('the Stripe client', () => {
  it('reads livemode from the key', () => {
    const modes = ['sk_test_abcd', 'rk_test_abcd', 'sk_live_abcd', 'rk_live_abcd'].map(livemodeOf);
    expect(modes).to.deep.equal([false, false, true, true]);
  });

  const WRONG_KEYS: [string, RegExp][] = [
    ['', /is empty/],
    ['   ', /is empty/],
    ['pk_test_abcd', /publishable/],
    [['whsec', 'abcd'].join('_'), /webhook/],
    ['sk_org_test_abcd', /organization/],
    ['sk_test_ab cd', /white space/],
    ['sk_test_abcd\n', /white space/],
    ['sk_test_', /malformed/],
    ['SK_TEST_abcd', /malformed/],
    ['Bearer:sk_test_abcd', /malformed/],
    [`sk_test_${'a'.repeat(300)}`, /malformed/],
  ];
  for (const [secretKey, why] of WRONG_KEYS) {
    it(`refuses ${JSON.stringify(secretKey.slice(0, 30))} and does not show it`, () => {
      const error = thrownBy(() => createStripeClient({ secretKey }));
      expect(isAppError(error, 'config_invalid')).to.equal(true);
      expect(String(error)).to.match(why);
      if (secretKey.length > 12) expect(String(error)).to.not.include(secretKey);
    });
  }

  const WRONG_BASES = [
    ...[
      'localhost:12111',
      'ftp://localhost',
      'http://localhost:1/v1',
      'http://user:pw@localhost',
      'http://localhost?x=1',
    ],
    '',
  ];
  for (const apiBase of WRONG_BASES) {
    it(`refuses ${apiBase === '' ? 'an empty address' : apiBase}`, () => {
      const error = thrownBy(() => createStripeClient({ secretKey: SECRET_KEY, apiBase }));
      expect(isAppError(error, 'config_invalid')).to.equal(true);
      expect(String(error)).to.not.include('user:pw');
    });
  }

  it('never sends a live key unencrypted', () => {
    const open = () => createStripeClient({ secretKey: 'sk_live_fake', apiBase: 'http://127.0.0.1:1' });
    expect(String(thrownBy(open))).to.match(/unencrypted/);
  });

  it('refuses a tag key that Stripe or another installation could not take', () => {
    for (const tagKey of ['', 'twinbox_', 'other_abc', 'twinbox_a[b]', `twinbox_${'a'.repeat(33)}`]) {
      expect(isAppError(thrownBy(() => createStripeIntegration({ secretKey: SECRET_KEY, tagKey })))).to.equal(
        true,
      );
    }
  });

  it('pins the API version and sends no telemetry, over connections that are kept open', async () => {
    const seen: IncomingHttpHeaders[] = [];
    const sockets = new Set<unknown>();
    const server = createServer((request, response) => {
      seen.push(request.headers);
      sockets.add(request.socket);
      response.setHeader('request-id', 'req_1').end('{"object":"account","id":"acct_1"}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const apiBase = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const integration = createStripeIntegration({ secretKey: SECRET_KEY, apiBase, tagKey: TAG_KEY });
    for (let index = 0; index < 3; index += 1) await integration.identify();
    expect(seen.map((headers) => headers['stripe-version'])).to.deep.equal(Array(3).fill(Stripe.API_VERSION));
    expect(seen.some((headers) => 'x-stripe-client-telemetry' in headers)).to.equal(false);
    expect(sockets.size).to.equal(1);
    server.close();
    server.closeAllConnections();
  });

  it('reaches an IPv6 address in brackets', async function () {
    const server = await openAnsweringServer('::1').catch(() => null);
    if (server === null) return this.skip(); // a machine without IPv6
    server.answer({ body: { object: 'account', id: 'acct_six' } });
    expect(await server.connect().identify()).to.deep.equal({ account: 'acct_six', livemode: false });
    await server.close();
  });
});

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('the call was to throw');
}
