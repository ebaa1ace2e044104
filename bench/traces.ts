/**
 * What traces cost: processor time and time for each customer that is made through the API and brought to
 * Stripe's simulator, its echo included.
 *
 *   node bench/traces.ts [--customers 300] [--rounds 3] [--before <folder of another checkout>]
 *
 * Two processes of `twinbox up` take turns: A without traces, B with traces that a receiver in this process
 * takes. With --before, A is that checkout and B is this one, both without traces: this is what the code
 * costs where it is off. Order in each round: A, B, B, A. The processor time is that of the process, which
 * has every role and the simulator in it, without PostgreSQL; Linux only (/proc). Before that, what a step
 * pays where traces are off is measured by itself; --rounds 0 measures nothing else.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ignoreConnectionSettings } from '../lib/config/config.ts';
import { waitUntil } from '../lib/loop.ts';
import type { SyncDeps } from '../lib/sync/step.ts';
import { traceStep } from '../lib/sync/traced-step.ts';
import { noTracing } from '../lib/tracing/tracing.ts';
import { createTestDatabase, type TestDatabase } from '../test/support/database.ts';
import { startOtlpReceiver } from '../test/support/otlp-receiver.ts';
import { stopOwnServer } from '../test/support/server.ts';
import { createLoad } from './load.ts';
import { printTable, quantile } from './meter.ts';
import { startUp } from './up-process.ts';

const { values } = parseArgs({
  options: {
    customers: { type: 'string', default: '300' },
    rounds: { type: 'string', default: '3' },
    before: { type: 'string' },
  },
});
const CUSTOMERS = Number(values.customers);
const ROUNDS = Number(values.rounds);
const IN_FLIGHT = 8;
const HALF_MS = 180_000;
/** A tick of /proc/<pid>/stat on Linux. */
const TICK_MS = 10;

type Half = { cpuMs: number; ms: number };

await measureOff();
if (ROUNDS === 0) process.exit();
const receiver = await startOtlpReceiver();
const folders: string[] = [];
const sides: Awaited<ReturnType<typeof setUp>>[] = [];
try {
  const on = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
  const a = await setUp({}, values.before);
  const b = await setUp(values.before === undefined ? on : {});
  sides.push(a, b);
  for (const side of sides) await side.half(); // warms up
  const halves: { a: Half[]; b: Half[] } = { a: [], b: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    halves.a.push(await a.half());
    halves.b.push(await b.half(), await b.half());
    halves.a.push(await a.half());
  }
  report(halves);
} finally {
  for (const side of sides) await side.stop();
  await receiver.close();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
  await stopOwnServer({ keep: false });
}

/** The same work, called by itself (A) and as a step calls it without traces (B). */
async function measureOff(): Promise<void> {
  const calls = 1_000_000;
  const work = (): Promise<void> => Promise.resolve();
  const deps = {
    tracing: noTracing,
    entity: { name: '' },
    integration: { system: '' },
  } as unknown as SyncDeps;
  const claim = { id: 1 };
  async function time(one: () => Promise<void>): Promise<number> {
    const began = performance.now();
    for (let n = 0; n < calls; n += 1) await one();
    return ((performance.now() - began) / calls) * 1e6;
  }
  const [a, b] = [work, () => traceStep(deps, claim, work)];
  await time(a);
  await time(b);
  const [a1, b1, b2, a2] = [await time(a), await time(b), await time(b), await time(a)];
  console.log(
    `a step without traces: ${((b1 + b2 - a1 - a2) / 2).toFixed(0)} ns more (A ${a1.toFixed(0)}, B ${b1.toFixed(0)}, B ${b2.toFixed(0)}, A ${a2.toFixed(0)} ns)`,
  );
}

async function setUp(env: Record<string, string>, checkout?: string) {
  const database = await createTestDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'twinbox-bench-'));
  folders.push(folder);
  const settings = {
    ...ignoreConnectionSettings(),
    DATABASE_URL: database.url,
    TWINBOX_DATA_DIR: folder,
    API_PORT: '0',
    SIMULATOR_PORT: '0',
    STRIPE_RATE_LIMIT: '1000',
    STRIPE_ENDPOINT_RATE_LIMIT: '1000',
    LOG_LEVEL: 'warn',
    ...env,
  };
  const up = await startUp(settings, folder, checkout);
  const load = createLoad(up, IN_FLIGHT);
  await load.limitStripe(null);
  let made = 0;
  async function half(): Promise<Half> {
    const [cpuMs, began] = [cpuOf(up.pid), performance.now()];
    await load.createMany(CUSTOMERS, made);
    made += CUSTOMERS;
    await waitUntil(async () => (await settled(database, made)) && isIdle(up.simulator), {
      ...{ timeoutMs: HALF_MS, everyMs: 50, what: `${made} customers agree` },
    });
    return { cpuMs: cpuOf(up.pid) - cpuMs, ms: performance.now() - began };
  }
  return {
    half,
    async stop() {
      load.close();
      up.child.kill('SIGTERM');
      await up.exited;
      await database.db.destroy();
      await database.drop();
    },
  };
}

/** Each has its record, and the event of it has come back. */
async function settled({ db }: Pick<TestDatabase, 'db'>, count: number): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { pairs: number; echoes: number }[] }>(
    `select (select count(*) from external_mappings where state = 'linked' and dirty = clean) as pairs,
            (select count(*) from sync_deliveries where status = 'echo') as echoes`,
  );
  return rows[0]?.pairs === count && rows[0].echoes === count;
}

async function isIdle(simulator: string): Promise<boolean> {
  return (await fetch(`${simulator}/_sim/webhooks/idle?timeout_ms=5000`)).ok;
}

/** Milliseconds of the processor that the process has used. */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const columns = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(columns[11]) + Number(columns[12])) * TICK_MS;
}

function report({ a, b }: { a: Half[]; b: Half[] }): void {
  const per = (halves: Half[], of: (half: Half) => number): string =>
    `${(quantile(halves.map(of), 0.5) / CUSTOMERS).toFixed(2)} ms`;
  const least = (halves: Half[]): string =>
    `${(Math.min(...halves.map(({ cpuMs }) => cpuMs)) / CUSTOMERS).toFixed(2)} ms`;
  const row = (name: string, halves: Half[]): string[] => [
    ...[name, per(halves, ({ cpuMs }) => cpuMs), least(halves), per(halves, ({ ms }) => ms)],
  ];
  const [nameA, nameB] =
    values.before === undefined ? ['no traces', 'traces'] : ['that checkout', 'this one, no traces'];
  printTable([
    [`${ROUNDS} rounds of A, B, B, A`, 'processor, median', 'least', 'time, median'],
    row(`A: ${nameA}`, a),
    row(`B: ${nameB}`, b),
  ]);
  const sum = (halves: Half[]): number => halves.reduce((all, { cpuMs }) => all + cpuMs, 0);
  console.log(`B uses ${((sum(b) / sum(a) - 1) * 100).toFixed(1)} % more of the processor than A`);
}
