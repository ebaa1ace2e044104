// Servers of an installed PostgreSQL for the drills: a new one, or one on existing data, such as a
// standby's.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir } from 'node:fs/promises';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { serverAccount } from '../../cli/embedded/binaries.ts';
import { serverEnv } from '../../cli/embedded/cluster.ts';
import { serverDataDirectory } from '../../db/server/server.ts';
import type { Installed } from '../db/installed-server.ts';
import { freePorts } from '../kafka/support/ports.ts';
import { waitUntil } from '../support/signal.ts';

const run = promisify(execFile);

export type Server = {
  port: number;
  data: string;
  url(database: string): string;
  /** As when a machine loses its power. */
  kill(): Promise<void>;
};

/** An empty folder that the server's account owns. */
export async function makeDataFolder(folder: string, name: string): Promise<string> {
  const account = await serverAccount();
  const data = join(folder, name);
  await mkdir(data, { mode: 0o700 });
  if (account.uid !== undefined && account.gid !== undefined) await chown(data, account.uid, account.gid);
  return data;
}

/** From now on the server's account owns what this user has copied. */
export async function giveToServer(data: string): Promise<void> {
  const { uid, gid } = await serverAccount();
  if (uid !== undefined && gid !== undefined) await run('chown', ['-R', `${uid}:${gid}`, data]);
}

export async function makeServer(
  installed: Installed,
  folder: string,
  name: string,
  settings: string[] = [],
): Promise<Server> {
  const data = await makeDataFolder(folder, name);
  const as = { ...(await serverAccount()), cwd: data, env: serverEnv() };
  const initdb = ['--username=twinbox', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
  await run(join(installed.bin, 'initdb'), [...initdb, '--pgdata', data], as);
  return serve(installed, data, settings);
}

export async function serve({ bin }: Installed, data: string, settings: string[] = []): Promise<Server> {
  const as = { ...(await serverAccount()), cwd: data, env: serverEnv() };
  const [port = 0] = await freePorts(1);
  const all = [
    'fsync=off',
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    `port=${port}`,
    ...settings,
  ];
  const server: ChildProcess = spawn(
    join(bin, 'postgres'),
    ['-D', data, ...all.flatMap((one) => ['-c', one])],
    { ...as, stdio: 'ignore' },
  );
  const ended = once(server, 'exit');
  const url = (database: string) => `postgresql://twinbox@127.0.0.1:${port}/${database}`;
  const answers = () =>
    serverDataDirectory(url('postgres')).then(
      () => true,
      () => false,
    );
  await waitUntil(answers, { timeoutMs: 60_000, what: 'the PostgreSQL answers' });
  return {
    port,
    data,
    url,
    async kill() {
      if (server.exitCode === null && server.signalCode === null) server.kill('SIGQUIT');
      await ended;
    },
  };
}

/**
 * An address that stays while the server behind it changes, as with a virtual address or a pooler.
 */
export async function openAddress(
  port: number,
): Promise<{ port: number; leadTo(next: number): void; close(): Promise<void> }> {
  let target = port;
  const open = new Set<Socket>();
  const server = createServer((from) => {
    const to = createConnection({ host: '127.0.0.1', port: target });
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      open.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
    from.pipe(to);
    to.pipe(from);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    leadTo(next) {
      target = next;
      for (const socket of open) socket.destroy();
    },
    async close() {
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, 'close');
    },
  };
}
