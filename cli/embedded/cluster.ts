import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, link, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '../../lib/errors.ts';
import { hasCode, readIfThere } from './files.ts';
import type { Place } from './place.ts';

/**
 * Creates the data folder and the password, each by one rename, so that a crash leaves none half
 * made.
 */

const run = promisify(execFile);

export const SUPERUSER = 'twinbox';

/** The superuser's password, from `<dataDir>/password` (mode 0600), created at the first call. */
export async function readPassword(dataDir: string, place: Place): Promise<string> {
  const path = join(dataDir, 'password');
  const known = await readIfThere(path);
  if (known !== undefined) return known.trim();
  if ((await readIfThere(join(place.data, 'PG_VERSION'))) !== undefined) {
    throw new AppError('embedded_postgres_failed', {
      detail: `${path} is missing, and the data in ${place.data} cannot be opened without this password. Restore the file, or remove the data with make clean`,
    });
  }
  const part = `${path}-${randomBytes(4).toString('hex')}`;
  await writeFile(part, `${randomBytes(24).toString('hex')}\n`, { mode: 0o600 });
  // If two processes start together, the file of one is kept, and both read its password.
  await link(part, path).catch((error: unknown) => {
    if (!hasCode(error, 'EEXIST')) throw error;
  });
  await rm(part);
  return (await readIfThere(path))?.trim() ?? '';
}

/** Runs initdb unless the data exists; refuses data of another major version. */
export async function ensureCluster(place: Place, password: string, fsync: boolean): Promise<void> {
  const version = (await readIfThere(join(place.data, 'PG_VERSION')))?.trim();
  if (version === undefined) return await createCluster(place, password, fsync);
  if (Number(version) === place.binaries.major) return;
  throw new AppError('embedded_postgres_wrong_version', {
    detail: `${place.data} holds data of PostgreSQL ${version}, and this version of Twinbox has PostgreSQL ${place.binaries.major}, which cannot open that data. Use the version of Twinbox that created the data, or move that folder away to begin with an empty database`,
  });
}

async function createCluster(place: Place, password: string, fsync: boolean): Promise<void> {
  const { account, native, data } = place;
  // The account must read the password and own the folder, so both are created in a folder that it
  // owns.
  const tempFolder = await mkdtemp(`${data}-new-`);
  try {
    const passwordFile = join(tempFolder, 'password');
    await writeFile(passwordFile, password, { mode: 0o600 });
    await mkdir(join(tempFolder, 'data'), { mode: 0o700 });
    if (account.uid !== undefined && account.gid !== undefined) {
      for (const path of [passwordFile, join(tempFolder, 'data'), tempFolder]) {
        await chown(path, account.uid, account.gid);
      }
    }
    const options = { ...account, cwd: dirname(data), env: serverEnv() };
    await run(join(native, 'bin/initdb'), initdbArguments(tempFolder, passwordFile, fsync), options);
    await rename(join(tempFolder, 'data'), data);
  } catch (error) {
    // Another process was quicker, and both use its data.
    if (hasCode(error, 'ENOTEMPTY', 'EEXIST') && (await readIfThere(join(data, 'PG_VERSION')))) return;
    throw new AppError('embedded_postgres_failed', {
      cause: error,
      detail: `initdb could not make ${data}: ${error instanceof Error ? error.message : String(error)}`,
    });
  } finally {
    await rm(tempFolder, { recursive: true, force: true });
  }
}

function initdbArguments(tempFolder: string, passwordFile: string, fsync: boolean): string[] {
  return [
    `--pgdata=${join(tempFolder, 'data')}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // PostgreSQL's built-in locale: lower() and sorting are the same on every machine.
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    ...(fsync ? [] : ['--no-sync']),
  ];
}

/** Not the caller's environment: PGDATA, PGPORT and others would change the server. */
export function serverEnv(): Record<string, string> {
  return { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' };
}
