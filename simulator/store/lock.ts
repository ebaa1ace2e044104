/**
 * One simulator per data folder. The lock is a file that names its holder. The lock is stale if
 * that process is gone (a kill -9 leaves the file behind); the check uses the process id *and* the
 * time at which the process began, since ids are used again, most of all in containers. A holder on
 * another machine or in another container cannot be checked in this way, so its sign of life is the
 * file's time, which the holder updates every second.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

type Holder = { pid: number; began: string | null; host: string };

/** Another process has the data folder. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';
  readonly code = 'folder_in_use';
}

const SIGN_OF_LIFE_MS = 1000;
const SILENT_FOR_MS = 10_000;

export function takeLock(dataDir: string): () => void {
  const path = join(dataDir, 'lock');
  const text = JSON.stringify({
    pid: process.pid,
    began: beginOf(process.pid),
    host: hostname(),
  } satisfies Holder);
  for (;;) {
    try {
      writeFileSync(path, text, { flag: 'wx', mode: 0o600 });
      break;
    } catch (error) {
      if (!isExisting(error)) throw error;
    }
    removeIfStale(path, dataDir);
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    try {
      utimesSync(path, now, now);
    } catch {
      clearInterval(heartbeat); // the folder was removed: there is nothing left to protect
    }
  }, SIGN_OF_LIFE_MS);
  heartbeat.unref();
  return () => {
    clearInterval(heartbeat);
    rmSync(path, { force: true });
  };
}

function removeIfStale(path: string, dataDir: string): void {
  const seen = readIfThere(path);
  if (seen === null) return;
  const holder = parseHolder(seen);
  if (holder ? isAlive(holder, path) : isFresh(path)) {
    throw new FolderInUseError(
      `The simulator's data folder ${dataDir} is in use by ${holder ? `process ${holder.pid} on ${holder.host}` : 'another process'}. ` +
        'Stop that process first, or choose another folder.',
    );
  }
  // Renamed and not deleted, so that of two processes that both saw the stale lock only one goes
  // on.
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (isMissing(error)) return; // the other process was first; the next round finds its lock
    throw error;
  }
  if (readIfThere(aside) !== seen) {
    renameSync(aside, path);
    throw new FolderInUseError(
      `The simulator's data folder ${dataDir} was taken by another process at the same moment.`,
    );
  }
  rmSync(aside, { force: true });
}

function isAlive(holder: Holder, path: string): boolean {
  if (holder.host !== hostname()) return isFresh(path);
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM means that the process exists and belongs to another user.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  const began = beginOf(holder.pid);
  return began === null || holder.began === null || began === holder.began;
}

function isFresh(path: string): boolean {
  return Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) < SILENT_FOR_MS;
}

/** When a process began, in the unit of the operating system; null if the system does not say. */
function beginOf(pid: number): string | null {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
    }
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null;
  } catch {
    return null; // no such process, or no `ps`: then the id alone decides
  }
}

function parseHolder(text: string): Holder | null {
  try {
    return JSON.parse(text) as Holder; // written by this file only; anything else fails the checks above
  } catch {
    return null; // a lock that its holder has not finished writing
  }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}
