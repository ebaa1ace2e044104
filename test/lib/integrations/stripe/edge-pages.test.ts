import { expect } from 'chai';
import { ALL_CALLS, CREATE, CUSTOMER, DELETE, READ, UPDATE } from './edge-calls.ts';
import { expectUnknownAt, failed, interceptStripe } from './edge.ts';
import { SECRET_KEY } from './harness.ts';

const PAGE = `<!doctype html><html><title>Blocked</title>Authorization: Bearer ${SECRET_KEY}</html>`;
const HTML = { 'content-type': 'text/html; charset=utf-8', server: 'proxy' };

describe('Stripe behind a proxy', () => {
  const edge = interceptStripe();

  it('answers every kind of call when no proxy interferes', async () => {
    for (const kind of ALL_CALLS) {
      expect(await edge.meet(kind, { body: kind.good }), kind.says).to.have.property('answer');
      expect(edge.asked(), kind.says).to.have.length(1);
    }
  });

  const PLACES = ['https://elsewhere.example/v1/customers', 'http://api.stripe.com/', '//other', '/v2', ''];
  for (const status of [300, 301, 302, 303, 307, 308]) {
    it(`gets no second request after a redirect with ${status}, to whatever host: the outcome is unknown`, async () => {
      for (const [index, kind] of ALL_CALLS.entries()) {
        const location = PLACES[index % PLACES.length] ?? '';
        await expectUnknownAt(edge, [kind], { status, headers: { ...HTML, location }, body: PAGE });
      }
    });

    it(`is not believed when JSON comes with a redirect with ${status}`, async () => {
      const headers = { location: 'https://elsewhere.example/' };
      for (const kind of ALL_CALLS) {
        await expectUnknownAt(edge, [kind], { status, headers, body: kind.good });
      }
      const error = { type: 'invalid_request_error', code: 'resource_missing', param: 'id' };
      await expectUnknownAt(edge, ALL_CALLS, { status, headers, body: { error } });
    });
  }

  for (const status of [200, 400, 401, 403, 404, 405, 407, 410, 413, 500, 502, 503, 504, 511, 522]) {
    it(`has not answered where a page with ${status} comes: the outcome is unknown`, async () => {
      await expectUnknownAt(edge, ALL_CALLS, { status, headers: HTML, body: PAGE });
      const outcome = await edge.meet(CREATE, { status, headers: HTML, body: PAGE });
      expect(failed(outcome)).to.include({ scope: 'system', code: 'foreign_answer', status });
    });
  }

  it('has reached a limit where a page with 429 comes, and a busy customer with 409, without a promise', async () => {
    await expectUnknownAt(edge, ALL_CALLS, { status: 429, headers: HTML, body: PAGE }, 'throttle');
    await expectUnknownAt(edge, ALL_CALLS, { status: 409, headers: HTML, body: PAGE }, 'lock');
  });

  it('keeps the key in use where a page comes in the place of a kept failure', async () => {
    for (const name of ['idempotent-replayed', 'stripe-should-retry']) {
      const headers = { ...HTML, [name]: name === 'idempotent-replayed' ? 'true' : 'false' };
      for (const status of [401, 403, 500, 503]) {
        await expectUnknownAt(edge, [CREATE, UPDATE], { status, headers, body: PAGE });
      }
      await expectUnknownAt(edge, [CREATE, UPDATE], { status: 409, headers, body: PAGE }, 'lock');
    }
  });

  it('has given no customer in an answer that says it is a page or a text', async () => {
    for (const type of ['text/html', 'text/plain', 'application/octet-stream', 'application/problem+json']) {
      for (const kind of ALL_CALLS) {
        await expectUnknownAt(edge, [kind], { headers: { 'content-type': type }, body: kind.good });
      }
      const error = { type: 'invalid_request_error', code: 'resource_missing', param: 'id' };
      await expectUnknownAt(edge, [READ, UPDATE, DELETE], {
        status: 404,
        headers: { 'content-type': type },
        body: { error },
      });
    }
  });

  it('has answered where JSON comes with a charset, in any case of letters', async () => {
    for (const type of ['application/json; charset=utf-8', 'Application/JSON;charset=UTF-8']) {
      for (const kind of ALL_CALLS) {
        const outcome = await edge.meet(kind, { headers: { 'content-type': type }, body: kind.good });
        expect(outcome, kind.says).to.have.property('answer');
      }
    }
  });

  it('has given no name where its bytes are not UTF-8, since it would be another name', async () => {
    const latin = Buffer.from(JSON.stringify({ ...CUSTOMER, name: 'Jürgen' }), 'latin1');
    const calls = ALL_CALLS.filter(({ good }) => good === CUSTOMER);
    expect(calls).to.have.length(5);
    await expectUnknownAt(edge, calls, { body: latin });
  });
});
