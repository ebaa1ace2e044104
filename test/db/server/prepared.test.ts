import { expect } from 'chai';
import { createDb, withTransaction, type Db } from '../../../db/server/connection.ts';
import { runPrepared } from '../../../db/server/prepared.ts';
import { useDatabase } from '../../support/database.ts';

describe('a prepared statement', () => {
  const database = useDatabase();
  // One session, so that every statement of a test meets what the one before left in it.
  let db: Db;
  beforeEach(() => {
    db = createDb({ url: database.url, poolSize: 1, applicationName: 'test' });
  });
  afterEach(() => db.destroy());

  const textOf = (what: string): string => `select :n::integer + 1 as next, '${what}' as what`;
  const run = async (sql: string, n: number): Promise<unknown> =>
    (await runPrepared<{ rows: { next: number }[] }>(db, sql, { n })).rows[0]?.next;
  const prepared = async (what: string): Promise<number> => {
    const { rows } = await db.raw<{ rows: unknown[] }>(
      'select from pg_prepared_statements where strpos(statement, :what) > 0',
      { what },
    );
    return rows.length;
  };

  it('is parsed once in a session, and answers for each value', async () => {
    for (const n of [1, 2, 3]) expect(await run(textOf('once'), n)).to.equal(n + 1);
    expect(await prepared('once')).to.equal(1);
  });

  it('is not prepared in a transaction, which an error of it would end', async () => {
    await withTransaction(db, (tx) => runPrepared(tx, textOf('inside'), { n: 1 }));
    expect(await prepared('inside')).to.equal(0);
  });

  it('that this session does not know is answered, and from then on nothing is prepared: the session is not ours alone', async () => {
    await run(textOf('gone'), 1);
    await db.raw('deallocate all');
    expect(await run(textOf('gone'), 2)).to.equal(3);
    expect(await run(textOf('gone'), 3)).to.equal(4);
    expect(await prepared('gone')).to.equal(0);
  });

  it('whose columns have changed is answered with the new ones, and prepared again in another session', async () => {
    await database.db.raw('create table changing (a integer); insert into changing values (1)');
    const read = async (): Promise<unknown[]> =>
      (await runPrepared<{ rows: unknown[] }>(db, 'select * from changing', {})).rows;
    expect(await read()).to.deep.equal([{ a: 1 }]);
    await database.db.raw('alter table changing add column b integer');
    expect(await read()).to.deep.equal([{ a: 1, b: null }]);
    expect(await read()).to.deep.equal([{ a: 1, b: null }]);
    expect(await prepared('from changing')).to.equal(1);
  });

  it('that fails throws the error of the server', async () => {
    const failed = run('select 1 / (:n::integer - 1) as next', 1);
    expect(await failed.catch((error: unknown) => error)).to.have.property('code', '22012');
  });
});
