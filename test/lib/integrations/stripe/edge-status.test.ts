import { expect } from 'chai';
import { ALL_CALLS, CREATE, CUSTOMER, DELETE, READ, READS, UPDATE } from './edge-calls.ts';
import { expectUnknownAt, failed, interceptStripe } from './edge.ts';

const REFUSED = { error: { type: 'invalid_request_error', message: 'no' } };

describe('an answer of Stripe with an unusual status', () => {
  const edge = interceptStripe();

  for (const status of [201, 202, 203, 206, 226, 299]) {
    it(`${status} is no success, whatever the body holds`, async () => {
      for (const kind of ALL_CALLS) await expectUnknownAt(edge, [kind], { status, body: kind.good });
    });
  }

  for (const status of [204, 304]) {
    it(`${status} has no body, so the outcome is unknown`, async () => {
      await expectUnknownAt(edge, ALL_CALLS, { status });
    });
  }

  const UNDOCUMENTED = [405, 406, 407, 408, 410, 418, 420, 421, 422, 424, 425, 426, 431, 451, 499];
  for (const status of [...UNDOCUMENTED, 500, 501, 502, 503, 504, 508, 520, 522, 530, 599]) {
    it(`${status} with an error is not a refusal for good: the outcome is unknown`, async () => {
      await expectUnknownAt(edge, ALL_CALLS, { status, body: REFUSED });
    });
  }

  it('200 with an error is not an error of Stripe: no limit, no wrong key, no spent key, no missing customer', async () => {
    const errors = [
      { type: 'invalid_request_error', code: 'resource_missing', param: 'id' },
      { type: 'invalid_request_error', code: 'api_key_expired' },
      { type: 'idempotency_error' },
      { type: 'invalid_request_error', code: 'rate_limit' },
      { type: 'api_error' },
    ];
    for (const error of errors) await expectUnknownAt(edge, ALL_CALLS, { body: { error } });
    for (const error of ['bad', [], null, {}, 7, true]) {
      await expectUnknownAt(edge, [READ, CREATE, UPDATE], { body: { ...CUSTOMER, error } });
    }
  });

  it('without a type of Stripe in its error is an error of a gateway: nothing is refused for good', async () => {
    const errors = [
      { code: 'resource_missing', param: 'id' },
      { code: 404, message: 'Requested entity was not found.', status: 'NOT_FOUND' },
      { type: 'not_found', code: 'resource_missing' },
      { type: 7 },
      {},
      [],
    ];
    for (const status of [400, 401, 402, 403, 404, 413, 500]) {
      for (const error of errors) {
        await expectUnknownAt(edge, [READ, CREATE, DELETE], { status, body: { error } });
      }
    }
  });

  it('404 is a missing customer only where the error names one', async () => {
    const missing = { type: 'invalid_request_error', code: 'resource_missing', param: 'id' };
    for (const kind of READS) {
      const outcome = await edge.meet(kind, { status: 404, body: { error: missing } });
      expect(outcome).to.deep.nested.include({ 'answer.state': 'missing', 'answer.requestId': 'req_edge' });
      const unnamed = failed(await edge.meet(kind, { status: 404, body: REFUSED }));
      expect(unnamed).to.include({ kind: 'retry', scope: 'system' });
    }
    for (const kind of [UPDATE, DELETE]) {
      const failure = failed(await edge.meet(kind, { status: 404, body: { error: missing } }));
      expect(failure).to.include({ kind: 'gone', scope: 'entity' });
    }
  });

  it('that Stripe documents as a refusal is one', async () => {
    for (const status of [400, 402]) {
      for (const kind of ALL_CALLS) {
        const failure = failed(await edge.meet(kind, { status, body: REFUSED }), kind.says);
        expect(failure, kind.says).to.include({ kind: 'permanent', nothingHappened: true });
      }
    }
  });
});
