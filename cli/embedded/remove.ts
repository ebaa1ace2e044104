import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { withFolderLock } from './folder-lock.ts';
import { outsideFolder } from './place.ts';
import { stopUnused } from './postgres.ts';

/**
 * Removes a server with its data and programs, also if they are outside the folder. A server that
 * no living process uses is stopped first. If a living process uses it, nothing is removed, and the
 * result is false.
 */
export async function removeEmbeddedPostgres(dataDir: string): Promise<boolean> {
  if (!existsSync(dataDir)) return true;
  return await withFolderLock(dataDir, async () => {
    const outside = await outsideFolder(dataDir);
    if (!(await stopUnused(dataDir, join(outside ?? dataDir, 'data')))) return false;
    if (outside !== undefined) await rm(outside, { recursive: true, force: true });
    await rm(dataDir, { recursive: true, force: true });
    return true;
  });
}
