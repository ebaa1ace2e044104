import { expect } from 'chai';
import { loadConfig, type Env } from '../../../lib/config/config.ts';
import { isAppError } from '../../../lib/errors.ts';
import { livemodeOf } from '../../../lib/integrations/stripe/client.ts';
import { secretForms } from '../../../lib/config/secret-forms.ts';

const secretsOf = (text: string) =>
  loadConfig({ STRIPE_WEBHOOK_SECRET: text }, { envFile: false }).stripe.webhookSecrets;

function refusal(env: Env): string {
  try {
    loadConfig(env, { envFile: false });
  } catch (error) {
    expect(isAppError(error, 'config_invalid')).to.equal(true);
    return (error as Error).message;
  }
  throw new Error(`these settings were accepted: ${JSON.stringify(env)}`);
}

const GOOD = 'whsec_0neAnd0nly';

describe('the webhook secret', () => {
  it('is accepted with white space around it, and as a list with commas', () => {
    for (const text of [GOOD, `${GOOD}\n`, ` ${GOOD} `, `${GOOD}\r\n`, `\u00a0${GOOD}`, `${GOOD},`])
      expect(secretsOf(text), JSON.stringify(text)).to.deep.equal([GOOD]);
    expect(secretsOf(`${GOOD} ,\n whsec_base64+/=`)).to.deep.equal([GOOD, 'whsec_base64+/=']);
  });

  const WRONG: [string, string, RegExp][] = [
    ['two with a blank', `${GOOD} whsec_two`, /separated by commas/],
    ['two with a semicolon', `${GOOD};whsec_two`, /separated by commas/],
    ['quoted', `"${GOOD}"`, /quotation marks/],
    ['single-quoted', `'${GOOD}'`, /quotation marks/],
    ['quoted by a word processor', `\u201c${GOOD}\u201d`, /quotation marks/],
    ['a quote at its end', `${GOOD}"`, /quotation marks/],
    ['an invisible character at its end', `${GOOD}\u200b`, /U\+200B/],
    ['a byte order mark before it', `${GOOD},whsec_a\u2060b`, /value 2 of 2 contains the character U\+2060/],
    ['another alphabet’s letter', `whsec_\u0430bc`, /U\+0430/],
    ['masked with dots', 'whsec_••••••', /is masked/],
    ['masked with three points', 'whsec_...abc', /is masked/],
    ['masked with stars', 'whsec_****', /is masked/],
    ['the example', 'whsec_…', /is masked/],
    ['its prefix twice', `whsec_${GOOD}`, /whsec_ twice/],
    ['its prefix alone', 'whsec_', /malformed/],
    ['without its prefix', '0neAnd0nly', /does not begin with whsec_/],
    ['an API key', 'sk_test_abc', /is an API key: it belongs in STRIPE_SECRET_KEY/],
    ['a restricted key', 'rk_live_abc', /is an API key/],
    ['a publishable key', 'pk_live_abc', /is a publishable key/],
    ['the endpoint’s id', 'we_1Abc', /id of an endpoint/],
    ['a whole line of .env', `STRIPE_WEBHOOK_SECRET=${GOOD}`, /begins with the name of a setting/],
  ];
  for (const [what, text, why] of WRONG) {
    it(`is refused: ${what}`, () => {
      const message = refusal({ STRIPE_WEBHOOK_SECRET: text });
      expect(message)
        .to.match(/STRIPE_WEBHOOK_SECRET \(in the environment\)/)
        .and.match(why);
      expect(message).not.to.match(/0neAnd0nly|1Abc|\babc\b/);
    });
  }

  it('is refused by the same rules where it is the simulator’s', () => {
    expect(refusal({ SIMULATOR_WEBHOOK_SECRET: `"${GOOD}"` })).to.match(
      /SIMULATOR_WEBHOOK_SECRET .*quotation/,
    );
  });
});

