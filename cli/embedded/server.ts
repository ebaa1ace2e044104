import { spawn, type ChildProcess } from 'node:child_process';
import { readlinkSync, realpathSync } from 'node:fs';
import { open, truncate, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../lib/errors.ts';
import { waitUntil } from '../../lib/loop.ts';
import { serverDataDirectory } from '../../db/server/server.ts';
import { sqlState } from '../../db/server/errors.ts';
import { serverEnv } from './cluster.ts';
import { isMissing, readIfThere } from './files.ts';
import type { Place } from './place.ts';
import { commandLine, isAlive } from './processes.ts';

/** Finds, starts and stops one PostgreSQL server process. */

export type Found = { pid: number; port: number; stopping: boolean };

/** The facts of `postmaster.pid`, if its process lives and is the server of this data. */
export async function findServer(data: string): Promise<Found | undefined> {
  const lines = await pidFileLines(data);
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0 || !servesData(pid, data)) return undefined;
  return { pid, port: Number(lines[3]), stopping: lines[7]?.trim() === 'stopping' };
}

/**
 * Whether the process is the server of this data: a server has its data folder as its working
 * folder, and an unrelated process with the same id does not.
 */
function servesData(pid: number, data: string): boolean {
  if (!isAlive(pid)) return false;
  if (process.platform !== 'linux') return commandLine(pid)?.includes(data) === true;
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(data);
  } catch {
    // The process has ended meanwhile or belongs to another user, so it is not this server.
    return false;
  }
}

/**
 * Waits until the server accepts our password and confirms that it serves this data. Returns `gone`
 * if its process ended first; throws `embedded_postgres_held` if it answers differently or not at
 * all.
 */
export async function waitForAnswer(url: string, pid: number, data: string, timeoutMs = 60_000) {
  let last: unknown;
  try {
    return await waitUntil(
      async () => {
        try {
          return (await serverDataDirectory(url)) === realpathSync(data) ? 'answers' : 'other';
        } catch (error) {
          last = error;
          if (sqlState(error) === '28P01') return 'other';
          return isAlive(pid) ? undefined : 'gone';
        }
      },
      { timeoutMs, what: 'PostgreSQL answers' },
    ).then((answer) => {
      if (answer === 'other') throw held(data, pid, last);
      return answer;
    });
  } catch (error) {
    if (error instanceof AppError && error.code === 'timeout') throw held(data, pid, last);
    throw error;
  }
}

type LaunchOptions = {
  port: number;
  fsync: boolean;
  settings: Readonly<Record<string, string>>;
  logFile: string;
};

/** Starts the server detached, so that it keeps running if this process is killed. */
export async function launchServer(place: Place, options: LaunchOptions): Promise<ChildProcess> {
  const { account, native, data } = place;
  const stalePid = (await pidFileLines(data))[0];
  await emptyIfLarge(options.logFile);
  const output = await open(options.logFile, 'a', 0o600);
  try {
    const child = spawn(join(native, 'bin/postgres'), serverArguments(data, options), {
      ...account,
      cwd: data,
      // The id in a stale postmaster.pid may belong to an unrelated process now. PostgreSQL ignores
      // the id of its "grandparent" in that file, and still checks whether a process has its shared
      // memory. That is safer than to remove the file.
      env: { ...serverEnv(), ...(stalePid === undefined ? {} : { PG_GRANDPARENT_PID: stalePid }) },
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
    });
    child.unref();
    return child;
  } finally {
    await output.close();
  }
}

/** Fast shutdown: open transactions are rolled back, everything committed is on disk. */
export async function stopServer(pid: number): Promise<void> {
  if (!isAlive(pid)) return;
  process.kill(pid, 'SIGINT');
  try {
    await waitUntil(() => !isAlive(pid), { timeoutMs: 8_000, what: 'PostgreSQL stops' });
  } catch (error) {
    // Too slow, since a whole stop has to end within 10 s: the next start recovers from the log.
    if (!isAlive(pid)) return;
    process.kill(pid, 'SIGQUIT');
    await waitUntil(() => !isAlive(pid), { timeoutMs: 5_000, what: 'PostgreSQL stops at once' });
    if (!(error instanceof AppError)) throw error;
  }
}

function serverArguments(data: string, { port, fsync, settings }: LaunchOptions): string[] {
  const all: Record<string, string | number> = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    cluster_name: 'twinbox',
    // For a small machine that also does other work.
    max_connections: 100,
    shared_buffers: '128MB',
    max_wal_size: '1GB',
    wal_level: 'replica',
    max_wal_senders: 2,
    max_parallel_workers_per_gather: 0,
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_min_messages: 'warning',
    log_checkpoints: 'off',
    // Statements in the log would contain names and emails.
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    ...(fsync ? {} : { fsync: 'off', full_page_writes: 'off' }),
    ...settings,
  };
  return ['-D', data, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

async function pidFileLines(data: string): Promise<string[]> {
  const text = await readIfThere(join(data, 'postmaster.pid'));
  return text === undefined ? [] : text.split('\n');
}

async function emptyIfLarge(path: string): Promise<void> {
  try {
    if ((await stat(path)).size > 5_000_000) await truncate(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

function held(data: string, pid: number, cause: unknown): AppError {
  const reason = cause instanceof Error ? ` (${cause.message})` : '';
  return new AppError('embedded_postgres_held', {
    cause,
    detail: `the process ${pid} (${commandLine(pid)?.slice(0, 80) ?? 'ended'}) uses ${data}, but does not answer as the embedded PostgreSQL${reason}. Stop that process and start again`,
  });
}
