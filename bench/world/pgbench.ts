// pgbench, where PostgreSQL's own client programs are installed: the embedded server does not bring it.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const NO_PGBENCH = 'pgbench is not installed (Debian: the package postgresql-contrib)';

export async function hasPgbench(): Promise<boolean> {
  return await run('pgbench', ['--version']).then(
    () => true,
    () => false,
  );
}

export type Pgbench = { url: string; folder: string; script: string; clients: number; seconds: number };

/** Transactions per second, and how many there were. */
export async function pgbench({ url, folder, script, clients, seconds }: Pgbench) {
  const file = join(folder, 'script.sql');
  await writeFile(file, script);
  const load = ['-c', String(clients), '-j', '2', '-T', String(seconds)];
  const { stdout } = await run('pgbench', ['-n', '-M', 'prepared', ...load, '-f', file, url]);
  return {
    perSecond: Number(/tps = ([\d.]+)/.exec(stdout)?.[1]),
    count: Number(/actually processed: (\d+)/.exec(stdout)?.[1]),
  };
}
