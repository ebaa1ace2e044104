/**
 * Outbound changes, measured from outside: one process runs everything, as `twinbox up` does, and
 * this process calls its API over HTTP. It uses a folder of its own in the temporary directory, and
 * ignores the shell's connection settings.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase, type OpenDatabase } from '../cli/database.ts';
import { removeEmbeddedPostgres } from '../cli/embedded/remove.ts';
import { table } from '../cli/output.ts';
import { readSyncBacklog } from '../db/health/readiness.ts';
import { readRelayLag } from '../db/relay/lag.ts';
import { readAnswerTimes } from '../db/health/reports.ts';
import { ignoreConnectionSettings, loadConfig } from '../lib/config/config.ts';
import { waitUntil } from '../lib/loop.ts';
import { createLogger } from '../lib/log.ts';
import { createLoad, type Load } from './load.ts';
import { startUp } from './up-process.ts';

const IDLE_CHANGES = 100;
const CREATES = 3_000;
/**
 * Calls a second that the measurement allows: it measures the work, and not the rate
 * (bench/limits.ts).
 */
const MOST = 500;
const IN_FLIGHT = 32;
/** How long the remaining changes may take to reach Stripe. */
const DRAIN_MS = 60_000;
/** If something hangs, the measurement ends after this time. */
const LIMIT_MS = 240_000;

const folder = await mkdtemp(join(tmpdir(), 'twinbox-bench-'));
const settings = {
  ...ignoreConnectionSettings(),
  TWINBOX_DATA_DIR: join(folder, 'data'),
  STRIPE_RATE_LIMIT: String(MOST),
  STRIPE_ENDPOINT_RATE_LIMIT: String(MOST),
};
const limit = setTimeout(() => {
  console.error(`not done within ${LIMIT_MS / 1_000} s`);
  process.exit(1);
}, LIMIT_MS);
try {
  const up = await startUp({ ...settings, API_PORT: '0', SIMULATOR_PORT: '0', LOG_LEVEL: 'warn' }, folder);
  const load = createLoad(up, IN_FLIGHT);
  const database = await openDatabase(
    loadConfig(settings, { envFile: false }),
    createLogger({ level: 'error', format: 'pretty' }),
  );
  try {
    await measure(up.pid, load, database);
  } finally {
    load.close();
    up.child.kill('SIGTERM');
    await up.exited;
    await database.close();
  }
} finally {
  clearTimeout(limit);
  await removeEmbeddedPostgres(join(folder, 'data', 'postgres'));
  await rm(folder, { recursive: true, force: true });
}

async function measure(pid: number, load: Load, { db }: OpenDatabase): Promise<void> {
  const quiet = (timeoutMs: number) =>
    waitUntil(
      async () => (await readRelayLag(db)).oldest === null && (await readSyncBacklog(db)).dirty === 0,
      {
        timeoutMs,
        what: 'everything is at Stripe',
      },
    );

  await load.limitStripe(null);
  for (let at = 0; at < IDLE_CHANGES; at += 1) {
    await load.create(`idle ${at}`, `idle${at}@example.com`);
    await quiet(10_000);
  }
  const times = (await readAnswerTimes(db, { system: 'stripe' })).slice(10); // the first ones warm up
  const beyond = times.map(({ ms, callMs }) => ms - callMs);
  const idleRss = await residentMb(pid);

  // As in production: Stripe allows 25 creates a second, and the workers keep that rate while the
  // API accepts all it can.
  await load.limitStripe(25);
  const rate = await load.createMany(CREATES);
  const peakRss = await residentMb(pid);

  await load.limitStripe(null);
  await db.raw(`delete from rate_buckets`); // at the whole rate again
  const started = performance.now();
  const { dirty: open } = await readSyncBacklog(db);
  await waitUntil(
    async () => (await readSyncBacklog(db)).dirty === 0 || performance.now() - started > DRAIN_MS,
    {
      timeoutMs: DRAIN_MS * 2,
      everyMs: 100,
      what: 'the time to drain is over',
    },
  );
  const { dirty: left } = await readSyncBacklog(db);
  const drained = (open - left) / ((performance.now() - started) / 1_000);
  const drainedRss = await residentMb(pid);

  const rows: [string, string, string, boolean][] = [
    [
      'commit → Stripe’s answer, idle, beyond the call itself: median',
      '< 100 ms',
      `${round(quantile(beyond, 0.5))} ms`,
      quantile(beyond, 0.5) < 100,
    ],
    ['  … 95 %', '', `${round(quantile(beyond, 0.95))} ms`, true],
    [
      '  … with the call: median',
      '',
      `${round(
        quantile(
          times.map(({ ms }) => ms),
          0.5,
        ),
      )} ms`,
      true,
    ],
    [
      `customers created through the API, ${IN_FLIGHT} requests at a time`,
      '≥ 500 /s',
      `${round(rate.perSecond)} /s`,
      rate.perSecond >= 500,
    ],
    [
      '  … answer time: median, 95 %',
      '',
      `${round(quantile(rate.ms, 0.5))} ms, ${round(quantile(rate.ms, 0.95))} ms`,
      true,
    ],
    [
      `customers created at Stripe once it accepts all (${left} of ${open} wait longer)`,
      '',
      `${round(drained)} /s`,
      true,
    ],
    [
      'memory of the one process: idle, after the load, after all is at Stripe',
      '< 200 MB',
      `${idleRss}, ${peakRss}, ${drainedRss} MB`,
      Math.max(idleRss, peakRss, drainedRss) < 200,
    ],
  ];
  console.log(`Outbound: everything in one process, this load in another, ${CREATES} customers`);
  const lines = rows.map(([what, goal, figure, reached]) => [
    what,
    goal,
    figure,
    reached ? '' : 'not reached',
  ]);
  for (const line of table([['', 'goal', 'measured', ''], ...lines])) console.log(line.trimEnd());
}

function quantile(values: number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN;
}

function round(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(1);
}

/**
 * What the operating system counts as resident; only Linux shows it for another process without a
 * command.
 */
async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? NaN) / 1_024);
}
