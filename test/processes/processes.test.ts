import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { listenForEvents } from '../../lib/process/waking.ts';
import { useBroker } from '../support/broker.ts';
import { useDatabase } from '../support/database.ts';
import { createSignal, waitUntil } from '../support/signal.ts';
import { call } from '../cli/twinbox.ts';
import { createFleet, type Member } from './fleet.ts';

type Customer = { id: number; name: string; email: string };
type Found = { data: { id: string; name: string }[] };

const SECRET = 'whsec_only_for_the_simulator';

describe('api, relay and worker as processes of their own', function () {
  this.timeout(90_000);
  const database = useDatabase();
  const broker = useBroker();
  let folder = '';
  let simulator: Member;
  let api: Member;
  const fleet = createFleet(() => ({
    DATABASE_URL: database.url,
    KAFKA_BOOTSTRAP_SERVERS: broker().bootstrap,
    TWINBOX_DATA_DIR: folder,
    API_PORT: '0',
  }));
  const here = () => ({ SIMULATOR_URL: simulator.url, SIMULATOR_WEBHOOK_SECRET: SECRET });

  before('start them', async () => {
    folder = await mkdtemp(join(tmpdir(), 'twinbox-fleet-'));
    // The api first, since the simulator sends to its address; neither waits for the other.
    api = await fleet.start('api', { SIMULATOR_URL: 'http://127.0.0.1:1', SIMULATOR_WEBHOOK_SECRET: SECRET });
    simulator = await fleet.start('simulator', {
      SIMULATOR_PORT: '0',
      SIMULATOR_DATA_DIR: 'memory',
      SIMULATOR_GLOBAL_PER_SECOND: 'off',
      SIMULATOR_ENDPOINT_PER_SECOND: 'off',
      SIMULATOR_WEBHOOK_URL: `${api.url}/api/v1/webhooks/stripe`,
      SIMULATOR_WEBHOOK_SECRET: SECRET,
    });
    await Promise.all([
      fleet.start('relay'),
      fleet.start('relay'),
      fleet.start('worker', here()),
      fleet.start('worker', here()),
    ]);
  });
  after('end them', async () => {
    await fleet.endAll();
    await rm(folder, { recursive: true, force: true });
  });

  const soon = { timeoutMs: 40_000, everyMs: 20 };
  const ready = async ({ url }: Member): Promise<{ status: number; body: Record<string, unknown> }> => {
    const answer = await fetch(`${url}/ready`);
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  const make = (name: string): Promise<Customer> =>
    call('POST', `${api.url}/api/v1/customers`, { name, email: `${name}@example.com` });

  async function counterpartOf(name: string): Promise<string> {
    return await waitUntil(
      async () => {
        const { data } = await stripe<Found>('GET', `/v1/customers?email=${name}%40example.com`);
        return data[0]?.id;
      },
      { ...soon, what: `${name} is at Stripe` },
    );
  }

  async function stripe<T>(method: string, path: string, form?: Record<string, string>): Promise<T> {
    const answer = await fetch(`${simulator.url}${path}`, {
      method,
      headers: { authorization: 'Bearer sk_test_twinbox_fake' },
      ...(form ? { body: new URLSearchParams(form) } : {}),
    });
    return (await answer.json()) as T;
  }

  async function activeRelay(): Promise<Member> {
    return await waitUntil(
      async () => {
        for (const relay of fleet.members('relay'))
          if ((await ready(relay)).body['relay_role'] === 'active') return relay;
        return undefined;
      },
      { ...soon, what: 'a relay is active' },
    );
  }

  it('carry a customer to Stripe, and an edit made there back', async () => {
    const { id } = await make('ada');
    const theirs = await counterpartOf('ada');
    await stripe('POST', `/v1/customers/${theirs}`, { name: 'Ada Lovelace' });
    await waitUntil(
      async () => (await call<Customer>('GET', `${api.url}/api/v1/customers/${id}`)).name === 'Ada Lovelace',
      { ...soon, what: 'the name from Stripe is in our table' },
    );
  });

  it('announce what they write, which the relays hear', async () => {
    const listening = waitUntil(
      async () => {
        const { rows } = await database.db.raw<{ rows: unknown[] }>(
          `select from pg_stat_activity where datname = :name and application_name = 'twinbox relay listening'`,
          { name: database.name },
        );
        return rows.length === 2;
      },
      { ...soon, what: 'both relays listen' },
    );
    await listening;
    const heard = createSignal();
    const here = listenForEvents({
      url: database.url,
      log: { info: () => undefined, warn: () => undefined },
      onEvents: () => {
        if (wrote) heard.fire();
      },
    });
    let wrote = false;
    try {
      await waitUntil(() => here.isOn(), { ...soon, what: 'this test listens' });
      wrote = true;
      await make('margaret');
      await heard.promise;
    } finally {
      await here.stop();
    }
  });

  it('report that they live and that they can work, each on its own port', async () => {
    for (const member of fleet.members().filter(({ kind }) => kind !== 'simulator')) {
      expect((await fetch(`${member.url}/health`)).status).to.equal(200);
      await waitUntil(async () => (await ready(member)).status === 200, {
        ...soon,
        what: `${member.kind} is ready`,
      });
    }
    const relay = await activeRelay();
    expect((await fetch(`${relay.url}/customers`)).status).to.equal(404);
    const refused = await fetch(`${relay.url}/ready`, { method: 'POST' });
    expect([refused.status, refused.headers.get('allow')]).to.deep.equal([405, 'GET, HEAD']);
  });

  it('continue with the other relay when the active one is killed', async () => {
    const active = await activeRelay();
    await active.end('SIGKILL');
    await make('grace');
    await counterpartOf('grace');
    expect((await activeRelay()).pid).not.to.equal(active.pid);
    await fleet.start('relay');
  });

  it('continue with the other worker when one is killed', async () => {
    const [first] = fleet.members('worker');
    await first?.end('SIGKILL');
    for (const name of ['edsger', 'barbara', 'donald', 'frances']) await make(name);
    for (const name of ['edsger', 'barbara', 'donald', 'frances']) await counterpartOf(name);
    await fleet.start('worker', here());
  });

  it('end with 0 at SIGTERM, and leave nothing that the next process would have to wait for', async () => {
    const relay = await activeRelay();
    const [worker] = fleet.members('worker');
    expect(await Promise.all([relay.end('SIGTERM'), worker?.end('SIGTERM')])).to.deep.equal([0, 0]);
    await make('alan');
    await counterpartOf('alan');
    await Promise.all([fleet.start('relay'), fleet.start('worker', here())]);
  });

  it('serve one port from several processes, and replace one that was killed', async () => {
    const several = await fleet.start('api', { API_WORKERS: '2' });
    const started = (): number[] =>
      several
        .log()
        .filter(({ event, url }) => event === 'process.started' && url !== undefined)
        .map(({ pid }) => Number(pid));
    expect(started()).to.have.length(2);
    process.kill(started()[0] ?? 0, 'SIGKILL');
    await waitUntil(() => started().length === 3, { ...soon, what: 'another one' });
    expect((await fetch(`${several.url}/health`)).status).to.equal(200);
    expect(await several.end('SIGTERM')).to.equal(0);
  });

  describe('refuse to start', () => {
    it('without Kafka and without a database, and name both settings', async () => {
      for (const kind of ['api', 'relay', 'worker'] as const) {
        const { code, output } = await fleet.fail(kind, { DATABASE_URL: '', KAFKA_BOOTSTRAP_SERVERS: '' });
        expect(code).to.equal(78);
        expect(output).to.match(/DATABASE_URL[^]*KAFKA_BOOTSTRAP_SERVERS[^]*npx twinbox up/);
      }
    });

    it('as a worker without any Stripe to work with', async () => {
      const { code, output } = await fleet.fail('worker');
      expect([code, output]).to.satisfy(([status, text]: [number, string]) => {
        return status === 78 && text.includes('STRIPE_SECRET_KEY') && text.includes('SIMULATOR_URL');
      });
    });

    it('on a port that is in use, and name the setting for another one', async () => {
      const [relay] = fleet.members('relay');
      const port = new URL(relay?.url ?? '').port;
      const { code, output } = await fleet.fail('relay', { HEALTH_PORT: port });
      expect(code).to.equal(69);
      expect(output).to.match(new RegExp(`port ${port} .* HEALTH_PORT`));
    });

    it('on a database that is not migrated', async () => {
      const { code, output } = await fleet.fail('relay', {
        DATABASE_URL: database.url.replace(/\/[^/]+$/, '/postgres'),
      });
      expect(code).to.equal(69);
      expect(output).to.include('npx twinbox migrate');
    });

    it('as several processes of which none can start', async () => {
      const { code, output } = await fleet.fail('api', { API_WORKERS: '2', API_PORT: new URL(api.url).port });
      expect(code).to.equal(69);
      expect(output).to.include('API_PORT');
    });
  });
});
