// A PostgreSQL of its own with TLS, and certificates made for this run.
import { chown, copyFile, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDb, type Db } from '../../../db/server/connection.ts';
import { serverDataDirectory } from '../../../db/server/server.ts';
import { makeCertificates, type Certificates } from '../../support/certificates.ts';
import { makeRunFolder, removeRunFolder } from '../../support/run-folder.ts';
import { startTestServer } from '../../support/server.ts';
import { waitUntil } from '../../support/signal.ts';

export type TlsServer = {
  /** The same address with these parameters. */
  url(parameters: Record<string, string>): string;
  certificates: Certificates;
  /** The path of a file that was made with the certificates. */
  file(name: string): string;
  /** From now on a client without TLS is refused. */
  takeOnlyTls(): Promise<void>;
  stop(): Promise<void>;
};

/** Undefined where there is no openssl. */
export async function startTlsServer(): Promise<TlsServer | undefined> {
  const made = await mkdtemp(join(tmpdir(), 'twinbox-certificates-'));
  const removeMade = () => rm(made, { recursive: true, force: true });
  const certificates = await makeCertificates(made);
  if (certificates === undefined) {
    await removeMade();
    return undefined;
  }
  const folder = await makeRunFolder();
  const server = await startTestServer(folder);
  const db = createDb({ url: server.url, poolSize: 1, applicationName: 'tls-server' });
  const data = await serverDataDirectory(server.url);
  await turnOn(db, made, data);
  const soon = { timeoutMs: 20_000 };
  await waitUntil(() => takes(server.url, 'require'), { ...soon, what: 'PostgreSQL speaks TLS' });
  await db.destroy();
  return {
    url: (parameters) => withParameters(server.url, parameters),
    certificates,
    file: (name) => join(made, name),
    async takeOnlyTls() {
      await writeFile(join(data, 'pg_hba.conf'), 'hostssl all all 127.0.0.1/32 scram-sha-256\n');
      const reload = createDb({
        url: withParameters(server.url, { sslmode: 'require' }),
        poolSize: 1,
        applicationName: 'tls-server',
      });
      await reload.raw('select pg_reload_conf()');
      await reload.destroy();
      await waitUntil(async () => !(await takes(server.url, 'disable')), {
        ...soon,
        what: 'only TLS is taken',
      });
    },
    async stop() {
      await server.stop();
      await removeRunFolder(folder);
      await removeMade();
    },
  };
}

async function turnOn(db: Db, made: string, data: string): Promise<void> {
  const { uid, gid } = await stat(data);
  for (const name of ['server.pem', 'server.key', 'ca.pem']) {
    await copyFile(join(made, name), join(data, name));
    // PostgreSQL accepts no key that belongs to another user.
    await chown(join(data, name), uid, gid);
  }
  const settings = {
    ssl_cert_file: 'server.pem',
    ssl_key_file: 'server.key',
    ssl_ca_file: 'ca.pem',
    ssl: 'on',
  };
  for (const [name, value] of Object.entries(settings)) await db.raw(`alter system set ${name} = '${value}'`);
  await db.raw('select pg_reload_conf()');
}

async function takes(url: string, sslmode: string): Promise<boolean> {
  const db = createDb({
    url: withParameters(url, { sslmode }),
    poolSize: 1,
    applicationName: 'tls-probe',
  });
  try {
    return await db.raw('select 1').then(
      () => true,
      () => false,
    );
  } finally {
    await db.destroy();
  }
}

export function withParameters(url: string, parameters: Record<string, string>): string {
  const changed = new URL(url);
  for (const [name, value] of Object.entries(parameters)) changed.searchParams.set(name, value);
  return changed.href;
}
