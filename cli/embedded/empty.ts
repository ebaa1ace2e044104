// Empties a folder at each start: that of the demo, and that of `make try`.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CliError, exit } from '../exit.ts';
import { removeEmbeddedPostgres } from './remove.ts';

/** Empties the folder. A server that still runs on it is stopped first, unless a living process uses it. */
export async function emptyFolder(folder: string): Promise<void> {
  if (!(await removeEmbeddedPostgres(join(folder, 'postgres')))) {
    throw new CliError(
      exit.unavailable,
      `Another process uses the database in ${folder}; stop that process first.`,
    );
  }
  await rm(join(folder, 'simulator'), { recursive: true, force: true });
  await rm(join(folder, 'twinbox.log'), { force: true });
}