describe('the secret key of Stripe', () => {
  const WRONG: [string, string, RegExp][] = [
    ['publishable', 'pk_live_oops1234', /publishable key/],
    ['a webhook’s secret', 'whsec_oops1234', /belongs in STRIPE_WEBHOOK_SECRET/],
    ['an organization’s', 'sk_org_live_oops1234', /key of an organization/],
    ['quoted', '"sk_test_oops1234"', /quotation marks/],
    ['masked', 'sk_live_••••1234', /is masked/],
    ['cut short in a list', 'sk_live_...1234', /is masked/],
    ['with a blank', 'sk_test_oops 1234', /white space/],
    ['with its header', 'Bearer sk_test_oops1234', /white space/],
    ['with an invisible character', 'sk_test_oops1234\u200b', /U\+200B/],
    ['empty behind its prefix', 'sk_test_', /malformed/],
    ['far too long', `sk_test_${'a'.repeat(300)}`, /malformed/],
    ['in capitals', 'SK_TEST_OOPS1234', /malformed/],
  ];
  for (const [what, key, why] of WRONG) {
    it(`is refused both at the start and by the client: ${what}`, () => {
      const atStart = refusal({ STRIPE_SECRET_KEY: key });
      expect(atStart)
        .to.match(/STRIPE_SECRET_KEY \(in the environment\)/)
        .and.match(why);
      expect(() => livemodeOf(key)).to.throw(why);
      for (const part of ['oops', '1234']) expect(atStart).not.to.include(part);
    });
  }

  it('is not shown where it stands in another setting, and no password in an address is shown', () => {
    for (const text of ['http://me:oops1234@localhost:1', 'sk_test_oops1234'])
      expect(refusal({ STRIPE_API_BASE: text }))
        .to.match(/STRIPE_API_BASE \(in the environment\) is /)
        .and.not.include('oops');
  });

  it('is judged the same by the settings and by the client, whatever is given', () => {
    const pieces = ['sk_', 'rk_', 'pk_', 'test_', 'live_', 'a', '0', '_', '-', ' ', '"', '\u200b', '…', ''];
    for (const one of pieces)
      for (const two of pieces)
        for (const three of pieces) {
          const key = `${one}${two}${three}`.trim();
          if (key === '') continue;
          const byConfig = secretForms['stripe-key'](key) === null;
          let byClient = true;
          try {
            livemodeOf(key);
          } catch {
            // A refusal, which the test expects.
            byClient = false;
          }
          expect(byClient, JSON.stringify(key)).to.equal(byConfig);
        }
  });
});

describe('keys of the API', () => {
  it('are refused where no header could carry them, since a client could never use them', () => {
    const good = 'a.good_key-of~16+/==';
    expect(loadConfig({ API_KEYS: good }, { envFile: false }).api.keys).to.deep.equal([good]);
    for (const [text, why] of [
      ['tooshort', /shorter than 16/],
      [`"${good}"`, /quotation marks/],
      ['correct horse battery staple', /white space/],
      ['first-key-of-them;second-key-of-them', /not allowed in a bearer key/],
      [`${good},second-key-of-th\u200bem`, /value 2 of 2 contains the character U\+200B/],
    ] as const)
      expect(refusal({ API_KEYS: text }))
        .to.match(why)
        .and.not.include(text);
  });
});

describe('wrong settings of every kind', () => {
  it('are named in one message, each with its own advice and without a secret', () => {
    const message = refusal({
      STRIPE_SECRET_KEY: 'pk_live_oops1234',
      STRIPE_WEBHOOK_SECRET: `'${GOOD}'`,
      API_KEYS: 'tooshort',
      API_PORT: "'8000'",
      DATABASE_URL: '"postgresql://me:hunter2@h/db"',
      LOG_LEVEL: 'loud',
      API_PROT: '1',
    });
    for (const line of [
      /STRIPE_SECRET_KEY .* publishable/,
      /STRIPE_WEBHOOK_SECRET .* quotation/,
      /API_KEYS .* shorter/,
      /API_PORT .* Leave out the quotation marks/,
      /DATABASE_URL .* Leave out the quotation marks/,
      /LOG_LEVEL .* "loud"/,
      /API_PROT .* Did you mean API_PORT\?/,
    ])
      expect(message).to.match(line);
    expect(message).not.to.match(/oops1234|0neAnd0nly|tooshort|hunter2/);
  });
});

describe('settings with a fixed choice of values', () => {
  it('are accepted in any case of letters', () => {
    const env = {
      ...{ LOG_LEVEL: 'INFO', LOG_FORMAT: 'Json', STRIPE_WRITES: 'OFF', STRIPE_DELETE_POLICY: 'Detach' },
      ...{ KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512', KAFKA_SASL_USERNAME: 'Me', KAFKA_SASL_PASSWORD: 'Aa' },
    };
    const { log, stripe, kafka } = loadConfig(env, { envFile: false });
    expect(log).to.deep.equal({ level: 'info', format: 'json' });
    expect(stripe).to.include({ writes: false, deletePolicy: 'detach' });
    expect(kafka.sasl).to.deep.equal({ mechanism: 'scram-sha-512', username: 'Me', password: 'Aa' });
  });
});
