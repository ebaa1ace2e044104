import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { inTurn } from './folder-lock.ts';
import { outsideFolder } from './place.ts';
import { stopUnused } from './postgres.ts';

/**
 * Removes a server with its data and programs, wherever they are, and stops it first if the process that
 * started it was killed. False, and nothing removed, while a living process uses it.
 */
export async function removeEmbeddedPostgres(dataDir: string): Promise<boolean> {
  if (!existsSync(dataDir)) return true;
  return await inTurn(dataDir, async () => {
    const outside = await outsideFolder(dataDir);
    if (!(await stopUnused(dataDir, join(outside ?? dataDir, 'data')))) return false;
    if (outside !== undefined) await rm(outside, { recursive: true, force: true });
    await rm(dataDir, { recursive: true, force: true });
    return true;
  });
}
