// What the drills share: the programs of an installed PostgreSQL that make and load backups, and a server of the same version.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { serverEnv } from '../../cli/embedded/cluster.ts';
import { findInstalled, type Installed } from '../db/installed-server.ts';

const run = promisify(execFile);

/** The newest one that has pg_dump beside its server; null where none is installed. */
export async function findPrograms(): Promise<Installed | null> {
  return (await findInstalled(15, 99)).at(-1) ?? null;
}

/** Runs a program of that installation, as an operator would in a shell; returns its output. */
export async function runProgram(
  { bin }: Installed,
  program: 'pg_dump' | 'pg_restore' | 'psql' | 'pg_basebackup',
  args: readonly string[],
): Promise<string> {
  const { stdout } = await run(join(bin, program), args, {
    env: serverEnv(),
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}

/**
 * For a suite that cannot run on this machine: one line that says so, and one test that counts as
 * skipped.
 */
export function sayNotTried(what: string): void {
  console.log(`Not tried: ${what}, because no PostgreSQL is installed in /usr/lib/postgresql.\n`);
  it(`${what}: no PostgreSQL is installed in /usr/lib/postgresql`, function () {
    this.skip();
  });
}
