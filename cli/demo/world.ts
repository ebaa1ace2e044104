// What the steps of the demo use: the process of the system, its API over HTTP, its database, and
// Stripe by the integration.
import { readSyncBacklog } from '../../db/health/readiness.ts';
import { readRelayLag } from '../../db/relay/lag.ts';
import type { Config } from '../../lib/config/config.ts';
import { waitUntil } from '../../lib/loop.ts';
import type { Fields } from '../../lib/catalogue/document.ts';
import type { SyncDeps } from '../../lib/sync/step.ts';
import { openDatabase, type OpenDatabase } from '../database.ts';
import { CliError, exit } from '../exit.ts';
import type { FolderClaim } from '../running.ts';
import { quietLog } from '../session.ts';
import { simulatorAt, startStripe } from '../stripe.ts';
import { createSyncDeps } from '../../lib/process/systems.ts';
import { startSystemProcess, type SystemProcess } from './system-process.ts';

export type CustomerView = {
  id: number;
  name: string;
  email: string;
  version: number;
  /** The external id by system, once the pair has one. */
  external_mappings: Record<string, string>;
  sync: Record<string, { state: string; reason: string | null }>;
};

export type World = {
  readonly process: SystemProcess;
  readonly database: OpenDatabase;
  readonly sync: SyncDeps;
  readonly config: Config;
  start(): Promise<void>;
  /** Sends one request to the API; returns the answer with any status. */
  request<T>(method: string, path: string, body?: object): Promise<{ status: number; body: T }>;
  customer(id: number): Promise<CustomerView>;
  /** Calls a control route of the simulator. */
  control<T>(method: string, path: string, body?: object): Promise<T>;
  /** The fields of a customer at Stripe, or its state if Stripe does not have it. */
  atStripe(externalId: string): Promise<Fields | string>;
  /** Waits until no change is on its way: all are published, received, and written or parked. */
  quiet(timeoutMs?: number): Promise<void>;
  close(): Promise<void>;
};

const QUIET_MS = 60_000;

export function createWorld(config: Config, claim: FolderClaim, useSettings: boolean): World {
  const log = quietLog(config);
  let system: SystemProcess | null = null;
  let database: OpenDatabase | null = null;
  let sync: SyncDeps | null = null;
  const started = <T>(part: T | null): T => {
    if (part === null) throw new Error('the demo has not started its system yet');
    return part;
  };

  const world: World = {
    config,
    get process() {
      return started(system);
    },
    get database() {
      return started(database);
    },
    get sync() {
      return started(sync);
    },
    async start() {
      system = await startSystemProcess(config.dataDir, { useSettings });
      await claim.announce({ apiUrl: system.api, simulatorUrl: system.simulator });
      // The embedded server runs already. This process uses it too, so it goes on when the other
      // one is killed.
      database ??= await openDatabase(config, log);
      const access =
        system.simulator === null ? await startStripe(config, log, 0) : simulatorAt(config, system.simulator);
      sync = await createSyncDeps(config, { db: database.db, access, log, nudge: () => undefined });
    },
    async request<T>(method: string, path: string, body?: object) {
      const key = config.api.keys[0];
      const answer = await fetch(`${world.process.api}/api/v1${path}`, {
        method,
        headers: {
          ...(body ? { 'content-type': 'application/json' } : {}),
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
        signal: AbortSignal.timeout(15_000),
      });
      const text = await answer.text();
      return { status: answer.status, body: (text === '' ? null : JSON.parse(text)) as T };
    },
    async customer(id) {
      const { status, body } = await world.request<CustomerView>('GET', `/customers/${id}`);
      if (status !== 200) throw new CliError(exit.failed, `GET /customers/${id} answered ${status}`);
      return body;
    },
    async control<T>(method: string, path: string, body?: object) {
      const answer = await fetch(`${started(world.process.simulator)}/_sim${path}`, {
        method,
        ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
        signal: AbortSignal.timeout(15_000),
      });
      if (!answer.ok) throw new CliError(exit.failed, `the simulator answered ${answer.status} to ${path}`);
      const text = await answer.text();
      return (text === '' ? null : JSON.parse(text)) as T;
    },
    async atStripe(externalId) {
      const found = await world.sync.integration.fetch(externalId);
      return found.state === 'present' ? found.record.fields : found.state;
    },
    async quiet(timeoutMs = QUIET_MS) {
      const { db } = world.database;
      await waitUntil(
        async () => (await readRelayLag(db)).oldest === null && (await readSyncBacklog(db)).dirty === 0,
        { timeoutMs, what: 'no change is on its way' },
      );
    },
    async close() {
      const running = system;
      system = null;
      if (running) await running.stop();
      await database?.close();
    },
  };
  return world;
}
