import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, cp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { expect } from 'chai';
import { canUse, findBinaries } from '../../cli/embedded/binaries.ts';
import { findPlace } from '../../cli/embedded/place.ts';
import { startEmbeddedPostgres } from '../../cli/embedded/postgres.ts';
import { isAlive } from '../../cli/embedded/processes.ts';
import { removeEmbeddedPostgres } from '../../cli/embedded/remove.ts';
import { createDb } from '../../db/server/connection.ts';
import { makeRunFolder, removeRunFolder } from '../support/run-folder.ts';
import { waitUntil } from '../support/signal.ts';

const log: string[] = [];
let folder: string;
let dataDir: string;
const start = (options: { databaseName?: string } = {}) =>
  startEmbeddedPostgres({ dataDir, fsync: false, log: (text) => log.push(text), ...options });

/** What a query on a connection of its own answers. */
async function ask(url: string, sql: string): Promise<unknown> {
  const db = createDb({ url, poolSize: 1, applicationName: 'test' });
  try {
    const { rows } = await db.raw<{ rows: Record<string, unknown>[] }>(sql);
    return Object.values(rows[0] ?? {})[0];
  } finally {
    await db.destroy();
  }
}

async function startElsewhere(): Promise<{ child: ChildProcess; pid: number; wasRunning: boolean }> {
  const program = join(import.meta.dirname, 'embedded-process.ts');
  const child = spawn(process.execPath, [program, dataDir], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, ...(JSON.parse(line.toString()) as { pid: number; wasRunning: boolean }) };
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

const failure = async (promise: Promise<unknown>) => await promise.catch((error: unknown) => error);

before(async () => {
  folder = await makeRunFolder();
  dataDir = join(folder, 'postgres');
});
beforeEach(() => {
  log.length = 0;
});
after(async () => {
  expect(await removeRunFolder(folder)).to.equal(true);
});

describe('the embedded PostgreSQL', () => {
  it('starts from nothing: a real PostgreSQL 18, on loopback only, its password readable by its owner only', async () => {
    const server = await start({ databaseName: 'first' });
    expect(server.wasRunning).to.equal(false);
    expect(await ask(server.url, 'show server_version')).to.match(/^18\./);
    expect(await ask(server.url, 'show listen_addresses')).to.equal('127.0.0.1');
    expect(await ask(server.url, 'show unix_socket_directories')).to.equal('');
    expect(await ask(server.url, "select lower('ÀÉÎ')")).to.equal('àéî');
    expect((await stat(join(dataDir, 'password'))).mode & 0o777).to.equal(0o600);
    const guessed = new URL(server.url);
    guessed.password = 'guess';
    expect(await failure(ask(guessed.href, 'select 1'))).to.have.property('code', '28P01');
    await ask(server.url, 'create table kept as select 42 as n');
    await server.stop();
    expect(isAlive(server.pid)).to.equal(false);
  });

  it('keeps its data and its port when it is started again', async () => {
    const server = await start({ databaseName: 'first' });
    expect(await ask(server.url, 'select n from kept')).to.equal(42);
    expect(new URL(server.url).port).to.equal((await readFile(join(dataDir, 'port'), 'utf8')).trim());
    await server.stop();
  });

  it('is found by a second start, and stops with its last user, whichever of the two that is', async () => {
    const first = await start();
    const second = await start();
    expect(second).to.include({ pid: first.pid, url: first.url, wasRunning: true });
    await first.stop();
    expect(await ask(second.url, 'select 1')).to.equal(1);
    await second.stop();
    expect(isAlive(first.pid)).to.equal(false);
  });

  it('is one server when two processes start it at the same moment', async () => {
    const [one, other] = await Promise.all([startElsewhere(), startElsewhere()]);
    expect(one.pid).to.equal(other.pid);
    expect([one.wasRunning, other.wasRunning].sort()).to.deep.equal([false, true]);
    await Promise.all([kill(one.child), kill(other.child)]);
  });

  it('survives a kill -9 of the process that started it, is found by the next start, and stops with that one', async () => {
    const orphan = await startElsewhere();
    await kill(orphan.child);
    expect(isAlive(orphan.pid)).to.equal(true);
    const server = await start();
    expect(server).to.include({ pid: orphan.pid, wasRunning: true });
    await server.stop();
    expect(isAlive(orphan.pid)).to.equal(false);
  });

  it('starts again after its server was killed, though its lock file now names another process', async () => {
    const killed = await start({ databaseName: 'first' });
    process.kill(killed.pid, 'SIGKILL');
    await waitUntil(() => !isAlive(killed.pid), { timeoutMs: 10_000, what: 'the killed server ends' });
    const lock = join(await dataFolder(), 'postmaster.pid');
    const text = await readFile(lock, 'utf8');
    await writeFile(lock, text.replace(/^\d+/, String(process.pid)));
    const server = await start({ databaseName: 'first' });
    expect(server.wasRunning).to.equal(false);
    expect(await ask(server.url, 'select n from kept')).to.equal(42);
    await server.stop();
    await killed.stop();
  });

  it('takes another port when another program uses its port, and says so', async () => {
    const taken = Number(await readFile(join(dataDir, 'port'), 'utf8'));
    const listener = createServer().listen(taken, '127.0.0.1');
    await once(listener, 'listening');
    const server = await start();
    expect(Number(new URL(server.url).port)).to.not.equal(taken);
    expect(log.join('\n')).to.include(`another program uses port ${taken}`);
    await server.stop();
    listener.close();
  });

  it('names the process that holds the data when its server does not accept our password', async () => {
    const server = await start();
    const password = await readFile(join(dataDir, 'password'), 'utf8');
    await writeFile(join(dataDir, 'password'), 'another');
    const error = await failure(start());
    expect(error).to.have.property('code', 'embedded_postgres_held');
    expect(error).to.have.property('message').that.includes(`process ${server.pid}`);
    await writeFile(join(dataDir, 'password'), password);
    await server.stop();
  });

  it('refuses data whose password is lost or that another major version wrote, and says what to do', async () => {
    const password = await readFile(join(dataDir, 'password'), 'utf8');
    await rm(join(dataDir, 'password'));
    expect(await failure(start()))
      .to.have.property('message')
      .that.includes('password is missing');
    await writeFile(join(dataDir, 'password'), password, { mode: 0o600 });

    const version = join(await dataFolder(), 'PG_VERSION');
    await writeFile(version, '17\n');
    const error = await failure(start());
    expect(error).to.have.property('code', 'embedded_postgres_wrong_version');
    expect(error)
      .to.have.property('message')
      .that.matches(/data of PostgreSQL 17.*has PostgreSQL 18/);
    await writeFile(version, '18\n');
  });

  it('is not removed while a process uses it', async () => {
    const server = await start();
    expect(await removeEmbeddedPostgres(dataDir)).to.equal(false);
    expect(await ask(server.url, 'select 1')).to.equal(1);
    await server.stop();
  });

  async function dataFolder(): Promise<string> {
    const outside = await readFile(join(dataDir, 'outside'), 'utf8').catch(() => dataDir);
    return join(outside.trim(), 'data');
  }
});

// Only root runs the server as another account, which may have no access.
if (process.getuid?.() === 0) {
  describe('the embedded PostgreSQL, for root with packages below a folder that is closed to other users', () => {
    it('copies its programs beside the data, once, where the other user can run them', async () => {
      const closed = await makeRunFolder();
      dataDir = await makeRunFolder();
      const binaries = await findBinaries();
      await cp(binaries.native, join(closed, 'native'), { recursive: true, verbatimSymlinks: true });
      await chmod(closed, 0o700);
      const installed = { ...binaries, native: join(closed, 'native') };
      const place = await findPlace(dataDir, (text) => log.push(text), installed);
      expect(place).to.deep.include({ data: join(dataDir, 'data') });
      expect(dirname(place.native)).to.equal(dataDir);
      expect(await canUse(place.account, place.native, dataDir)).to.equal(true);
      const { ino } = await stat(place.native);
      expect(await findPlace(dataDir, (text) => log.push(text), installed)).to.deep.equal(place);
      expect((await stat(place.native)).ino).to.equal(ino);
      expect(await readdir(dataDir)).to.deep.equal([basename(place.native)]);
      expect(log).to.deep.equal([]);
      expect(await removeEmbeddedPostgres(dataDir)).to.equal(true);
      await removeRunFolder(closed);
    });
  });

  describe('the embedded PostgreSQL, for root below a folder that is closed to other users', () => {
    it('keeps its data in an open folder, which the log names and which is found again and removed; the closed folder keeps its mode', async () => {
      const closed = await makeRunFolder();
      await chmod(closed, 0o700);
      dataDir = join(closed, 'clone', '.twinbox', 'postgres');
      const first = await start();
      const outside = (await readFile(join(dataDir, 'outside'), 'utf8')).trim();
      expect(log.join('\n')).to.include(outside);
      expect(await ask(first.url, 'show data_directory')).to.equal(join(outside, 'data'));
      await first.stop();

      const second = await start();
      expect(await ask(second.url, 'show data_directory')).to.equal(join(outside, 'data'));
      await second.stop();
      expect((await stat(closed)).mode & 0o777).to.equal(0o700);
      await removeRunFolder(closed);
      expect(await failure(access(outside))).to.have.property('code', 'ENOENT');
    });
  });
}
