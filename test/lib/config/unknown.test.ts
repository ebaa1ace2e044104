import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadConfig, type Env } from '../../../lib/config/config.ts';
import { settings } from '../../../lib/config/schema.ts';

/** The lines about one name of a start that is refused; empty where the start is not refused. */
function refusal(env: Env, envFile: string | false = false): string {
  try {
    loadConfig(env, { envFile });
    return '';
  } catch (error) {
    expect(error).to.have.property('code', 'config_invalid');
    return (error as Error).message;
  }
}

/** Variables that other programs are known to set. */
const OF_OTHERS = [
  ...[
    'KAFKA_HOME',
    'KAFKA_OPTS',
    'KAFKA_LIB',
    'KAFKA_HEAP_OPTS',
    'KAFKA_TOPIC',
    'KAFKA_TOPICS',
    'KAFKA_BROKERS',
  ],
  ...[
    'KAFKA_BROKER_ID',
    'KAFKA_ZOOKEEPER_CONNECT',
    'KAFKA_LOG_DIRS',
    'KAFKA_SSL_KEY_PASSWORD',
    'KAFKA_VERSION',
  ],
  ...['KAFKA_SSL_KEY_CREDENTIALS', 'KAFKA_INTER_BROKER_LISTENER_NAME', 'KAFKA_SASL_ENABLED_MECHANISMS'],
  ...['STRIPE_API_KEY', 'STRIPE_CLI_TELEMETRY_OPTOUT', 'STRIPE_CLI_VERSION', 'STRIPE_PUBLISHABLE_KEY'],
  ...[
    'STRIPE_PRICE_ID',
    'STRIPE_CLIENT_ID',
    'STRIPE_LIVE_SECRET_KEY',
    'STRIPE_TEST_SECRET_KEY',
    'STRIPE_MODE',
  ],
  ...[
    'API_URL',
    'API_BASE_URL',
    'API_TOKEN',
    'API_VERSION',
    'API_TIMEOUT',
    'API_SECRET',
    'API_USER',
    'API_PATH',
  ],
  ...[
    'API_SERVICE_HOST',
    'API_PORT_8000_TCP_ADDR',
    'API_SERVER_PORT',
    'API_GATEWAY_HOST',
    'APP_PORT',
    'APP_KEY',
  ],
  ...[
    'DATABASE_HOST',
    'DATABASE_NAME',
    'DATABASE_USER',
    'DATABASE_PASSWORD',
    'DATABASE_TEST_URL',
    'DATABASE_PORT',
  ],
  ...[
    'LOG_DIR',
    'LOG_FILE',
    'LOG_PATH',
    'LOG_COLOR',
    'HEALTH_CHECK_PATH',
    'HEALTH_TIMEOUT',
    'SIMULATOR_UDID',
  ],
  ...['HOME', 'PORT', 'HOST', 'LEVEL'],
];

describe('names in the environment that are not settings', () => {
  it('do not stop a start where they belong to other programs', () => {
    for (const name of OF_OTHERS) expect(refusal({ [name]: '1' }), name).to.equal('');
    expect(refusal(Object.fromEntries(OF_OTHERS.map((name) => [name, '1'])))).to.equal('');
  });

  it('stop a start where they differ from a setting by one letter, whichever setting it is', () => {
    for (const [name] of settings) {
      const own = name.indexOf('_') + 2;
      const slips = [
        name.slice(0, own) + name.slice(own + 1),
        name.slice(0, own) + name.slice(own - 1),
        `${name.slice(0, -2)}${name.slice(-1)}${name.at(-2) ?? ''}`,
        `${name.slice(0, own)}Q${name.slice(own + 1)}`,
        name.toLowerCase(),
      ].filter((slip) => !settings.some(([setting]) => setting === slip));
      for (const slip of slips)
        expect(refusal({ [slip]: '1' }), slip).to.match(
          new RegExp(
            `${slip} \\(in the environment\\) is not a setting of Twinbox\\. Did you mean [A-Z_]+\\?`,
          ),
        );
    }
  });

  const MEANT: [string, string][] = [
    ['STRIPE_KEY', 'STRIPE_SECRET_KEY'],
    ['STRIPE_SECRET', 'STRIPE_SECRET_KEY'],
    ['STRIPE_WEBHOOK_SIGNING_SECRET', 'STRIPE_WEBHOOK_SECRET'],
    ['STRIPE_API_BASE_URL', 'STRIPE_API_BASE'],
    ['STRIPE_LINK_EMAIL', 'STRIPE_LINK_BY_EMAIL'],
    ['STRPE_SECRET_KEY', 'STRIPE_SECRET_KEY'],
    ['KAFKA_BOOTSTRAP_SERVER', 'KAFKA_BOOTSTRAP_SERVERS'],
    ['KAFKA_TOPIC_RETENTION', 'KAFKA_TOPIC_RETENTION_HOURS'],
    ['DATABSE_URL', 'DATABASE_URL'],
    ['DATABASE_MAX_POOL_SIZE', 'DATABASE_POOL_SIZE'],
    ['API_KEY', 'API_KEYS'],
    ['TWINBOX_DATADIR', 'TWINBOX_DATA_DIR'],
  ];
  for (const [name, meant] of MEANT) {
    it(`lead to the question whether ${name} means ${meant}`, () => {
      expect(refusal({ [name]: '1' })).to.include(`Did you mean ${meant}?`);
      expect(refusal({ [name]: '1', TWINBOX_IGNORE: `OTHER,${name}` })).to.equal('');
    });
  }

  it('belong to another program where the setting with one part less or more is set as well', () => {
    const env = { STRIPE_CONNECT_WEBHOOK_SECRET: 'whsec_other', STRIPE_KEY: '1' };
    expect(refusal(env)).to.include('STRIPE_CONNECT_WEBHOOK_SECRET').and.include('STRIPE_KEY');
    const both = { ...env, STRIPE_WEBHOOK_SECRET: 'whsec_ours', STRIPE_SECRET_KEY: 'sk_test_ours' };
    expect(refusal(both)).to.equal('');
  });

  it('always stop it where they begin with TWINBOX_', () => {
    expect(refusal({ TWINBOX_X: '1' })).to.match(/TWINBOX_X .* is not a setting .* Remove it, or add/);
    expect(refusal({ TWINBOX_X: '1', TWINBOX_IGNORE: 'TWINBOX_X' })).to.equal('');
  });
});

describe('names in .env that are not settings', () => {
  it('stop a start by their prefix alone, unless other programs are known to use them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'twinbox-names-'));
    const envFile = join(folder, '.env');
    try {
      for (const name of [
        'STRIPE_X',
        'API_X',
        'KAFKA_TOPIC',
        'DATABASE_X',
        'LOG_X',
        'HEALTH_X',
        'SIMULATOR_X',
      ]) {
        await writeFile(envFile, `${name}=1\n`);
        expect(refusal({}, envFile)).to.include(`${name} (in ${envFile}) is not a setting of Twinbox`);
        // What the environment has as well is in our own file all the same.
        expect(refusal({ [name]: '2' }, envFile), name).to.include(name);
        expect(refusal({ TWINBOX_IGNORE: name }, envFile)).to.equal('');
      }
      await writeFile(envFile, 'KAFKA_HEAP_OPTS=-Xmx1g\nSTRIPE_API_KEY=x\nOTHER=1\n');
      expect(refusal({}, envFile)).to.equal('');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
