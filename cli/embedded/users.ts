import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfThere } from './files.ts';
import { startedAt } from './processes.ts';

/**
 * Which processes use a server: one small file per use in `<dataDir>/users/`. The server stops with
 * its last user, so `twinbox verify` and `twinbox up` can end in any order. A killed process leaves
 * its file, which is ignored, since no living process has that id and start time.
 */

/** Adds a use, and returns its name, by which it is removed. */
export async function addUser(dataDir: string, pid = process.pid): Promise<string> {
  const name = `${pid}-${randomBytes(4).toString('hex')}`;
  await mkdir(folder(dataDir), { recursive: true });
  await writeFile(join(folder(dataDir), name), startedAt(pid) ?? '');
  return name;
}

export async function removeUser(dataDir: string, name: string): Promise<void> {
  await rm(join(folder(dataDir), name), { force: true });
}

/**
 * The ids of the living processes that use this server. Files of processes that have ended are
 * removed.
 */
export async function livingUsers(dataDir: string): Promise<number[]> {
  await mkdir(folder(dataDir), { recursive: true });
  const living: number[] = [];
  for (const name of await readdir(folder(dataDir))) {
    const pid = Number.parseInt(name, 10);
    const began = await readIfThere(join(folder(dataDir), name));
    if (began !== undefined && began !== '' && startedAt(pid) === began) living.push(pid);
    else await removeUser(dataDir, name);
  }
  return living;
}

function folder(dataDir: string): string {
  return join(dataDir, 'users');
}
