// A lock: only one process at a time starts or stops the server of a folder. Without the lock, the
// last user of a server could stop it just after another process has found it running, and two
// processes that start together could each create data of their own.
//
// The lock is the file `lock` in the folder. One link creates it whole, with the id of its holder
// and the start time of that process. After a crash of the holder the file remains, and is ignored,
// since no living process has that id and start time.
import { randomBytes } from 'node:crypto';
import { link, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, isAppError } from '../../lib/errors.ts';
import { waitUntil } from '../../lib/loop.ts';
import { hasCode, isMissing, readIfThere } from './files.ts';
import { startedAt } from './processes.ts';

type Holder = { pid: number; began: string; nonce: string };

/** Longer than a slow machine needs to create a database. */
const PATIENCE_MS = 90_000;

/**
 * Does the work while this process has the lock of the folder, which must exist. Throws
 * `embedded_postgres_held` if another process has the lock for too long.
 */
export async function withFolderLock<T>(
  folder: string,
  work: () => Promise<T>,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const path = join(folder, 'lock');
  const own: Holder = {
    pid: process.pid,
    began: startedAt(process.pid) ?? '',
    nonce: randomBytes(8).toString('hex'),
  };
  await take(path, own, patienceMs);
  try {
    return await work();
  } finally {
    // If the work has removed the folder, the lock is gone with it.
    if ((await readHolder(path))?.nonce === own.nonce) await rm(path, { force: true });
  }
}

async function take(path: string, own: Holder, patienceMs: number): Promise<void> {
  let holder: Holder | null = null;
  try {
    await waitUntil(
      async () => {
        if (await makeWhole(path, own)) return true;
        holder = await readHolder(path);
        if (holder !== null && !isHeld(holder)) await removeStale(path, holder);
        return false;
      },
      { timeoutMs: patienceMs, what: 'the lock is free' },
    );
  } catch (error) {
    if (!isAppError(error, 'timeout')) throw error;
    throw new AppError('embedded_postgres_held', {
      cause: error,
      detail: `the process ${(holder as Holder | null)?.pid ?? 'of another user'} has been starting or stopping the database of ${path} for ${Math.round(patienceMs / 1_000)} s. Stop that process and start again`,
    });
  }
}

/** Creates the lock whole or not at all, and for one process only. */
async function makeWhole(path: string, own: Holder): Promise<boolean> {
  const part = `${path}-${own.nonce}`;
  await writeFile(part, JSON.stringify(own), { mode: 0o600 });
  try {
    await link(part, path);
    return true;
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
    return false;
  } finally {
    await rm(part, { force: true });
  }
}

async function readHolder(path: string): Promise<Holder | null> {
  const text = await readIfThere(path);
  if (text === undefined) return null;
  try {
    return JSON.parse(text) as Holder;
  } catch (error) {
    // A power cut may leave an empty file, which no process holds any more.
    if (error instanceof SyntaxError) return { pid: 0, began: 'unknown', nonce: '' };
    throw error;
  }
}

function isHeld({ pid, began }: Holder): boolean {
  return startedAt(pid) === began;
}

/**
 * Renames the file first, so that only one of two processes removes it; a newer lock is restored.
 */
async function removeStale(path: string, stale: Holder): Promise<void> {
  const aside = `${path}-stale-${randomBytes(4).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  // Restored by a link: a rename would replace a lock that was created meanwhile.
  if ((await readHolder(aside))?.nonce !== stale.nonce)
    await link(aside, path).catch((error: unknown) => {
      if (!hasCode(error, 'EEXIST')) throw error;
    });
  await rm(aside, { force: true });
}
