// The whole system in one process, as `twinbox up` runs it, with what a measurement needs of it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../cli/database.ts';
import { removeEmbeddedPostgres } from '../../cli/embedded/remove.ts';
import { readSyncBacklog } from '../../db/health/readiness.ts';
import { readRelayLag } from '../../db/relay/lag.ts';
import { ignoreConnectionSettings, loadConfig } from '../../lib/config/config.ts';
import { createLogger } from '../../lib/log.ts';
import { waitUntil } from '../../lib/loop.ts';
import { cpuSeconds, parentOf } from '../cpu.ts';
import { startUp } from '../up-process.ts';

type Customer = { id: number; external_mappings: { stripe?: string } };
/** A call of the simulator’s ledger; `at`: when it was answered, in milliseconds since 1970. */
export type Call = { at: number; method: string; path: string; status: number | null };

export type Up = {
  create(name: string): Promise<Customer>;
  edit(id: number, name: string): Promise<unknown>;
  /** Resolves once nothing is left to send. */
  settled(): Promise<void>;
  /** The calls of our workers to the simulator so far. */
  calls(): Promise<Call[]>;
  simulate(method: string, path: string, body?: object): Promise<unknown>;
  /** Seconds of the processor so far, and those of PostgreSQL among them. */
  cpu(): Promise<{ all: number; postgres: number }>;
};

export async function withUp<T>(work: (up: Up) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'twinbox-bench-'));
  const settings = { ...ignoreConnectionSettings(), TWINBOX_DATA_DIR: join(folder, 'data') };
  try {
    const process = await startUp(
      // Stripe's limit in live mode: in test mode a new customer, which takes two calls, comes 12 times a second at most.
      { ...settings, API_PORT: '0', SIMULATOR_PORT: '0', LOG_LEVEL: 'warn', STRIPE_RATE_LIMIT: '100' },
      folder,
    );
    const database = await openDatabase(
      loadConfig(settings, { envFile: false }),
      createLogger({ level: 'error', format: 'pretty' }),
    );
    const { db } = database;
    const simulate = (method: string, path: string, body?: object) =>
      call(method, `${process.simulator}/_sim${path}`, body);
    const customers = `${process.api}/api/v1/customers`;
    try {
      return await work({
        create: async (name) =>
          (await call('POST', customers, {
            name,
            email: `${name.replace(/\W/g, '.')}@example.com`,
          })) as Customer,
        edit: (id, name) => call('PATCH', `${customers}/${id}`, { name }),
        settled: async () => {
          await waitUntil(
            async () => (await readRelayLag(db)).oldest === null && (await readSyncBacklog(db)).dirty === 0,
            { timeoutMs: 60_000, everyMs: 5, what: 'everything is at Stripe' },
          );
        },
        calls: async () => (await simulate('GET', '/ledger?source=api')) as Call[],
        simulate,
        async cpu() {
          const { rows } = await db.raw<{ rows: { pid: number }[] }>('select pg_backend_pid() as pid');
          const postmaster = await parentOf(rows[0]?.pid ?? 0);
          return { all: await cpuSeconds(process.pid), postgres: await cpuSeconds(postmaster) };
        },
      });
    } finally {
      process.child.kill('SIGTERM');
      await process.exited;
      await database.close();
    }
  } finally {
    await removeEmbeddedPostgres(join(folder, 'data', 'postgres'));
    await rm(folder, { recursive: true, force: true });
  }
}

async function call(method: string, url: string, body?: object): Promise<unknown> {
  const answer = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url} answered ${answer.status}: ${text}`);
  return text === '' ? null : (JSON.parse(text) as unknown);
}
