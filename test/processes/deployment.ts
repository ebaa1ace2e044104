// A whole deployment on real parts of its own; each part can be killed and comes back at the same
// address.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createBroker, type Broker } from '../../cli/embedded/kafka/broker.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../cli/embedded/postgres.ts';
import { finish, type Finished } from '../support/child.ts';
import { bareEnvironment } from '../support/environment.ts';
import { waitUntil } from '../support/signal.ts';
import { freePorts } from '../kafka/support/ports.ts';
import { createFleet, type Fleet, type Kind, type Member } from './fleet.ts';

const SECRET = 'whsec_only_for_the_simulator';
const TWINBOX = resolve(import.meta.dirname, '../../cli/main.ts');

export type Deployment = {
  /** The addresses of every api, living or not. */
  apis: readonly string[];
  simulator: Member;
  fleet: Fleet;
  databaseUrl(): string;
  /** Ends one of them, and starts its successor, which is ready when this resolves. */
  replace(victim: Member, signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  killBroker(): Promise<void>;
  /** What `pg_ctl stop -m immediate` does, and a start. */
  killPostgres(): Promise<void>;
  twinbox(args: string[]): Promise<Finished>;
  remove(): Promise<void>;
};

export type DeploymentOptions = {
  apis: number;
  relays: number;
  workers: number;
  /**
   * Requests a second that the simulator accepts for each endpoint, and that the workers keep to.
   */
  perSecond: number;
};

export async function deploy({ apis, relays, workers, perSecond }: DeploymentOptions): Promise<Deployment> {
  const folder = await mkdtemp(join(tmpdir(), 'twinbox-deployment-'));
  const [client = 0, controller = 0, simulatorPort = 0, ...apiPorts] = await freePorts(3 + apis);
  const node = { id: 1, ports: { client, controller } };
  const broker: Broker = await createBroker({ node, cluster: [node], dataDir: join(folder, 'kafka') });
  await broker.start();
  const startPostgres = (): Promise<EmbeddedPostgres> =>
    startEmbeddedPostgres({ dataDir: join(folder, 'postgres'), log: () => undefined });
  let postgres = await startPostgres();
  const urls = apiPorts.map((port) => `http://127.0.0.1:${port}`);
  const settings = (): Record<string, string> => ({
    DATABASE_URL: postgres.url,
    KAFKA_BOOTSTRAP_SERVERS: broker.bootstrap,
    TWINBOX_DATA_DIR: folder,
    SIMULATOR_PORT: String(simulatorPort),
    SIMULATOR_URL: `http://127.0.0.1:${simulatorPort}`,
    SIMULATOR_WEBHOOK_SECRET: SECRET,
    STRIPE_RATE_LIMIT: String(4 * perSecond),
    STRIPE_ENDPOINT_RATE_LIMIT: String(perSecond),
  });
  const fleet = createFleet(settings);
  const twinbox = (args: string[]): Promise<Finished> =>
    finish(spawn(process.execPath, [TWINBOX, ...args], { cwd: folder, env: bareEnvironment(settings()) }));
  const ofSimulator = {
    SIMULATOR_DATA_DIR: join(folder, 'simulator'),
    SIMULATOR_GLOBAL_PER_SECOND: 'off',
    SIMULATOR_ENDPOINT_PER_SECOND: String(perSecond),
    SIMULATOR_WEBHOOK_URL: `${urls[0] ?? ''}/api/v1/webhooks/stripe`,
  };

  async function remove(): Promise<void> {
    await fleet.endAll();
    await broker.stop();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }

  try {
    const { code, stderr } = await twinbox(['migrate']);
    if (code !== 0) throw new Error(stderr);
    const simulator = await fleet.start('simulator', ofSimulator);
    const start = (kind: Kind, count: number): Promise<Member>[] =>
      Array.from({ length: count }, () => fleet.start(kind));
    await Promise.all([
      ...apiPorts.map((port) => fleet.start('api', { API_PORT: String(port) })),
      ...start('relay', relays),
      ...start('worker', workers),
    ]);
    return {
      apis: urls,
      simulator,
      fleet,
      databaseUrl: () => postgres.url,
      async replace({ kind, url, end }, signal) {
        await end(signal);
        await fleet.start(kind, kind === 'api' ? { API_PORT: new URL(url).port } : {});
      },
      async killBroker() {
        await broker.kill();
        await broker.start();
      },
      async killPostgres() {
        process.kill(postgres.pid, 'SIGQUIT');
        await waitUntil(() => !lives(postgres.pid), { timeoutMs: 20_000, what: 'PostgreSQL is gone' });
        // The server's use ends with it; otherwise the last one would leave the new server running.
        await postgres.stop();
        postgres = await startPostgres();
      },
      twinbox,
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    // There is no receiver for it yet.
    return false;
  }
}
