import { expect } from 'chai';
import { classify } from '../../../lib/integrations/stripe/classify.ts';
import { ownCodes, stripeFailures } from '../../../lib/integrations/stripe/failure-codes.ts';
import { systems } from '../../../lib/integrations/registry.ts';
import { meaningOf, ownMeaning, type Meaning } from '../../../lib/operations/meanings.ts';
import { FOREIGN_ANSWER, SEND_FAILURE } from '../../../lib/integrations/stripe/evidence.ts';

describe('what a failure means', () => {
  /** Errors of each form that classify distinguishes, in every combination of what it reads. */
  function* errors(): Generator {
    const types = [undefined, 'api_error', 'card_error', 'idempotency_error', 'invalid_request_error'];
    const reasons = [
      undefined,
      'resource-specific',
      'endpoint-rate',
      'endpoint-concurrency',
      'global-rate',
      'global-concurrency',
    ];
    for (let statusCode = 399; statusCode < 600; statusCode += 1)
      for (const rawType of types)
        for (const replayed of [undefined, 'true'])
          for (const again of [undefined, 'false'])
            for (const reason of statusCode === 429 || statusCode === 400 ? reasons : [undefined])
              for (const code of [undefined, 'rate_limit', 'lock_timeout'])
                yield {
                  statusCode,
                  rawType,
                  code,
                  headers: {
                    'idempotent-replayed': replayed,
                    'stripe-should-retry': again,
                    'stripe-rate-limited-reason': reason,
                  },
                };
    for (const code of ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'ECONNRESET', 'EPIPE'])
      for (const sent of [true, false]) yield { detail: { [SEND_FAILURE]: { code, sent } } };
    for (const status of [200, 302, 404, 502])
      yield { raw: { exception: { [FOREIGN_ANSWER]: { status, headers: {} } } } };
    for (const twinbox of ['unsendable', 'unexpected_answer']) yield { twinbox };
    yield new Error('anything');
    yield { statusCode: 404, param: 'id' };
    yield { statusCode: 404 };
    yield { statusCode: 301 };
  }

  it('has a line for every code that Stripe’s classify gives, and classify gives every code that is its own', () => {
    const given = new Set([...errors()].map((error) => classify(error).code));
    expect([...given].filter((code) => ownMeaning({ system: 'stripe', code }) === null)).to.deep.equal([]);
    expect(Object.keys(ownCodes).filter((code) => !given.has(code))).to.deep.equal([]);
  });

  it('says of a code that it holds up every customer exactly if classify gives it for the system or the account', () => {
    // A code or a type of the answer itself says less than its status.
    const bare = [...errors()].filter((error) => {
      const { code, rawType } = error as { code?: string; rawType?: string };
      return code === undefined && rawType === undefined;
    });
    const wrong = bare
      .map(classify)
      .filter(({ code, scope }) => {
        const own = (ownCodes as Readonly<Record<string, Meaning>>)[code];
        return own !== undefined && (own.all === true) !== (scope !== 'entity');
      })
      .map(({ code, scope, status }) => `${code} ${scope} ${status ?? ''}`);
    expect([...new Set(wrong)]).to.deep.equal([]);
  });

  it('explains a code without a line by the kind of its failure', () => {
    const known = meaningOf({ system: 'stripe', code: 'email_invalid', kind: 'permanent' });
    const other = meaningOf({ system: 'stripe', code: 'a_code_of_next_year', kind: 'permanent' });
    expect(known).to.equal(stripeFailures['email_invalid']);
    expect(other.means).to.match(/refuses the request/);
    expect(meaningOf({ system: 'gone', code: 'constructor', kind: null }).means).to.match(/does not know/);
  });

  it('is said in short sentences without values, for each code of each system', () => {
    for (const { failures = {} } of systems.all)
      for (const [code, { means, cure }] of Object.entries(failures))
        for (const text of [means, cure]) {
          expect(text, code).to.match(/^[A-Z`][^@]*[.]$/);
          expect(text.length, code).to.be.lessThan(160);
        }
  });
});
