// The processor's time of other processes, from /proc (Linux only).
import { readdir, readFile } from 'node:fs/promises';

/** Of `getconf CLK_TCK`, which is 100 on every Linux that Node runs on. */
const TICKS = 100;

type Stat = { parent: number; seconds: number };

async function statOf(pid: string): Promise<Stat | null> {
  // The name of the program stands in brackets and may contain blanks.
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  const parts = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  if (!parts) return null;
  // User and system time of the process, and of its children that have ended.
  const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(parts[at]), 0);
  return { parent: Number(parts[1]), seconds: ticks / TICKS };
}

async function readStats(): Promise<Map<number, Stat>> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = new Map<number, Stat>();
  await Promise.all(
    pids.map(async (pid) => {
      const stat = await statOf(pid);
      if (stat) stats.set(Number(pid), stat);
    }),
  );
  return stats;
}

/** The process that started this one; 0 if it has ended. */
export async function parentOf(pid: number): Promise<number> {
  return (await statOf(String(pid)))?.parent ?? 0;
}

/** A process and all that it has started. */
function below(root: number, stats: ReadonlyMap<number, Stat>): number[] {
  const isBelow = (pid: number): boolean => {
    if (pid === root) return true;
    const parent = stats.get(pid)?.parent ?? 0;
    return parent > 1 && isBelow(parent);
  };
  return [...stats.keys()].filter(isBelow);
}

/** Seconds of a process and of all that it has started. */
export async function cpuSeconds(root: number): Promise<number> {
  const stats = await readStats();
  return below(root, stats).reduce((sum, pid) => sum + (stats.get(pid)?.seconds ?? 0), 0);
}

async function treeOf(root: number): Promise<number[]> {
  return below(root, await readStats());
}

/** Megabytes: the most that each process of the tree has used, added up. A process that has ended is not counted. */
export async function peakMegabytes(root: number): Promise<number> {
  const kilobytes = await Promise.all(
    (await treeOf(root)).map(async (pid) => {
      const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      return Number(/VmHWM:\s+(\d+)/.exec(text)?.[1] ?? 0);
    }),
  );
  return kilobytes.reduce((sum, each) => sum + each, 0) / 1_024;
}
