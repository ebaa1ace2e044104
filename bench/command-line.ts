// How long the command line takes to answer: the help and a wrong argument, each as a process of its own,
// from its start to its end; and `status` beside a running system with the customers of the demo: on the
// database of DATABASE_URL if that is set, otherwise on an embedded one that this program starts and removes.
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSystemProcess } from '../cli/demo/system-process.ts';
import { waitUntil } from '../lib/loop.ts';
import { environmentWith } from '../test/support/environment.ts';

const MAIN = join(import.meta.dirname, '../cli/bin.mjs');
const FILE = join(import.meta.dirname, '../data/chinook-customers.csv');
const RUNS = 9;

type Call = { args: string[]; atMostMs: number };

const CALLS: readonly Call[] = [
  { args: ['--help'], atMostMs: 300 },
  { args: ['status', '--help'], atMostMs: 300 },
  { args: ['vrify'], atMostMs: 300 },
  { args: ['events', '--since', 'yesterday'], atMostMs: 300 },
  { args: ['link', '--limit', 'x'], atMostMs: 300 },
];

function measure({ args, atMostMs }: Call, env: NodeJS.ProcessEnv): void {
  const times = Array.from({ length: RUNS + 1 }, () => {
    const begun = performance.now();
    const { status, stderr } = spawnSync(process.execPath, [MAIN, ...args], { env, encoding: 'utf8' });
    if (args[0] === 'status' && status !== 0) throw new Error(`status ended with ${status}: ${stderr}`);
    return performance.now() - begun;
  });
  // The first run fills the cache of compiled code.
  const warm = times.slice(1).toSorted((a, b) => a - b);
  const [median, slowest] = [warm[Math.floor(RUNS / 2)], warm.at(-1)].map((ms = 0) => `${Math.round(ms)} ms`);
  console.log(`  twinbox ${args.join(' ').padEnd(26)} ${median} (${slowest}), promised: ${atMostMs} ms`);
}

const status: Call = { args: ['status'], atMostMs: 1_000 };

/** With the whole system in a process of its own, as `up` runs it, and each customer in agreement. */
async function measureStatus(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'twinbox-bench-'));
  const system = await startSystemProcess(folder, { useSettings: false });
  try {
    const env = environmentWith({ TWINBOX_DATA_DIR: folder });
    const { status: imported, stderr } = spawnSync(process.execPath, [MAIN, 'import', FILE], {
      env,
      encoding: 'utf8',
    });
    if (imported !== 0) throw new Error(`import ended with ${imported}: ${stderr}`);
    await waitUntil(
      async () => {
        const ready = (await (await fetch(`${system.api}/ready`)).json()) as {
          dirty: number;
          relay_seconds_behind: number;
        };
        return ready.dirty === 0 && ready.relay_seconds_behind === 0;
      },
      { timeoutMs: 60_000, what: 'every customer is at the simulator' },
    );
    measure(status, env);
  } finally {
    await system.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

console.log('command line: from the start of the process to its end, median and slowest of nine');
const env = environmentWith({});
for (const call of CALLS) measure(call, env);
if (env['DATABASE_URL'] === undefined) await measureStatus();
else measure(status, env);
