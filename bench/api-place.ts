// A PostgreSQL that waits for the disk, with our tables, and what measurements of writes need beside them.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startEmbeddedPostgres } from '../cli/embedded/postgres.ts';
import { keepPartitions } from '../db/partitions/partitions.ts';
import { createDb, type Db } from '../db/server/connection.ts';
import { migrate } from '../db/server/migrate.ts';
import { databaseUrl, ensureDatabase } from '../db/server/server.ts';
import { waitUntil } from '../lib/loop.ts';
import { environmentWith } from '../test/support/environment.ts';
import { cpuSeconds } from './cpu.ts';
import { endServer } from './end-server.ts';

const run = promisify(execFile);

export type ApiPlace = {
  url: string;
  db: Db;
  /** CPU seconds of PostgreSQL, with all its processes. */
  postgresCpu(): Promise<number>;
  /** Null where there is no pgbench. */
  pgbench: ((script: string, how: PgbenchLoad) => Promise<PgbenchRun>) | null;
  startApi(): Promise<ApiProcess>;
  close(): Promise<void>;
};

/** `rate`: transactions begin at this rate, whatever becomes of those before; left out, as fast as they end. */
type PgbenchLoad = { clients: number; seconds: number; rate?: number };
/** `ms`: of each transaction since it was due; only with a rate. */
export type PgbenchRun = { count: number; perSecond: number; ms: number[] };
export type ApiProcess = { port: number; cpu(): Promise<number>; stop(): Promise<void> };

export async function openApiPlace({ poolSize = 2 } = {}): Promise<ApiPlace> {
  const folder = await mkdtemp(join(tmpdir(), 'twinbox-bench-'));
  const server = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres'), log: () => undefined });
  await ensureDatabase(server.url, 'bench');
  const url = databaseUrl(server.url, 'bench');
  const db = createDb({ url, poolSize, applicationName: 'bench' });
  await migrate(db);
  await keepPartitions(db, { now: new Date(), retentionDays: 35 });
  const hasPgbench = await run('pgbench', ['--version']).then(
    () => true,
    () => false,
  );

  async function pgbench(script: string, { clients, seconds, rate }: PgbenchLoad): Promise<PgbenchRun> {
    const place = await mkdtemp(join(folder, 'pgbench-'));
    const path = join(place, 'script.sql');
    await writeFile(path, script);
    const options = { '-M': 'prepared', '-c': clients, '-j': 2, '-T': seconds, '-f': path };
    const paced = rate === undefined ? [] : ['-l', `--log-prefix=${join(place, 'log')}`, '-R', String(rate)];
    const { stdout } = await run('pgbench', [
      ...['-n', ...paced, ...Object.entries(options).flat().map(String), url],
    ]);
    return {
      count: Number(/actually processed: (\d+)/.exec(stdout)?.[1]),
      perSecond: Number(/tps = ([\d.]+)/.exec(stdout)?.[1]),
      ms: await readTimes(place),
    };
  }

  return {
    ...{ url, db },
    postgresCpu: () => cpuSeconds(server.pid),
    pgbench: hasPgbench ? pgbench : null,
    startApi: () => startApi(url),
    async close() {
      await db.destroy();
      await endServer(server);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** From the logs of pgbench: the third column has microseconds. */
async function readTimes(folder: string): Promise<number[]> {
  const names = (await readdir(folder)).filter((name) => name.startsWith('log'));
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  const lines = texts.flatMap((text) => text.trim().split('\n'));
  return lines.map((line) => Number(line.split(' ')[2]) / 1_000);
}

/** The API as a process of its own. It sends nothing to Kafka, and does not start without its address. */
async function startApi(url: string): Promise<ApiProcess> {
  const port = await freePort();
  const child = spawn(process.execPath, [join(import.meta.dirname, '../api/main.ts')], {
    env: environmentWith({
      DATABASE_URL: url,
      API_PORT: String(port),
      LOG_LEVEL: 'warn',
      KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:9',
      STRIPE_WEBHOOK_SECRET: 'whsec_bench',
    }),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const answers = async (): Promise<boolean> =>
    (await fetch(`http://127.0.0.1:${port}/api/v1/customers`).catch(() => null))?.ok === true;
  await waitUntil(answers, { timeoutMs: 60_000, what: 'the API' }).catch(async (error: unknown) => {
    await stop(child);
    throw error;
  });
  return { port, cpu: () => cpuSeconds(child.pid ?? 0), stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
