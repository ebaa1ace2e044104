// The processor's time and the memory of other processes, from /proc (Linux only).
import { readdir, readFile, readlink } from 'node:fs/promises';

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

/** Megabytes of a process that are in memory, by what they hold. */
export type MemoryParts = {
  /** Pages of the program's own file: its code and its constants. */
  program: number;
  /** Memory that belongs to no file: V8's objects and code, and the threads' own. */
  v8: number;
  /** The heap of malloc. */
  allocated: number;
  /** Pages of other files. */
  other: number;
};

/** Of `/proc/PID/smaps`: a line for each mapping, which ends with its file, and its sizes below. All 0 if it has ended. */
export async function memoryParts(pid: number): Promise<MemoryParts> {
  const text = await readFile(`/proc/${pid}/smaps`, 'utf8').catch(() => '');
  const program = await readlink(`/proc/${pid}/exe`).catch(() => '');
  const parts: MemoryParts = { program: 0, v8: 0, allocated: 0, other: 0 };
  const partOf = (file: string): keyof MemoryParts => {
    if (file === program) return 'program';
    if (file === '[heap]') return 'allocated';
    return file === '' ? 'v8' : 'other';
  };
  let part: keyof MemoryParts = 'other';
  for (const line of text.split('\n')) {
    const mapping = /^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+\s*(.*)$/.exec(line);
    if (mapping) part = partOf(mapping[1] ?? '');
    const size = /^Rss:\s+(\d+) kB$/.exec(line);
    if (size) parts[part] += Number(size[1]) / 1_024;
  }
  return parts;
}
