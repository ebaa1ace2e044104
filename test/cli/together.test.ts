import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { withFolderLock } from '../../cli/embedded/folder-lock.ts';
import { startEmbeddedPostgres } from '../../cli/embedded/postgres.ts';
import { isAlive, startedAt } from '../../cli/embedded/processes.ts';
import { stopServer } from '../../cli/embedded/server.ts';
import { explain } from '../../cli/failure.ts';
import { claimFolder } from '../../cli/running.ts';
import { findStripe } from '../../cli/stripe.ts';
import { createDb } from '../../db/server/connection.ts';
import { loadConfig } from '../../lib/config/config.ts';
import { createLogger } from '../../lib/log.ts';
import { createSimulator } from '../../simulator/simulator.ts';
import { makeRunFolder, removeRunFolder } from '../support/run-folder.ts';
import { createSignal } from '../support/signal.ts';
import { usePlace } from './twinbox.ts';

describe('starts and stops of one embedded PostgreSQL', () => {
  let dataDir: string;
  let folder: string;
  before(async () => {
    folder = await makeRunFolder();
    dataDir = join(folder, 'postgres');
  });
  after(() => removeRunFolder(folder));
  const start = () => startEmbeddedPostgres({ dataDir, fsync: false, log: () => undefined });

  it('happen one after the other: a start waits for the stop of the last user, and starts a server of its own', async () => {
    const first = await start();
    const second = await withFolderLock(dataDir, async () => {
      const arrived = createSignal();
      const arriving = watch(dataDir).on('change', (_, name) => {
        if (String(name).startsWith('lock-')) arrived.fire();
      });
      const starting = start();
      await Promise.race([arrived.promise, starting]);
      arriving.close();
      // What the last user does after it has found no other user.
      await stopServer(first.pid);
      return { starting };
    });
    const server = await second.starting;
    expect(server.wasRunning).to.equal(false);
    const db = createDb({ url: server.url, poolSize: 1, applicationName: 'test' });
    await db.raw('select 1');
    await db.destroy();
    await first.stop();
    expect(isAlive(server.pid)).to.equal(true);
    await server.stop();
    expect(isAlive(server.pid)).to.equal(false);
  });

  it('are not blocked by the lock of a killed process, nor by an empty lock file after a power failure', async () => {
    const gone = spawn(process.execPath, ['-e', '']);
    await once(gone, 'exit');
    const left = [JSON.stringify({ pid: gone.pid, began: '1', nonce: 'x' }), ''];
    for (const text of left) {
      await writeFile(join(dataDir, 'lock'), text);
      const server = await start();
      await server.stop();
    }
  });

  it('name the living process that does not finish', async () => {
    const held = { pid: process.ppid, began: startedAt(process.ppid), nonce: 'x' };
    await writeFile(join(dataDir, 'lock'), JSON.stringify(held));
    const error = await withFolderLock(dataDir, () => Promise.resolve(), 50).catch(
      (caught: unknown) => caught,
    );
    expect(explain(error)).to.have.property('exitCode', 69);
    expect(explain(error).message).to.include(`process ${process.ppid}`).and.include('Stop that process');
    await writeFile(join(dataDir, 'lock'), '');
  });

  it('happen one at a time, however many there are', async () => {
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 8 }, () => withFolderLock(dataDir, work)));
    expect(most).to.equal(1);
  });
});

describe('the simulator’s stored state, which only one process at a time may open', () => {
  let folder: string;
  before(async () => {
    folder = await makeRunFolder();
  });
  after(() => removeRunFolder(folder));
  const config = () => loadConfig({ TWINBOX_DATA_DIR: folder }, { envFile: false });

  /** A log, and a promise that resolves when this event was logged. */
  function listen(event: string) {
    const said = createSignal();
    const base = createLogger({ level: 'error', format: 'json' });
    const warn = (name: string): void => {
      if (name === event) said.fire();
    };
    return { log: { ...base, warn }, said: said.promise };
  }

  it('is waited for, which is logged, and opened once the other process is done', async () => {
    const other = createSimulator({ dataDir: join(folder, 'simulator') });
    const { log, said } = listen('simulator.waiting');
    const finding = findStripe(config(), log);
    await said;
    await other.close();
    const stripe = await finding;
    expect(stripe.simulatorUrl).to.match(/^http/);
    await stripe.close();
  });

  it('is not waited for without end: the process that has it open is named', async () => {
    const other = createSimulator({ dataDir: join(folder, 'simulator') });
    const error = await findStripe(config(), listen('').log, { patienceMs: 50 }).catch(
      (caught: unknown) => caught,
    );
    await other.close();
    const { message, exitCode } = explain(error);
    expect(exitCode).to.equal(69);
    expect(message).to.match(/simulator cannot start: .* is in use by process \d+/);
  });

  it('is found at the twinbox up that has just started, as soon as that one announces its address', async () => {
    const claim = await claimFolder(folder);
    const finding = findStripe(config(), listen('').log);
    const simulatorUrl = 'http://127.0.0.1:4711';
    await claim.announce({ apiUrl: 'http://127.0.0.1:1', simulatorUrl });
    expect(await finding).to.include({ simulatorUrl });
    await claim.release();
  });
});

describe('several commands at once, without a running twinbox up', () => {
  const place = usePlace();

  it('all succeed, also in an empty data folder', async () => {
    const file = join(place.folder, 'few.csv');
    await writeFile(file, 'name,email\nAda,ada@example.com\nBo,bo@example.com\n');
    const imports = await Promise.all([1, 2].map(() => place.run(['import', file, '--json'])));
    for (const { code, stderr } of imports) expect(code, stderr).to.equal(0);
    const created = imports.map(({ stdout }) => (JSON.parse(stdout) as { created: number }).created);
    expect(created[0] ?? 0).to.equal(2 - (created[1] ?? 0));
    const found = await Promise.all(
      [['verify'], ['replay'], ['verify'], ['status']].map((args) => place.run(args)),
    );
    expect(found.map(({ code }) => code)).to.deep.equal([2, 3, 2, 0]);
    for (const { stderr } of found) expect(stderr).not.to.match(/is in use|fault of Twinbox/);
  });
});
