// A PostgreSQL that this machine has installed, of an older version than the embedded one: started in a folder of its own.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, readdir } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { serverAccount } from '../../cli/embedded/binaries.ts';
import { serverEnv } from '../../cli/embedded/cluster.ts';
import { serverDataDirectory } from '../../db/server/server.ts';
import { makeRunFolder, removeRunFolder } from '../support/run-folder.ts';
import { waitUntil } from '../support/signal.ts';

const run = promisify(execFile);

export type Installed = { major: number; bin: string };

/** The folder of the packages of Debian, Ubuntu and postgresql.org. */
export async function findInstalled(from: number, to: number): Promise<Installed[]> {
  const root = '/usr/lib/postgresql';
  const found: Installed[] = [];
  for (const name of await readdir(root).catch((): string[] => [])) {
    const bin = join(root, name, 'bin');
    const programs = await readdir(bin).catch((): string[] => []);
    const major = Number(name);
    // The client's package has a folder there, too.
    if (major >= from && major <= to && programs.includes('initdb')) found.push({ major, bin });
  }
  return found.sort((a, b) => a.major - b.major);
}

export async function startInstalled({ bin }: Installed): Promise<{ url: string; stop(): Promise<void> }> {
  const account = await serverAccount();
  // Not the prefix of the embedded servers, whose folders are removed when no user of theirs lives.
  const folder = await makeRunFolder('twinbox-installed-');
  const data = join(folder, 'data');
  await mkdir(data, { mode: 0o700 });
  if (account.uid !== undefined && account.gid !== undefined) await chown(data, account.uid, account.gid);
  const as = { ...account, cwd: data, env: serverEnv() };
  // It accepts any user: it listens on this machine alone, is empty, and runs only during the test.
  const initdb = [
    '--username=twinbox',
    '--auth=trust',
    '--encoding=UTF8',
    '--locale=C',
    '--no-sync',
    '--pgdata',
    data,
  ];
  await run(join(bin, 'initdb'), initdb, as);
  const port = await freePort();
  const settings = [
    'fsync=off',
    'full_page_writes=off',
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    `port=${port}`,
  ];
  const server = spawn(join(bin, 'postgres'), ['-D', data, ...settings.flatMap((one) => ['-c', one])], {
    ...as,
    stdio: 'ignore',
  });
  const ended = once(server, 'exit');
  const url = `postgresql://twinbox@127.0.0.1:${port}/postgres`;
  const answers = () =>
    serverDataDirectory(url).then(
      () => true,
      () => false,
    );
  await waitUntil(answers, { timeoutMs: 30_000, what: 'the installed PostgreSQL answers' });
  return {
    url,
    async stop() {
      // At once, since its data is not needed any more.
      server.kill('SIGQUIT');
      await ended;
      await removeRunFolder(folder);
    },
  };
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, 'close');
  return port;
}

/**
 * Describes the same for each installed version, from the oldest supported one up to the one before the embedded one,
 * on which all other tests run. `address`: of the running server, inside hooks and tests.
 */
export async function describeInstalled(tests: (address: () => string) => void): Promise<void> {
  const installed = await findInstalled(15, 17);
  if (installed.length === 0)
    console.log('Not tried: no PostgreSQL 15 to 17 is installed in /usr/lib/postgresql.\n');
  for (const one of installed)
    describe(`an installed PostgreSQL ${one.major}`, function () {
      this.timeout(400_000);
      let server: Awaited<ReturnType<typeof startInstalled>> | undefined;
      before('start it', async () => {
        server = await startInstalled(one);
      });
      after('stop it', () => server?.stop());
      tests(() => server?.url ?? '');
    });
}
