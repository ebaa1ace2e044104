import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * What this machine says about a process id. Ids are given out again, above all in a container, so an id
 * that was written down counts only together with the time at which that process began.
 */

/** A text that no later process with the same id has; undefined if there is no such process. */
export function startedAt(pid: number): string | undefined {
  if (process.platform !== 'linux') return ps(pid, 'lstart=');
  const stat = readProc(pid, 'stat');
  if (stat === undefined) return undefined;
  // The name, in parentheses, may hold anything; what follows it is in columns from the third on.
  const columns = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended; only its parent has not looked yet.
  return columns[0] === 'Z' ? undefined : columns[19];
}

export function isAlive(pid: number): boolean {
  return startedAt(pid) !== undefined;
}

/** The command line of a process, its words separated by spaces; undefined if there is none. */
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
    // ps answers 1 when no process has that id.
    if (error instanceof Error && 'status' in error && error.status === 1) return undefined;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH');
}
