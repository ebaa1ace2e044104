// PgBouncer itself: the machine's own, or Debian's package, fetched by apt without installing it
// and kept beside the Kafka of the tests.
import { execFile } from 'node:child_process';
import { access, chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type PoolerProgram = {
  path: string;
  env: NodeJS.ProcessEnv;
  /**
   * The files that have to be copied to where PgBouncer's account can read them; absent where it is
   * installed.
   */
  folder?: string;
};

const CACHE = resolve(import.meta.dirname, '../../node_modules/.cache/twinbox');
const FETCHED = join(CACHE, 'pgbouncer');

/** Debian's folder, which is seldom in the PATH of a user who is not root. */
const INSTALLED = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer', '/usr/local/bin/pgbouncer'];

/** The program, or the reason why it is missing. */
export async function findPooler(): Promise<PoolerProgram | { missing: string }> {
  for (const path of INSTALLED) if (await exists(path)) return { path, env: {} };
  if (await exists(FETCHED)) return await fetchedProgram();
  try {
    await fetchPackages();
    return await fetchedProgram();
  } catch (error) {
    const why = error instanceof Error ? (error.message.trim().split('\n').at(-1) ?? '') : String(error);
    return { missing: `there is no pgbouncer here, and apt-get fetches none (${why})` };
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

/** The package and the libraries that it names, unpacked into a folder; nothing is installed. */
async function fetchPackages(): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(join(CACHE, 'pgbouncer-'));
  try {
    const download = async () => {
      const { stdout } = await run('apt-cache', ['depends', 'pgbouncer']);
      const libraries = [...stdout.matchAll(/Depends: (lib[a-z0-9.+-]+)$/gm)].map(([, name = '']) => name);
      const packages = ['pgbouncer', ...libraries.filter((name) => name !== 'libc6')];
      await run('apt-get', ['download', ...packages], { cwd: folder });
    };
    await download().catch(async () => {
      // A new machine has no list of packages yet; only root can get one.
      await run('apt-get', ['update']);
      await download();
    });
    for (const name of await readdir(folder)) {
      if (!name.endsWith('.deb')) continue;
      await run('dpkg-deb', ['-x', join(folder, name), folder]);
      await rm(join(folder, name));
    }
    // It runs as another account where these tests run as root.
    await chmod(folder, 0o755);
    await rename(folder, FETCHED);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function fetchedProgram(): Promise<PoolerProgram> {
  const libraries: string[] = [];
  for (const root of ['usr/lib', 'lib'])
    for (const name of await readdir(join(FETCHED, root)).catch((): string[] => []))
      if (name.endsWith('-linux-gnu')) libraries.push(join(FETCHED, root, name));
  return {
    path: join(FETCHED, 'usr/sbin/pgbouncer'),
    env: { LD_LIBRARY_PATH: libraries.join(':') },
    folder: FETCHED,
  };
}
