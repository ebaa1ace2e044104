import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, link, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '../../lib/errors.ts';
import { hasCode, readIfThere } from './files.ts';
import type { Place } from './place.ts';

/** Makes the data folder and the password, each by one rename: a crash leaves all of it or nothing. */

const run = promisify(execFile);

export const SUPERUSER = 'twinbox';

/** The superuser's password, from `<dataDir>/password` (mode 0600), made at the first call. */
export async function readPassword(dataDir: string, place: Place): Promise<string> {
  const path = join(dataDir, 'password');
  const known = await readIfThere(path);
  if (known !== undefined) return known.trim();
  if ((await readIfThere(join(place.data, 'PG_VERSION'))) !== undefined) {
    throw new AppError('embedded_postgres_failed', {
      detail: `${path} is gone, and without it the data in ${place.data} cannot be opened. Put it back, or remove the data with make clean`,
    });
  }
  const part = `${path}-${randomBytes(4).toString('hex')}`;
  await writeFile(part, `${randomBytes(24).toString('hex')}\n`, { mode: 0o600 });
  // Of two that start at the same moment one wins here, and both read its password.
  await link(part, path).catch((error: unknown) => {
    if (!hasCode(error, 'EEXIST')) throw error;
  });
  await rm(part);
  return (await readIfThere(path))?.trim() ?? '';
}

/** Runs initdb unless the data is there; refuses data of another major version. */
export async function ensureCluster(place: Place, password: string, fsync: boolean): Promise<void> {
  const version = (await readIfThere(join(place.data, 'PG_VERSION')))?.trim();
  if (version === undefined) return await createCluster(place, password, fsync);
  if (Number(version) === place.binaries.major) return;
  throw new AppError('embedded_postgres_wrong_version', {
    detail: `${place.data} holds data of PostgreSQL ${version}, and this Twinbox brings PostgreSQL ${place.binaries.major}, which cannot open it. Use the Twinbox that made it, or move that folder away to begin anew`,
  });
}

async function createCluster(place: Place, password: string, fsync: boolean): Promise<void> {
  const { account, native, data } = place;
  // The account must read the password and own the folder, so both are in a folder of its own.
  const workshop = await mkdtemp(`${data}-new-`);
  try {
    const passwordFile = join(workshop, 'password');
    await writeFile(passwordFile, password, { mode: 0o600 });
    await mkdir(join(workshop, 'data'), { mode: 0o700 });
    if (account.uid !== undefined && account.gid !== undefined) {
      for (const path of [passwordFile, join(workshop, 'data'), workshop]) {
        await chown(path, account.uid, account.gid);
      }
    }
    const options = { ...account, cwd: dirname(data), env: serverEnv() };
    await run(join(native, 'bin/initdb'), initdbArguments(workshop, passwordFile, fsync), options);
    await rename(join(workshop, 'data'), data);
  } catch (error) {
    // Another process was quicker: its data serves both.
    if (hasCode(error, 'ENOTEMPTY', 'EEXIST') && (await readIfThere(join(data, 'PG_VERSION')))) return;
    throw new AppError('embedded_postgres_failed', {
      cause: error,
      detail: `initdb could not make ${data}: ${error instanceof Error ? error.message : String(error)}`,
    });
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

function initdbArguments(workshop: string, passwordFile: string, fsync: boolean): string[] {
  return [
    `--pgdata=${join(workshop, 'data')}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // PostgreSQL's own locale: lower() and sorting are the same on every machine.
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    ...(fsync ? [] : ['--no-sync']),
  ];
}

/** Nothing of the caller's environment: PGDATA, PGPORT and the like would change what we start. */
export function serverEnv(): Record<string, string> {
  return { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' };
}
