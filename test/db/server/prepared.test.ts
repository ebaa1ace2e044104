import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { expect } from 'chai';
import { createDb, withTransaction, type Db } from '../../../db/server/connection.ts';
import { runPrepared } from '../../../db/server/prepared.ts';
import { finish } from '../../support/child.ts';
import { useDatabase } from '../../support/database.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

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

  it('has a name that no other process gives to another text: a pooler may lend the session to both', async () => {
    const names = `select name from pg_prepared_statements`;
    await run(textOf('ours'), 1);
    const { rows: ours } = await db.raw<{ rows: { name: string }[] }>(names);
    const program = `
      import { createDb } from './db/server/connection.ts';
      import { runPrepared } from './db/server/prepared.ts';
      const db = createDb({ url: '${database.url}', poolSize: 1, applicationName: 'test' });
      for (let n = 0; n < 9; n += 1) await runPrepared(db, 'select :n::integer + ' + n + ' as theirs', { n });
      console.log(JSON.stringify((await db.raw('${names}')).rows));
      await db.destroy();`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { cwd: ROOT });
    const { code, stdout, stderr } = await finish(child);
    expect(code, stderr).to.equal(0);
    const theirs = JSON.parse(stdout) as { name: string }[];
    expect(theirs).to.have.length(9);
    expect(theirs.map(({ name }) => name)).not.to.include.oneOf(ours.map(({ name }) => name));
  });

  it('that fails throws the error of the server', async () => {
    const failed = run('select 1 / (:n::integer - 1) as next', 1);
    expect(await failed.catch((error: unknown) => error)).to.have.property('code', '22012');
  });
});
