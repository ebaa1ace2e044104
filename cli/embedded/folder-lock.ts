// One process at a time in what starts and stops the server of a folder. Without it the last user
// of a server could stop it under a process that has found it running a moment before, and two that
// start at once could each make a place of their own.
//
// The lock is the file `lock` in the folder: made whole by one link, with the id of its holder and
// when that process began. A crash while it is held leaves the file, which counts for nothing once
// no such process lives.
import { randomBytes } from 'node:crypto';
import { link, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, isAppError } from '../../lib/errors.ts';
import { waitUntil } from '../../lib/loop.ts';
import { hasCode, isMissing, readIfThere } from './files.ts';
import { startedAt } from './processes.ts';

type Holder = { pid: number; began: string; nonce: string };

/** Longer than the making of a database on a slow machine takes. */
const PATIENCE_MS = 90_000;

/**
 * Does the work while no other process does such work on this folder, which must exist. Throws
 * `embedded_postgres_held`.
 */
export async function inTurn<T>(
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
    // Gone with its folder where the work was to remove it.
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
      detail: `the process ${(holder as Holder | null)?.pid ?? 'of another user'} has been starting or stopping the database of ${path} for ${Math.round(patienceMs / 1_000)} s. Stop it and start again`,
    });
  }
}

/** Whole or not at all, and by one process only. */
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
    // A power cut may leave the name without its text: then no process holds it any more.
    if (error instanceof SyntaxError) return { pid: 0, began: 'unknown', nonce: '' };
    throw error;
  }
}

function isHeld({ pid, began }: Holder): boolean {
  return startedAt(pid) === began;
}

/** Moved away first: of two that see the same stale file one gets it, and a newer one is put back. */
async function removeStale(path: string, stale: Holder): Promise<void> {
  const aside = `${path}-stale-${randomBytes(4).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  // Not by a rename, which would take the place of a lock that was made meanwhile.
  if ((await readHolder(aside))?.nonce !== stale.nonce)
    await link(aside, path).catch((error: unknown) => {
      if (!hasCode(error, 'EEXIST')) throw error;
    });
  await rm(aside, { force: true });
}
