// A pool does not lend out a useless session, so that writes work again soon after the server
// accepts them.
import { expect } from 'chai';
import { createDb, withTransaction, type Db } from '../../../db/server/connection.ts';
import { sqlState } from '../../../db/server/errors.ts';
import { isDatabaseAway, isWritable } from '../../../db/health/readiness.ts';
import { databaseUrl } from '../../../db/server/server.ts';
import { useDatabase } from '../../support/database.ts';
import { testServerUrl } from '../../support/server.ts';

const SESSIONS = 4;

describe('a pool of sessions', () => {
  const database = useDatabase();
  let db: Db;

  before('a table', () => database.db.raw('create table notes (text text)'));
  beforeEach('a pool', () => {
    db = createDb({ url: database.url, poolSize: SESSIONS, applicationName: 'lost-sessions' });
  });
  afterEach('close it', async () => {
    await db.destroy();
    await setReadOnly(false);
  });

  /** For sessions that are opened from now on, as on a standby or with a full disk. */
  async function setReadOnly(on: boolean): Promise<void> {
    const server = createDb({
      url: databaseUrl(await testServerUrl(), 'postgres'),
      poolSize: 1,
      applicationName: 'lost-sessions-server',
    });
    const name = database.name;
    await server.raw(
      on
        ? `alter database "${name}" set default_transaction_read_only = on`
        : `alter database "${name}" reset default_transaction_read_only`,
    );
    await server.destroy();
  }

  const write = (on: Db) => on.raw(`insert into notes values ('x')`).then(() => 'written', sqlState);
  const pid = async () =>
    (await db.raw<{ rows: { pid: number }[] }>('select pg_backend_pid() as pid')).rows[0]?.pid;

  /** All sessions of the pool, opened at the same time. */
  async function fill(): Promise<void> {
    await Promise.all(Array.from({ length: SESSIONS }, () => db.raw('select pg_sleep(0.05)')));
  }

  it('that were opened while the database was read-only closes all of them at the first write that is refused', async () => {
    await setReadOnly(true);
    await fill();
    await setReadOnly(false);
    expect(await write(db)).to.equal('25006');
    const next = await Promise.all(Array.from({ length: SESSIONS * 2 }, () => write(db)));
    expect(new Set(next)).to.deep.equal(new Set(['written']));
  });

  it('closes them as well where the write was refused inside a transaction', async () => {
    await setReadOnly(true);
    await fill();
    await setReadOnly(false);
    const refused = await withTransaction(db, (tx) => write(tx)).catch(sqlState);
    expect(refused).to.equal('25006');
    expect(await withTransaction(db, (tx) => write(tx))).to.equal('written');
  });

  it('closes them where no process writes, but one asks whether it could', async () => {
    await setReadOnly(true);
    await fill();
    expect(await isWritable(db)).to.equal(false);
    await setReadOnly(false);
    // A session that was in use, or opened meanwhile, answers so at most once more.
    await isWritable(db);
    expect(await isWritable(db)).to.equal(true);
  });

  it('keeps the sessions that were opened after the refused one', async () => {
    await setReadOnly(true);
    const stale = await pid();
    await setReadOnly(false);
    await withTransaction(db, async (tx) => {
      const fresh = await pid();
      expect(await write(tx)).to.equal('25006');
      expect(await pid())
        .to.equal(fresh)
        .and.not.equal(stale);
    }).catch(sqlState);
  });

  it('lends out no session that the server has ended, even if that became known inside a transaction', async () => {
    await fill();
    const ended = await withTransaction(db, (tx) =>
      tx.raw('select pg_terminate_backend(pg_backend_pid())'),
    ).then(() => false, isDatabaseAway);
    expect(ended).to.equal(true);
    for (let n = 0; n < SESSIONS * 2; n += 1) expect(await write(db)).to.equal('written');
  });

  it('keeps a session whose statement failed for any other reason', async () => {
    const one = createDb({ url: database.url, poolSize: 1, applicationName: 'kept' });
    const of = async () =>
      (await one.raw<{ rows: { pid: number }[] }>('select pg_backend_pid() as pid')).rows[0]?.pid;
    const first = await of();
    expect(await one.raw('select 1 / 0').then(String, sqlState)).to.equal('22012');
    expect(await of()).to.equal(first);
    await one.destroy();
  });
});
