// Which process runs Twinbox on a data folder, and where it answers: `running.json` in that folder.
// Written by `up`, read by every other command. The file of a process that was killed stays behind
// and counts for nothing, since no process with its id and beginning lives.
import { randomBytes } from 'node:crypto';
import { link, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, isMissing, readIfThere } from './embedded/files.ts';
import { prepareFolder } from './embedded/folder.ts';
import { startedAt } from './embedded/processes.ts';
import { CliError, exit } from './exit.ts';

export type Running = {
  pid: number;
  /** When the process began, as the machine reports it: ids are given out again. */
  began: string;
  startedAt: string;
  /** Null while it is starting. */
  apiUrl: string | null;
  /** Null while it is starting, and where Stripe is the real one. */
  simulatorUrl: string | null;
  /**
   * What it works on: for people, without a password, and by its id (db/connections.ts). Null while
   * it is starting.
   */
  database: { place: string; id: string } | null;
};

export type FolderClaim = {
  announce(
    where: Pick<Running, 'apiUrl' | 'simulatorUrl'> & Partial<Pick<Running, 'database'>>,
  ): Promise<void>;
  release(): Promise<void>;
};

/** Takes the folder for this process; refuses while another one lives on it. */
export async function claimFolder(dataDir: string): Promise<FolderClaim> {
  await prepareFolder(dataDir);
  const path = fileOf(dataDir);
  const own: Running = {
    pid: process.pid,
    began: startedAt(process.pid) ?? '',
    startedAt: new Date().toISOString(),
    apiUrl: null,
    simulatorUrl: null,
    database: null,
  };
  for (;;) {
    const part = await writePart(path, own);
    try {
      // Whole or not at all, and only one of two that start at the same moment.
      await link(part, path);
      break;
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    } finally {
      await rm(part, { force: true });
    }
    const other = await findRunning(dataDir);
    if (other) throw inUse(dataDir, other);
    await removeStale(path);
  }
  return {
    async announce(where) {
      await rename(await writePart(path, { ...own, ...where }), path);
    },
    async release() {
      if ((await read(path))?.pid === process.pid) await rm(path, { force: true });
    },
  };
}

/** The living process on this folder, or null. */
export async function findRunning(dataDir: string): Promise<Running | null> {
  const found = await read(fileOf(dataDir));
  return found && startedAt(found.pid) === found.began ? found : null;
}

function fileOf(dataDir: string): string {
  return join(dataDir, 'running.json');
}

async function read(path: string): Promise<Running | null> {
  const text = await readIfThere(path);
  if (text === undefined) return null;
  try {
    return JSON.parse(text) as Running;
  } catch (error) {
    // Written whole and by this file only; but a power cut may leave the name without its text.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

async function writePart(path: string, running: Running): Promise<string> {
  const part = `${path}-${randomBytes(4).toString('hex')}`;
  await writeFile(part, `${JSON.stringify(running)}\n`, { mode: 0o600 });
  return part;
}

/** Moved away first: of two that see the same stale file one gets it. */
async function removeStale(path: string): Promise<void> {
  const aside = `${path}-stale-${process.pid}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  const moved = await read(aside);
  // The other one was quicker, and this is its new file: put it back.
  if (moved && startedAt(moved.pid) === moved.began) await rename(aside, path);
  else await rm(aside, { force: true });
}

function inUse(dataDir: string, { pid, apiUrl }: Running): CliError {
  const where = apiUrl === null ? 'is starting' : `serves ${apiUrl}`;
  return new CliError(
    exit.unavailable,
    `Twinbox already runs on ${dataDir}: process ${pid} ${where}. Use that one, stop it (kill ${pid}), ` +
      'or give this one another folder with TWINBOX_DATA_DIR.',
  );
}
