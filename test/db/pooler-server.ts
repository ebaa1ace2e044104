// A PgBouncer in front of a database, as in an installation: started, stopped and started again on
// the same port.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chown, cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { collect } from '../support/child.ts';
import { serverAccount } from '../../cli/embedded/binaries.ts';
import { serverDataDirectory } from '../../db/server/server.ts';
import { freePorts } from '../kafka/support/ports.ts';
import { makeRunFolder, removeRunFolder } from '../support/run-folder.ts';
import { waitUntil } from '../support/signal.ts';
import type { PoolerProgram } from './pooler-program.ts';

export type Pooler = {
  /** The address of the database through the pooler. */
  url: string;
  start(): Promise<void>;
  /** Ends it with every connection, both to us and to PostgreSQL. */
  stop(): Promise<void>;
  remove(): Promise<void>;
};

/** `settings`: lines of the section [pgbouncer], such as those of docs/pooler.md. */
export async function createPooler(
  program: PoolerProgram,
  databaseUrl: string,
  settings: Record<string, string>,
): Promise<Pooler> {
  const account = await serverAccount();
  const folder = await makeRunFolder('twinbox-pooler-');
  const { path, env } = await readable(program, folder);
  const home = join(folder, 'home');
  await mkdir(home);
  const [port = 0] = await freePorts(1);
  const { hostname, port: server, pathname, username, password } = new URL(databaseUrl);
  const name = decodeURIComponent(pathname.slice(1));
  const ini = join(home, 'pgbouncer.ini');
  const lines = {
    // It asks for no password, listens on this machine alone, and runs only during the test.
    ...{ auth_type: 'any', listen_addr: '127.0.0.1', listen_port: String(port), unix_socket_dir: '' },
    ...settings,
  };
  await writeFile(
    ini,
    [
      '[databases]',
      `${name} = host=${hostname} port=${server} dbname=${name} user=${username} password=${decodeURIComponent(password)}`,
      '[pgbouncer]',
      ...Object.entries(lines).map(([key, value]) => `${key} = ${value}`),
      '',
    ].join('\n'),
  );
  if (account.uid !== undefined && account.gid !== undefined)
    for (const file of [home, ini]) await chown(file, account.uid, account.gid);
  const url = `postgresql://twinbox@127.0.0.1:${port}/${encodeURIComponent(name)}`;
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    const started = spawn(path, [ini], { ...account, cwd: home, env, stdio: ['ignore', 'ignore', 'pipe'] });
    child = started;
    const said = collect(started.stderr);
    const answers = () =>
      serverDataDirectory(url).then(
        () => true,
        () => {
          if (started.exitCode !== null) throw new Error(`PgBouncer ended: ${said()}`);
          return false;
        },
      );
    await waitUntil(answers, { timeoutMs: 30_000, what: 'PgBouncer answers' });
  }

  async function stop(): Promise<void> {
    if (child === undefined) return;
    const ended = once(child, 'exit');
    // At once: SIGINT would wait for connected clients.
    child.kill('SIGTERM');
    await ended;
    child = undefined;
  }

  await start();
  return {
    url,
    start,
    stop,
    async remove() {
      await stop();
      await removeRunFolder(folder);
    },
  };
}

/**
 * The folder of this project may be closed to the account that PgBouncer runs as; a run folder is
 * not.
 */
async function readable(program: PoolerProgram, folder: string): Promise<PoolerProgram> {
  if (program.folder === undefined) return program;
  const copy = join(folder, 'program');
  // As they are: made absolute, the links of the libraries would lead back into the closed folder.
  await cp(program.folder, copy, { recursive: true, verbatimSymlinks: true });
  const moved = (text = '') => text.replaceAll(program.folder ?? '', copy);
  return { path: moved(program.path), env: { LD_LIBRARY_PATH: moved(program.env['LD_LIBRARY_PATH']) } };
}
