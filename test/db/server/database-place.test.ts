// One database has many names, and a copy of it may have the same name: the running server decides
// which is which.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { outsideFolder } from '../../../cli/embedded/place.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../../cli/embedded/postgres.ts';
import { createDb, type Db } from '../../../db/server/connection.ts';
import { migrate } from '../../../db/server/migrate.ts';
import { addressOf, createCursor } from '../../../db/relay/identity.ts';
import { moveDatabase } from '../../../db/relay/restore.ts';
import { databaseUrl, ensureDatabase } from '../../../db/server/server.ts';
import {
  assertSameDatabase,
  findOtherDatabase,
  judgeDatabase,
} from '../../../lib/process/database-identity.ts';
import { makeRunFolder, removeRunFolder } from '../../support/run-folder.ts';

const known = addressOf({ url: 'postgresql://db.internal:5432/twinbox' });
const pooler = addressOf({ url: 'postgresql://db.internal:6432/twinbox' });
const localhost = addressOf({ url: 'postgresql://localhost:5432/twinbox' });

describe('another name of the database', function () {
  this.timeout(180_000);
  let folder = '';
  let server: EmbeddedPostgres;
  let db: Db;

  const start = (name: string) =>
    startEmbeddedPostgres({
      dataDir: join(folder, name),
      databaseName: 'twinbox',
      fsync: false,
      log: () => undefined,
    });
  const open = (url: string) => createDb({ url, poolSize: 2, applicationName: 'database-place' });
  const verdict = (address: string) => judgeDatabase(db, address);

  async function restart(): Promise<void> {
    await db.destroy();
    await server.stop();
    server = await start('original');
    db = open(server.url);
  }

  /**
   * With their owner: PostgreSQL may run as another account than this process, and then in a folder
   * of its own.
   */
  async function copyFiles(): Promise<void> {
    const [original, copied] = [join(folder, 'original'), join(folder, 'copied')];
    const copy = (from: string, to: string) => promisify(execFile)('cp', ['-a', from, to]);
    await copy(original, copied);
    const outside = await outsideFolder(original);
    if (outside === undefined) return;
    await copy(outside, `${outside}-copied`);
    await writeFile(join(copied, 'outside'), `${outside}-copied\n`);
  }

  before('a server of its own, in which a relay has started', async () => {
    folder = await makeRunFolder('twinbox-place-');
    server = await start('original');
    db = open(server.url);
    await migrate(db);
    await createCursor(db, known);
    expect(await assertSameDatabase(db, known)).to.equal('same');
  });
  after('stop it', async () => {
    await (db as Db | undefined)?.destroy();
    await (server as EmbeddedPostgres | undefined)?.stop();
    await removeRunFolder(folder);
  });

  it('is accepted while the server runs that was reached by the known name', async () => {
    expect(await verdict(localhost)).to.equal('same');
    expect(await findOtherDatabase(db, localhost)).to.equal(null);
    expect(await assertSameDatabase(db, localhost, { remember: false })).to.equal('same');
  });

  it('is refused after a restart of the server, until a process has come by the known name', async () => {
    await restart();
    expect(await verdict(localhost)).to.equal('other_address');
    expect(await findOtherDatabase(db, localhost)).to.include({ code: 'other_address' });
    await assertSameDatabase(db, known);
    expect(await verdict(localhost)).to.equal('same');
  });

  it('stays accepted after a restart where a process has run under it, and then counts as a known name', async () => {
    await assertSameDatabase(db, pooler);
    await restart();
    expect(await assertSameDatabase(db, pooler)).to.equal('same');
    expect(await verdict(localhost)).to.equal('same');
  });

  it('is refused where it leads to a copy within the same cluster', async () => {
    await db.destroy();
    await ensureDatabase(databaseUrl(server.url, 'postgres'), 'copy', 'twinbox');
    db = open(server.url);
    const copy = open(databaseUrl(server.url, 'copy'));
    try {
      for (const address of [addressOf({ url: 'postgresql://db.internal:5432/copy' }), localhost, pooler])
        expect(await judgeDatabase(copy, address)).to.equal('other_address');
      // Under the address of the original the copy is recognised by its tables: their numbers
      // differ from the cursor's.
      expect(await judgeDatabase(copy, known)).to.equal('restored');
    } finally {
      await copy.destroy();
    }
  });

  it('is refused where it leads to a copy of the server’s files that was started elsewhere', async () => {
    await db.destroy();
    await server.stop();
    await copyFiles();
    server = await start('original');
    db = open(server.url);
    const other = await start('copied');
    const copy = open(other.url);
    try {
      expect(await judgeDatabase(copy, localhost)).to.equal('other_address');
      await assertSameDatabase(db, known);
      expect(await judgeDatabase(copy, localhost)).to.equal('other_address');
      await moveDatabase(copy, localhost);
      expect(await assertSameDatabase(copy, localhost)).to.equal('same');
      expect(await judgeDatabase(copy, addressOf({ url: 'postgresql://127.0.0.1:5432/twinbox' }))).to.equal(
        'same',
      );
    } finally {
      await copy.destroy();
      await other.stop();
    }
    expect(await verdict(localhost)).to.equal('same');
  });

  it('that the original knew is forgotten by the copy that was moved', async () => {
    await assertSameDatabase(db, pooler);
    await moveDatabase(db, localhost);
    await assertSameDatabase(db, localhost);
    await restart();
    expect(await verdict(pooler)).to.equal('other_address');
    expect(await verdict(known)).to.equal('other_address');
  });
});
