import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ignoreConnectionSettings, loadConfig, type Env } from '../../../lib/config/config.ts';
import { settings } from '../../../lib/config/schema.ts';

const load = (env: Env) => loadConfig(env, { envFile: false });
/** The whole message of a start that is refused. */
function refusal(env: Env, envFile: string | false = false): string {
  try {
    loadConfig(env, { envFile });
  } catch (error) {
    expect(error).to.have.property('code', 'config_invalid');
    return (error as Error).message;
  }
  throw new Error('these settings were accepted');
}

describe('loadConfig', () => {
  it('needs no settings, and gives no secret a default', () => {
    const config = load({});
    expect(config.database).to.deep.equal({ url: undefined, poolSize: 10 });
    expect(config.api).to.deep.equal({
      host: '127.0.0.1',
      port: 8000,
      workers: 1,
      keepAliveS: 75,
      keys: [],
      keySecrets: [],
      isLoopback: true,
      insecure: false,
    });
    expect(config.stripe).to.deep.include({ secretKey: undefined, webhookSecrets: [], writes: true });
    expect(config).to.include({ env: 'dev', retentionDays: 35, parkAfterHours: 24 });
  });

  it('takes every default also when it is written down', () => {
    const written = settings.flatMap(([name, { default: value }]) =>
      value === undefined ? [] : [[name, String(value)] as const],
    );
    expect(load(Object.fromEntries(written))).to.deep.equal(load({}));
  });

  it('converts texts to values, splits lists at commas, and takes an empty value for no value', () => {
    const config = load({
      DATABASE_POOL_SIZE: ' 25 ',
      TWINBOX_PARK_AFTER_HOURS: '0.5',
      STRIPE_WRITES: 'off',
      STRIPE_WEBHOOK_SECRET: 'whsec_new, whsec_old,',
      API_PORT: '',
      DATABASE_URL: ' ',
    });
    expect(config.database).to.deep.equal({ url: undefined, poolSize: 25 });
    expect(config.parkAfterHours).to.equal(0.5);
    expect(config.stripe).to.deep.include({ writes: false, webhookSecrets: ['whsec_new', 'whsec_old'] });
    expect(config.api.port).to.equal(8000);
  });

  it('cannot be changed afterwards', () => {
    const config = load({});
    expect(() => Object.assign(config.api, { port: 1 })).to.throw(TypeError);
  });

  it('chooses lines for a person on a terminal, JSON otherwise, or the format that is set', () => {
    const format = (env: Env, isTerminal: boolean) =>
      loadConfig(env, { envFile: false, isTerminal }).log.format;
    expect([format({}, true), format({}, false), format({ LOG_FORMAT: 'json' }, true)]).to.deep.equal([
      'pretty',
      'json',
      'json',
    ]);
  });

  it('prints every problem in one message: what, where and how to fix it', () => {
    const text = refusal({
      API_PORT: 'http',
      TWINBOX_RETENTION_DAYS: '10',
      LOG_LEVEL: 'loud',
      API_PROT: '80',
    });
    expect(text).to.include('API_PORT (in the environment) is "http", which is not a port, from 0 to 65535.');
    expect(text).to.include('For example: API_PORT=8000');
    expect(text).to.include(
      'TWINBOX_RETENTION_DAYS (in the environment) is "10", which is not a whole number',
    );
    expect(text).to.include(
      'LOG_LEVEL (in the environment) is "loud", which is not error, warn, info or debug.',
    );
    expect(text).to.include(
      'API_PROT (in the environment) is not a setting of Twinbox. Did you mean API_PORT?',
    );
    expect(text).to.include('docs/settings.md');
  });

  it('never shows a secret, not even a wrong one', () => {
    const text = refusal({
      STRIPE_SECRET_KEY: 'pk_live_oops',
      API_KEYS: 'tooshort',
      DATABASE_URL: 'mysql://me:pw@x',
    });
    expect(text).to.include('STRIPE_SECRET_KEY').and.include('API_KEYS').and.include('DATABASE_URL');
    expect(text).not.to.match(/pk_live_oops|tooshort|me:pw/);
  });

  it('explains the port that Kubernetes puts into our setting', () => {
    expect(refusal({ API_PORT: 'tcp://10.0.0.7:8000' })).to.include('enableServiceLinks');
  });

  it('knows the addresses that no other machine can reach', () => {
    for (const API_HOST of ['localhost', '127.0.0.2', '::1'])
      expect(load({ API_HOST }).api.isLoopback, API_HOST).to.equal(true);
    for (const API_HOST of ['0.0.0.0', '::', '127.0.0.1.example.com'])
      expect(load({ API_HOST }).api.isLoopback, API_HOST).to.equal(false);
  });

  it('accepts the brokers with TLS, a log-in and the settings of their topics', () => {
    const { kafka } = load({
      KAFKA_BOOTSTRAP_SERVERS: 'one:9092, two:9092',
      KAFKA_SSL: 'on',
      KAFKA_SSL_CA: 'ca.pem',
      KAFKA_SASL_MECHANISM: 'scram-sha-512',
      KAFKA_SASL_USERNAME: 'twinbox',
      KAFKA_SASL_PASSWORD: 'secret',
      KAFKA_TOPIC_REPLICATION: '3',
      KAFKA_CREATE_TOPICS: 'no',
      KAFKA_TOPIC_PREFIX: 'crm.',
    });
    expect(kafka).to.deep.equal({
      bootstrapServers: ['one:9092', 'two:9092'],
      groupId: 'twinbox',
      ssl: { enabled: true, ca: 'ca.pem', cert: undefined, key: undefined },
      sasl: { mechanism: 'scram-sha-512', username: 'twinbox', password: 'secret' },
      topics: { create: false, partitions: 6, replication: 3, retentionHours: 168 },
      topicPrefix: 'crm.',
      shareTopics: false,
      customerEvents: true,
      headers: 'full',
    });
  });

  it('does not take our own API for another program on the port of the console', () => {
    const both = { API_PORT: '8100', CONSOLE_PORT: '8100' };
    expect(refusal(both)).to.include('CONSOLE_PORT and API_PORT are both 8100');
    expect(load({ API_PORT: '0', CONSOLE_PORT: '0' }).console.port).to.equal(0);
  });

  it('refuses half a log-in, half a certificate, certificates without TLS and a retention longer than that of Postgres', () => {
    const message = refusal({
      KAFKA_SASL_USERNAME: 'twinbox',
      KAFKA_SSL_CERT: 'client.pem',
      KAFKA_TOPIC_RETENTION_HOURS: '840',
    });
    expect(message)
      .to.include('KAFKA_SASL_PASSWORD belong together')
      .and.include('KAFKA_SSL_CERT and KAFKA_SSL_KEY belong together')
      .and.include('Set KAFKA_SSL=on')
      .and.include('shorter than TWINBOX_RETENTION_DAYS');
  });

  it('takes an address without a path for Stripe’s, with a key, and sends no live key unencrypted', () => {
    const key = ['sk', 'live', 'x'].join('_');
    expect(refusal({ STRIPE_API_BASE: 'http://localhost:12111' })).to.include('needs a STRIPE_SECRET_KEY');
    expect(refusal({ STRIPE_API_BASE: 'http://h/v1', STRIPE_SECRET_KEY: 'sk_test_x' })).to.include(
      'without a path',
    );
    expect(refusal({ STRIPE_API_BASE: 'http://h', STRIPE_SECRET_KEY: key })).to.include('unencrypted');
    const { stripe } = load({ STRIPE_API_BASE: 'http://h:1', STRIPE_SECRET_KEY: 'sk_test_x' });
    expect(stripe).to.include({ apiBase: 'http://h:1', secretKey: 'sk_test_x' });
  });

  it('reads a file, prefers the environment, and says which of the two is wrong', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'twinbox-config-'));
    const envFile = join(folder, '.env');
    try {
      await writeFile(envFile, '# ours\nAPI_PORT=9000\nexport LOG_LEVEL="debug"\n');
      const config = loadConfig({ API_PORT: '9001' }, { envFile });
      expect([config.api.port, config.log.level]).to.deep.equal([9001, 'debug']);
      await writeFile(envFile, 'API_PORT=many\nAPI_HOTS=x\n');
      expect(refusal({}, envFile))
        .to.include(`API_PORT (in ${envFile})`)
        .and.include(`API_HOTS (in ${envFile})`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('ignoreConnectionSettings', () => {
  it('keeps no setting that names a database, a bus, an account or a port', () => {
    const env = {
      DATABASE_URL: 'postgresql://real/one',
      KAFKA_BOOTSTRAP_SERVERS: 'real:9092',
      STRIPE_SECRET_KEY: 'sk_test_real',
      STRIPE_NONSENSE: '1',
      API_HOST: '0.0.0.0',
      LOG_LEVEL: 'debug',
      PATH: '/bin',
    };
    expect(ignoreConnectionSettings(env)).to.deep.equal({ LOG_LEVEL: 'debug', PATH: '/bin' });
    expect(load(ignoreConnectionSettings(env)).database.url).to.equal(undefined);
  });
});
