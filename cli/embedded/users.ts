import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfThere } from './files.ts';
import { startedAt } from './processes.ts';

/**
 * Who uses a server: one small file per use in `<dataDir>/users/`. The server stops with its last user, so
 * `twinbox verify` beside `twinbox up` pulls nothing from under it, whichever ends first. A process killed
 * by force leaves its file; it counts for nothing, since no process with that id and beginning lives.
 */

/** Returns the name under which this use is to be removed. */
export async function addUser(dataDir: string, pid = process.pid): Promise<string> {
  const name = `${pid}-${randomBytes(4).toString('hex')}`;
  await mkdir(folder(dataDir), { recursive: true });
  await writeFile(join(folder(dataDir), name), startedAt(pid) ?? '');
  return name;
}

export async function removeUser(dataDir: string, name: string): Promise<void> {
  await rm(join(folder(dataDir), name), { force: true });
}

/** The ids of the living processes that use this server; files of the dead are removed on the way. */
export async function livingUsers(dataDir: string): Promise<number[]> {
  await mkdir(folder(dataDir), { recursive: true });
  const living: number[] = [];
  for (const name of await readdir(folder(dataDir))) {
    const pid = Number.parseInt(name, 10);
    const mark = await readIfThere(join(folder(dataDir), name));
    if (mark !== undefined && mark !== '' && startedAt(pid) === mark) living.push(pid);
    else await removeUser(dataDir, name);
  }
  return living;
}

function folder(dataDir: string): string {
  return join(dataDir, 'users');
}
