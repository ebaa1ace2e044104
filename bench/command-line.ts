// How long the command line takes to answer: the help and a wrong argument, each as a process of its own,
// from its start to its end; and `status` on the database of DATABASE_URL, if that is set.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const MAIN = join(import.meta.dirname, '../cli/bin.mjs');
const RUNS = 9;

const CALLS: readonly { args: string[]; atMostMs: number }[] = [
  { args: ['--help'], atMostMs: 300 },
  { args: ['status', '--help'], atMostMs: 300 },
  { args: ['vrify'], atMostMs: 300 },
  { args: ['events', '--since', 'yesterday'], atMostMs: 300 },
  { args: ['link', '--limit', 'x'], atMostMs: 300 },
  { args: ['status'], atMostMs: 1_000 },
];

console.log('command line: from the start of the process to its end, median and slowest of nine');
for (const { args, atMostMs } of CALLS) {
  const times = Array.from({ length: RUNS + 1 }, () => {
    const begun = performance.now();
    spawnSync(process.execPath, [MAIN, ...args], { stdio: 'ignore' });
    return performance.now() - begun;
  });
  // The first run fills the cache of compiled code.
  const warm = times.slice(1).toSorted((a, b) => a - b);
  const [median, slowest] = [warm[Math.floor(RUNS / 2)], warm.at(-1)].map((ms = 0) => `${Math.round(ms)} ms`);
  console.log(`  twinbox ${args.join(' ').padEnd(26)} ${median} (${slowest}), promised: ${atMostMs} ms`);
}
