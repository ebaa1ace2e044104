import { expect } from 'chai';
import type { Failure } from '../../../../lib/integrations/integration.ts';
import { ALL_CALLS, CREATE, CUSTOMER, DELETE, EVENTS, READS, UPDATE } from './edge-calls.ts';
import { failed, interceptStripe, type EdgeAnswer } from './edge.ts';

const HOUR = 3_600_000;
const error = { type: 'invalid_request_error', message: 'no' };

describe('an answer of Stripe with odd headers', () => {
  const edge = interceptStripe();
  const refusedWith = async (answer: EdgeAnswer): Promise<Failure> =>
    failed(await edge.meet(CREATE, { status: 429, body: { error }, ...answer }));

  describe('Retry-After', () => {
    const wait = async (value: string | string[]): Promise<number | null> =>
      (await refusedWith({ headers: { 'retry-after': value } })).retryAfterMs;

    it('is read in seconds', async () => {
      expect(await wait('0')).to.equal(0);
      expect(await wait('7')).to.equal(7_000);
      expect(await wait('120')).to.equal(120_000);
    });

    it('is read as a date, and a past date means no wait', async () => {
      const later = await wait(new Date(Date.now() + 10 * 60_000).toUTCString());
      expect(later).to.be.within(1, 10 * 60_000);
      expect(await wait('Fri, 06 Nov 2020 08:49:37 GMT')).to.equal(0);
    });

    it('is ignored where it is neither', async () => {
      const NONSENSE = ['-5', '1.5', '+7', '1e9', 'soon', 'soon 5', '0x10', '7 s', 'Infinity', 'NaN', '２'];
      for (const value of [...NONSENSE, '2030-01-01', 'Friday', 'Fri, 99 Nov 2099 08:49:37 GMT']) {
        expect(await wait(encodeURI(value).replaceAll('%20', ' ')), value).to.equal(null);
      }
    });

    it('delays a customer for an hour at most, however much it asks for', async () => {
      for (const value of ['999999', '9'.repeat(40), 'Fri, 31 Dec 9999 23:59:59 GMT']) {
        expect(await wait(value), value).to.equal(HOUR);
      }
    });
  });

  describe('Idempotent-Replayed', () => {
    const CLEAR = ['true', 'True', 'TRUE'];
    const UNCLEAR = ['1', 'yes', 'false, true', 'truetrue', 'maybe'];

    it('makes the answer a replay, also where it is written in another way', async () => {
      for (const value of [...CLEAR, ...UNCLEAR]) {
        for (const kind of [CREATE, UPDATE]) {
          const answer = { headers: { 'idempotent-replayed': value }, body: CUSTOMER };
          expect(await edge.meet(kind, answer), value).to.have.nested.property('answer.replayed', true);
        }
      }
      const twice = { headers: { 'idempotent-replayed': ['true', 'true'] }, body: CUSTOMER };
      expect(await edge.meet(CREATE, twice)).to.have.nested.property('answer.replayed', true);
    });

    it('leaves the answer a first one where it is false or missing', async () => {
      for (const headers of [{}, { 'idempotent-replayed': 'false' }, { 'idempotent-replayed': 'False' }]) {
        const outcome = await edge.meet(UPDATE, { headers, body: CUSTOMER });
        expect(outcome).to.have.nested.property('answer.replayed', false);
      }
    });

    it('ends a key only where it is clear', async () => {
      for (const status of [401, 403, 409, 429, 500, 503]) {
        for (const value of CLEAR) {
          const failure = await refusedWith({ status, headers: { 'idempotent-replayed': value } });
          expect(failure, `${status} ${value}`).to.include({ kind: 'spent', nothingHappened: false });
        }
        for (const value of UNCLEAR) {
          const failure = await refusedWith({ status, headers: { 'idempotent-replayed': value } });
          expect(failure.kind, `${status} ${value}`).to.not.equal('spent');
          expect(failure.nothingHappened, `${status} ${value}`).to.equal(false);
        }
      }
    });

    it('removes from a refusal the promise that nothing happened, clear or not', async () => {
      for (const value of [...CLEAR, ...UNCLEAR]) {
        for (const status of [400, 401, 402]) {
          const failure = await refusedWith({ status, headers: { 'idempotent-replayed': value } });
          expect(failure.nothingHappened, `${status} ${value}`).to.equal(false);
        }
      }
    });
  });

  describe('Stripe-Should-Retry', () => {
    it('ends a key only where it is false', async () => {
      for (const [value, kind] of [
        ['false', 'spent'],
        ['FALSE', 'spent'],
        ['true', 'indeterminate'],
        ['no', 'indeterminate'],
        ['0', 'indeterminate'],
        ['false, true', 'indeterminate'],
      ] as const) {
        const failure = await refusedWith({ status: 500, headers: { 'stripe-should-retry': value } });
        expect(failure.kind, value).to.equal(kind);
      }
    });
  });

  describe('Request-Id', () => {
    it('is not needed to accept an answer: without it the answer has no request id', async () => {
      for (const kind of [...READS, CREATE, UPDATE, DELETE]) {
        const outcome = await edge.meet(kind, { headers: { 'request-id': [] }, body: kind.good });
        expect(outcome, kind.says).to.have.nested.property('answer.requestId', null);
      }
      expect(await refusedWith({ headers: { 'request-id': [] } })).to.include({ requestId: null });
    });

    it('is ignored where it is too long or a text', async () => {
      for (const value of ['x'.repeat(300), 'two words', 'Bearer sk_test_twinbox_fake', 'req_1, req_2']) {
        const outcome = await edge.meet(CREATE, { headers: { 'request-id': value }, body: CUSTOMER });
        expect(outcome, value).to.have.nested.property('answer.requestId', null);
        const failure = await refusedWith({ headers: { 'request-id': value } });
        expect(failure.requestId, value).to.equal(null);
      }
    });
  });

  describe('Date', () => {
    it('is the time of the answer only where it is a valid date of HTTP', async () => {
      const dated = async (date: string): Promise<unknown> => {
        const outcome = await edge.meet(EVENTS, { headers: { date }, body: EVENTS.good });
        return 'answer' in outcome ? (outcome.answer as { answeredAt: unknown }[])[0]?.answeredAt : outcome;
      };
      const date = 'Sun, 06 Nov 2033 08:49:37 GMT';
      expect(await dated(date)).to.deep.equal(new Date('2033-11-06T08:49:37Z'));
      for (const odd of ['-5', '2033', 'now', 'soon 5', '2033-11-06T08:49:37Z', `${date}, ${date}`]) {
        expect(await dated(odd), odd).to.equal(null);
      }
    });
  });

  it('with notices of Stripe, cookies and unknown headers changes nothing', async () => {
    const headers = { 'set-cookie': ['a=1', 'b=2'], 'x-unknown': 'x'.repeat(4_000), 'stripe-version': 'old' };
    for (const kind of ALL_CALLS) {
      expect(await edge.meet(kind, { headers, body: kind.good }), kind.says).to.have.property('answer');
    }
  });
});
