import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { removeEmbeddedPostgres } from '../../cli/embedded/remove.ts';
import { runFolderParents } from './run-place.ts';

/**
 * The temporary folder of one test run: files that its tests leave behind are found and removed
 * with it.
 */
export async function makeRunFolder(prefix = 'twinbox-test-'): Promise<string> {
  const [parent = ''] = runFolderParents();
  const folder = await mkdtemp(join(parent, prefix));
  // Others may enter it, since PostgreSQL's own account has to when root runs the tests.
  await chmod(folder, 0o711);
  return folder;
}

/**
 * Stops the servers that were left in the folder, unless a living process uses one, and removes the
 * folder.
 */
export async function removeRunFolder(folder: string): Promise<boolean> {
  let removed = true;
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  for (const name of names.filter((entry) => entry.endsWith('password') && !entry.includes('data-new-'))) {
    removed = (await removeEmbeddedPostgres(dirname(join(folder, name)))) && removed;
  }
  if (removed) await rm(folder, { recursive: true, force: true });
  return removed;
}
