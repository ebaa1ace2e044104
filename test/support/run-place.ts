import { readFileSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** A file system in memory, which most Linux systems have. */
const MEMORY = '/dev/shm';

/** PostgreSQL keeps up to 1 GB of its log, and the rest of a run was 0.3 GB; its processes need memory too. */
const ROOM_BYTES = 3 * 2 ** 30;

export type Memory = {
  /** The text of `/proc/mounts`. */
  mounts: string;
  /** Free in the file system, and for processes. */
  freeBytes: number;
};

/** In these folders are the run folders of this machine; a new one is made in the first. */
export function runFolderParents(
  given = process.env['TMPDIR'],
  memory: Memory | undefined = readMemory(),
): string[] {
  // Who says where temporary files are to be has a reason.
  if (given !== undefined && given !== '') return [given];
  const usual = tmpdir();
  if (memory === undefined || !isInMemory(memory.mounts)) return [usual];
  return memory.freeBytes >= ROOM_BYTES ? [MEMORY, usual] : [usual, MEMORY];
}

/**
 * Each test database is some hundred files that live for seconds: on a disk, the system works as
 * long on these as PostgreSQL does. Tests run programs from their folders, so `noexec` excludes it.
 */
function isInMemory(mounts: string): boolean {
  const [, kind, options] = mounts
    .split('\n')
    .map((line) => line.split(' ').slice(1))
    .findLast(([path]) => path === MEMORY) ?? [''];
  return kind === 'tmpfs' && options !== undefined && !/\b(noexec|ro)\b/.test(options);
}

function readMemory(): Memory | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    const freeBytes = Math.min(bavail * bsize, process.availableMemory());
    return { mounts: readFileSync('/proc/mounts', 'utf8'), freeBytes };
  } catch {
    // There is none, or this process may not look.
    return undefined;
  }
}
