import type { Failure } from '../../../../lib/integrations/integration.ts';
import type { Scripted } from './answering.ts';

const REPLAYED = { 'idempotent-replayed': 'true' };
const GIVEN_UP = { 'stripe-should-retry': 'false' };

interface Case {
  says: string;
  answer: Scripted;
  means: Partial<Failure>;
}

/** An answer in Stripe's own form. */
function refusal(
  status: number,
  error: Record<string, unknown>,
  headers: Record<string, string> = {},
): Scripted {
  return { status, headers, body: { error: { type: 'invalid_request_error', message: 'no', ...error } } };
}

/** Every answer, or missing answer, that the engine treats differently. */
export const FAILURES: Case[] = [
  {
    says: 'a refused parameter',
    answer: refusal(400, { code: 'email_invalid', param: 'email', message: 'Invalid email address: eve@x' }),
    means: {
      kind: 'permanent',
      scope: 'entity',
      code: 'email_invalid',
      field: 'email',
      nothingHappened: true,
      message: 'Invalid email address: …',
      requestId: 'req_scripted',
    },
  },
  {
    says: 'a refusal without a code',
    answer: refusal(400, { param: 'tax_exempt' }),
    means: { kind: 'permanent', code: 'invalid_request_error', field: 'tax_exempt' },
  },
  {
    says: 'a refusal that was kept: no promise that nothing was stored',
    answer: refusal(400, { code: 'parameter_invalid_empty', param: 'name' }, REPLAYED),
    means: { kind: 'permanent', replayed: true, nothingHappened: false },
  },
  {
    says: 'a declined card',
    answer: refusal(402, { type: 'card_error', code: 'card_declined' }),
    means: { kind: 'permanent' },
  },
  { says: 'a body too large', answer: refusal(413, {}), means: { kind: 'permanent', scope: 'entity' } },
  {
    says: 'other parameters under a key',
    answer: refusal(400, { type: 'idempotency_error', message: "Try a key other than 'k'." }),
    means: { kind: 'spent', scope: 'entity', code: 'idempotency_error', nothingHappened: false },
  },
  {
    says: 'our own request still running under the key',
    answer: refusal(409, { type: 'idempotency_error', code: 'idempotency_key_in_use' }),
    means: { kind: 'lock', scope: 'entity', code: 'idempotency_key_in_use', nothingHappened: false },
  },
  { says: 'a conflict without a code', answer: refusal(409, {}), means: { kind: 'lock', code: 'conflict' } },
  {
    says: 'a conflict that is kept',
    answer: refusal(409, {}, REPLAYED),
    means: { kind: 'spent', replayed: true },
  },
  {
    says: 'a conflict that must not be tried again',
    answer: refusal(409, {}, GIVEN_UP),
    means: { kind: 'spent' },
  },
  {
    says: 'the rate of the account',
    answer: refusal(429, { code: 'rate_limit' }, { 'stripe-rate-limited-reason': 'global-rate' }),
    means: { kind: 'throttle', scope: 'account', code: 'rate_limit', nothingHappened: true },
  },
  {
    says: 'too many at once, without a code',
    answer: refusal(429, {}, { 'stripe-rate-limited-reason': 'endpoint-concurrency' }),
    means: { kind: 'throttle', scope: 'endpoint', code: 'endpoint-concurrency' },
  },
  {
    says: 'the limit of one object',
    answer: refusal(429, {}, { 'stripe-rate-limited-reason': 'resource-specific' }),
    means: { kind: 'throttle', scope: 'entity' },
  },
  {
    says: 'a busy object',
    answer: refusal(429, { code: 'lock_timeout' }),
    means: { kind: 'lock', scope: 'entity', code: 'lock_timeout', nothingHappened: false },
  },
  {
    says: 'a limit named together with lock_timeout',
    answer: refusal(429, { code: 'lock_timeout' }, { 'stripe-rate-limited-reason': 'global-rate' }),
    means: { kind: 'throttle', scope: 'account' },
  },
  {
    says: 'a limit with a time to wait',
    answer: refusal(429, {}, { 'retry-after': '7' }),
    means: { kind: 'throttle', retryAfterMs: 7000 },
  },
  {
    says: 'a limit with an unreadable time to wait',
    answer: refusal(429, {}, { 'retry-after': 'soon' }),
    means: { retryAfterMs: null },
  },
  {
    says: 'a rate limit of the old form',
    answer: refusal(400, { code: 'rate_limit' }),
    means: { kind: 'throttle' },
  },
  {
    says: 'a wrong key',
    answer: refusal(401, { message: 'Invalid API Key provided: sk_test_*****fake' }),
    means: { kind: 'auth', scope: 'account', code: 'unauthorized', nothingHappened: true },
  },
  {
    says: 'an expired key',
    answer: refusal(400, { code: 'api_key_expired' }),
    means: { kind: 'auth', scope: 'account' },
  },
  {
    says: 'a right that the key lacks',
    answer: refusal(403, {}),
    means: { kind: 'auth', scope: 'account', code: 'forbidden', nothingHappened: false },
  },
  { says: 'a lack of rights that is kept', answer: refusal(403, {}, REPLAYED), means: { kind: 'spent' } },
  {
    says: 'no customer of that id',
    answer: refusal(404, { code: 'resource_missing', param: 'id', message: "No such customer: 'cus_1'" }),
    means: { kind: 'gone', scope: 'entity', message: "No such customer: 'cus_1'" },
  },
  {
    says: 'no customer, kept',
    answer: refusal(404, { code: 'resource_missing' }, REPLAYED),
    means: { kind: 'gone' },
  },
  {
    says: 'a path that the API does not have',
    answer: refusal(404, { message: 'Unrecognized request URL (POST: /v1/customers).' }),
    means: { kind: 'retry', scope: 'system', code: 'unknown_url' },
  },
  {
    says: 'a 500 that Stripe does not keep',
    answer: refusal(500, { type: 'api_error' }),
    means: { kind: 'indeterminate', scope: 'system', code: 'api_error', nothingHappened: false },
  },
  {
    says: 'a 500 that may be tried again',
    answer: refusal(500, { type: 'api_error' }, { 'stripe-should-retry': 'true' }),
    means: { kind: 'indeterminate' },
  },
  {
    says: 'a 500 that is replayed',
    answer: refusal(500, {}, REPLAYED),
    means: { kind: 'spent', code: 'stored_failure' },
  },
  {
    says: 'a 503 that must not be tried again',
    answer: refusal(503, {}, GIVEN_UP),
    means: { kind: 'spent', scope: 'entity' },
  },
  {
    says: 'a page instead of an answer',
    answer: { status: 502, body: '<html>' },
    means: { kind: 'indeterminate', status: 502 },
  },
  {
    says: 'a 404 page, which does not mean a missing customer',
    answer: { status: 404, body: 'Not Found' },
    means: { kind: 'indeterminate', scope: 'system', code: 'foreign_answer', status: 404 },
  },
  {
    says: 'a failure in JSON that is not Stripe’s',
    answer: { status: 500, body: {} },
    means: { kind: 'indeterminate', status: 500 },
  },
  {
    says: 'an error that is only a text',
    answer: { status: 502, body: { error: 'bad' } },
    means: { kind: 'indeterminate' },
  },
  {
    says: 'a page with a limit',
    answer: { status: 429, body: 'slow' },
    means: { kind: 'throttle', nothingHappened: false },
  },
  {
    says: 'a success that is a page',
    answer: { status: 200, body: '<html>Sign in' },
    means: { kind: 'indeterminate' },
  },
  { says: 'a success that is null', answer: { status: 200, body: 'null' }, means: { kind: 'indeterminate' } },
  {
    says: 'a success with an error in it',
    answer: refusal(200, {}),
    means: { kind: 'indeterminate', status: 200 },
  },
  {
    says: 'a success without a customer',
    answer: { status: 200, body: { object: 'customer', id: 'cus_1' } },
    means: { kind: 'indeterminate', scope: 'entity', code: 'unexpected_answer' },
  },
  {
    says: 'a customer with a name of another type',
    answer: { status: 200, body: { object: 'customer', id: 'cus_1', created: 1, name: { first: 'A' } } },
    means: { kind: 'indeterminate', code: 'unexpected_answer' },
  },
  {
    says: 'a redirect',
    answer: { status: 302, headers: { location: '/' }, body: '' },
    means: { kind: 'indeterminate' },
  },
  {
    says: 'a connection closed unanswered',
    answer: { act: (r) => r.destroy() },
    means: { kind: 'indeterminate', code: 'connection_lost' },
  },
  {
    says: 'half an answer',
    answer: {
      act: (r) => void r.writeHead(200, { 'content-length': '50' }).write('{"id":', () => r.destroy()),
    },
    means: { kind: 'indeterminate', scope: 'system', code: 'connection_lost', nothingHappened: false },
  },
  {
    says: 'no answer at all',
    answer: { act: () => undefined },
    means: { kind: 'indeterminate', scope: 'system', code: 'timeout', nothingHappened: false },
  },
  {
    says: 'an answer that drips and never ends',
    answer: {
      act(response) {
        response.writeHead(200);
        const drip = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(drip));
      },
    },
    means: { kind: 'indeterminate', code: 'timeout' },
  },
];
