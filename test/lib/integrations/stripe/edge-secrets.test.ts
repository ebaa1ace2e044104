import { expect } from 'chai';
import { ALL_CALLS, CREATE, UPDATE } from './edge-calls.ts';
import { expectNoSecret, failed, interceptStripe } from './edge.ts';
import { SECRET_KEY } from './harness.ts';

const OTHER_KEYS = [
  ['rk', 'live', '51Abc'].join('_'),
  ['whsec', 'Abc123'].join('_'),
  ['sk', 'live', '51Abc'].join('_'),
];

describe('a failure of Stripe', () => {
  const edge = interceptStripe();

  const TEXTS = [
    `The key ${SECRET_KEY} was revoked`,
    `Invalid API Key provided: ${SECRET_KEY}`,
    `Authorization Bearer ${SECRET_KEY} refused`,
    `key=${SECRET_KEY}&x=1`,
    `(${SECRET_KEY})`,
    `Basic ${Buffer.from(`${SECRET_KEY}:`).toString('base64')} refused`,
    `The customer ada@example.com exists`,
  ];
  const LEAKS = [SECRET_KEY, Buffer.from(`${SECRET_KEY}:`).toString('base64'), 'ada@example.com'];

  it('shows no key and no email, wherever the error holds it', async () => {
    for (const text of TEXTS) {
      const inEvery = { type: 'invalid_request_error', message: text, code: text, param: text };
      for (const error of [inEvery, { ...inEvery, param: undefined }, { ...inEvery, type: text }]) {
        for (const status of [400, 401, 403, 404, 409, 429, 500]) {
          const failure = failed(await edge.meet(CREATE, { status, body: { error } }), text);
          for (const leak of LEAKS) expect(JSON.stringify(failure), text).to.not.include(leak);
        }
      }
    }
  });

  it('shows no key of another kind', async () => {
    for (const key of OTHER_KEYS) {
      const error = { type: 'invalid_request_error', message: `Use ${key} no more`, code: key };
      const failure = failed(await edge.meet(UPDATE, { status: 400, body: { error } }));
      expect(JSON.stringify(failure)).to.not.include(key);
    }
  });

  it('shows no key that a header holds', async () => {
    const error = { type: 'invalid_request_error', message: 'no' };
    for (const name of ['request-id', 'stripe-rate-limited-reason', 'retry-after', 'location']) {
      const headers = { [name]: `Bearer ${SECRET_KEY}` };
      for (const status of [302, 400, 429, 500]) {
        expectNoSecret(failed(await edge.meet(CREATE, { status, headers, body: { error } })), name);
      }
    }
  });

  it('has a code and a field that are names of bounded length', async () => {
    for (const odd of ['x'.repeat(5_000), 'two words', 'Großes', '<b>', '', 7, null, {}, ['a']]) {
      const error = { type: 'invalid_request_error', message: 'no', code: odd, param: odd };
      const failure = failed(await edge.meet(CREATE, { status: 400, body: { error } }));
      expect(failure).to.include({ code: 'invalid_request_error', field: null });
    }
    for (const param of ['email', 'metadata[twinbox_testtest]', 'address[line1]', 'items[0][price]']) {
      const error = { type: 'invalid_request_error', message: 'no', param };
      const failure = failed(await edge.meet(CREATE, { status: 400, body: { error } }));
      expect(failure.field).to.equal(param);
    }
  });

  it('has a message of bounded length, also for a huge body', async () => {
    const error = { type: 'api_error', message: 'word '.repeat(200_000) };
    for (const kind of ALL_CALLS) {
      const failure = failed(await edge.meet(kind, { status: 500, body: { error } }));
      expect(failure.message.length, kind.says).to.be.at.most(300);
    }
  });
});
