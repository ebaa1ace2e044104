import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * What this machine says about a process id. Ids are used again, especially in a container, so a
 * stored id identifies a process only together with its start time.
 */

/** The start time of a process, as text; undefined if there is no such process. */
export function startedAt(pid: number): string | undefined {
  if (process.platform !== 'linux') return ps(pid, 'lstart=');
  const stat = readProc(pid, 'stat');
  if (stat === undefined) return undefined;
  // The name, in parentheses, may contain any character; after it follow the columns from the third
  // on.
  const columns = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended; its parent has only not read its exit status yet.
  return columns[0] === 'Z' ? undefined : columns[19];
}

export function isAlive(pid: number): boolean {
  return startedAt(pid) !== undefined;
}

/**
 * The command line of a process, with its arguments separated by spaces; undefined if it does not
 * exist.
 */
export function commandLine(pid: number): string | undefined {
  if (process.platform !== 'linux') return ps(pid, 'command=');
  return readProc(pid, 'cmdline')?.replaceAll('\0', ' ').trim();
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function ps(pid: number, column: string): string | undefined {
  try {
    const text = execFileSync('ps', ['-o', column, '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' });
    return text.trim() || undefined;
  } catch (error) {
    // ps exits with 1 if no process has that id.
    if (error instanceof Error && 'status' in error && error.status === 1) return undefined;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH');
}
