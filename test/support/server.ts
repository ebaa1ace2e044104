import { access, readdir, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { startEmbeddedPostgres } from '../../cli/embedded/postgres.ts';
import { makeRunFolder, removeRunFolder } from './run-folder.ts';
import { runFolderParents } from './run-place.ts';

/**
 * The PostgreSQL that tests use: the runner's, if it started one, or else one of this process,
 * started when it is first needed and stopped by the root hook in `hooks.ts`.
 */

const PREFIX = 'twinbox-test-';
const KEPT = 'kept';

export type TestServer = { url: string; stop(options?: { keep: boolean }): Promise<void> };

let own: Promise<TestServer> | undefined;

export async function testServerUrl(): Promise<string> {
  const shared = process.env['TEST_POSTGRES_URL'];
  if (shared !== undefined && shared !== '') return shared;
  own ??= startTestServer();
  return (await own).url;
}

/** Stops the server that this process started, if it did. */
export async function stopOwnServer(options: { keep: boolean }): Promise<void> {
  await (await own)?.stop(options);
  own = undefined;
}

/** In a folder of its own by default; a given folder is removed by the caller. */
export async function startTestServer(given?: string): Promise<TestServer> {
  await removeTestServers({ kept: false });
  const folder = given ?? (await makeRunFolder(PREFIX));
  const server = await startEmbeddedPostgres({
    dataDir: join(folder, 'postgres'),
    databaseName: 'postgres',
    fsync: false,
    log: () => undefined,
  });
  return {
    url: server.url,
    stop: async ({ keep } = { keep: false }) => {
      if (keep) return await writeFile(join(folder, KEPT), '');
      await server.stop();
      if (given === undefined) await removeRunFolder(folder);
    },
  };
}

/**
 * Servers that were kept so that their databases can be inspected, and those of runs that were
 * killed.
 */
export async function removeTestServers({ kept }: { kept: boolean }): Promise<void> {
  const paths = await Promise.all(
    runFolderParents().map(async (parent) => (await readdir(parent)).map((name) => join(parent, name))),
  );
  for (const folder of paths.flat()) {
    if (!basename(folder).startsWith(PREFIX) || (!kept && (await isKept(folder)))) continue;
    const info = await stat(folder).catch(() => undefined);
    // Gone meanwhile, or of another person, who has to remove it.
    if (info === undefined || info.uid !== process.getuid?.()) continue;
    // A folder that is just being made has no user yet.
    if (Date.now() - info.mtimeMs > 60_000) await removeRunFolder(folder);
  }
}

async function isKept(folder: string): Promise<boolean> {
  return await access(join(folder, KEPT)).then(
    () => true,
    () => false,
  );
}
