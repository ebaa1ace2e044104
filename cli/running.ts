// The file `running.json` in a data folder says which process runs Twinbox on the folder, and at
// which addresses. `up` writes it, and every other command reads it. A killed process leaves its
// file, which is ignored, since no living process has its id and its start time.
import { randomBytes } from 'node:crypto';
import { link, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, isMissing, readIfThere } from './embedded/files.ts';
import { prepareFolder } from './embedded/folder.ts';
import { startedAt } from './embedded/processes.ts';
import { CliError, exit } from './exit.ts';

export type Running = {
  pid: number;
  /** When the process started, as the machine reports it: the machine uses process ids again. */
  began: string;
  startedAt: string;
  /** Null while it is starting. */
  apiUrl: string | null;
  /** Null while it is starting, and if the real Stripe is used. */
  simulatorUrl: string | null;
  /**
   * The database of the process: its place for people, without the password, and its id
   * (db/connections.ts). Null while the process is starting.
   */
  database: { place: string; id: string } | null;
};

export type FolderClaim = {
  announce(
    where: Pick<Running, 'apiUrl' | 'simulatorUrl'> & Partial<Pick<Running, 'database'>>,
  ): Promise<void>;
  release(): Promise<void>;
};

/** Reserves the folder for this process; throws if another living process has it. */
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
      // `link` makes the file whole or not at all, and for only one of two processes that start
      // together.
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

/** The living process that has this folder, or null. */
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
    // Only this file writes it, and always whole; but a power cut may leave an empty file.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

async function writePart(path: string, running: Running): Promise<string> {
  const part = `${path}-${randomBytes(4).toString('hex')}`;
  await writeFile(part, `${JSON.stringify(running)}\n`, { mode: 0o600 });
  return part;
}

/** Renames the file first, so that only one of two processes that find it stale removes it. */
async function removeStale(path: string): Promise<void> {
  const aside = `${path}-stale-${process.pid}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  const moved = await read(aside);
  // Another process was quicker, and this is its new file: rename it back.
  if (moved && startedAt(moved.pid) === moved.began) await rename(aside, path);
  else await rm(aside, { force: true });
}

function inUse(dataDir: string, { pid, apiUrl }: Running): CliError {
  const where = apiUrl === null ? 'is starting' : `serves ${apiUrl}`;
  return new CliError(
    exit.unavailable,
    `Twinbox already runs on ${dataDir}: process ${pid} ${where}. Use that process, stop it (kill ${pid}), ` +
      'or set TWINBOX_DATA_DIR to another folder for this process.',
  );
}
