import { expect } from 'chai';
import { createDb, withTransaction, type Db } from '../../../db/server/connection.ts';
import { sqlState } from '../../../db/server/errors.ts';
import { isConnectionRefused, isDatabaseAway } from '../../../db/health/readiness.ts';
import { useDatabase } from '../../support/database.ts';
import { createSignal } from '../../support/signal.ts';

async function one(db: Db, sql: string): Promise<unknown> {
  const { rows } = await db.raw<{ rows: Record<string, unknown>[] }>(`select ${sql} as value`);
  return rows[0]?.['value'];
}

const failure = async (promise: Promise<unknown>) => await promise.catch((error: unknown) => error);

describe('a connection', () => {
  const database = useDatabase();

  it('reads bigint as a number, and refuses one that a number cannot hold exactly', async () => {
    expect(await one(database.db, '9007199254740991::bigint')).to.equal(9_007_199_254_740_991);
    expect(await one(database.db, "'{1,null,-3}'::bigint[]")).to.deep.equal([1, null, -3]);
    const error = await failure(one(database.db, '9007199254740992::bigint'));
    expect(error).to.include({ code: 'unsafe_integer' });
    expect(await one(database.db, '1::bigint')).to.equal(1);
  });

  it('reads timestamptz as a moment, a date as its text, jsonb as values, xid8 and numeric as text', async () => {
    const moment = await one(database.db, "timestamptz '2026-03-04 05:06:07.089+02'");
    expect((moment as Date).toISOString()).to.equal('2026-03-04T03:06:07.089Z');
    expect(await one(database.db, "date '2026-03-04'")).to.equal('2026-03-04');
    expect(await one(database.db, `'{"a":[1,null]}'::jsonb`)).to.deep.equal({ a: [1, null] });
    expect(await one(database.db, "'18446744073709551615'::xid8")).to.equal('18446744073709551615');
    expect(await one(database.db, '1.10::numeric')).to.equal('1.10');
  });

  it('ends a statement that exceeds its time limit', async () => {
    const db = createDb({ url: database.url, poolSize: 1, applicationName: 'slow', statementTimeoutMs: 50 });
    const error = await failure(one(db, 'pg_sleep(10)'));
    expect(sqlState(error)).to.equal('57014');
    await db.destroy();
  });

  it('has an application name, and keeps values out of error messages', async () => {
    const db = createDb({ url: database.url, poolSize: 1, applicationName: 'twinbox-relay' });
    expect(await one(db, "current_setting('application_name')")).to.equal('twinbox-relay');
    const error = await failure(db.raw('select ?::integer', ['ada@example.com']).then());
    expect((error as Error).message.split(' - ')[0]).to.not.include('ada@');
    await db.destroy();
  });

  it('that is refused is an outage for a running process and an error at a start; one that breaks is an outage only', async () => {
    const judge = async (change: (url: URL) => void, sql = '1') => {
      const url = new URL(database.url);
      change(url);
      const db = createDb({ url: url.href, poolSize: 1, applicationName: 'judged' });
      const error = await failure(one(db, sql));
      await db.destroy();
      return { away: isDatabaseAway(error), refused: isConnectionRefused(error) };
    };
    const refused = { away: true, refused: true };
    expect(await judge((url) => (url.password = 'wrong'))).to.deep.equal(refused);
    expect(await judge((url) => (url.pathname = '/nowhere'))).to.deep.equal(refused);
    expect(await judge((url) => (url.search = 'sslmode=require'))).to.deep.equal(refused);
    const cut = 'pg_terminate_backend(pg_backend_pid())';
    expect(await judge(() => undefined, cut)).to.deep.equal({ away: true, refused: false });
    expect(await judge((url) => (url.port = '1'))).to.deep.equal({ away: true, refused: false });
    expect(await judge(() => undefined, '1 / 0')).to.deep.equal({ away: false, refused: false });
  });

  it('fails when there is no server, and names no password', async () => {
    const db = createDb({
      url: 'postgresql://u:hunter2@127.0.0.1:1/x',
      poolSize: 1,
      applicationName: 'nowhere',
    });
    const error = await failure(one(db, '1'));
    expect(error).to.have.property('code', 'ECONNREFUSED');
    expect(String(error)).to.not.include('hunter2');
    await db.destroy();
  });
});

describe('withTransaction', () => {
  const database = useDatabase();

  before(async () => {
    await database.db.raw('create table counter (id integer primary key, n integer not null)');
    await database.db.raw('insert into counter values (1, 0), (2, 0)');
  });

  it('commits what the function did, and rolls back and rethrows what it throws', async () => {
    const set = (n: number) =>
      withTransaction(database.db, (tx) => tx('counter').where({ id: 1 }).update({ n }));
    expect(await set(7)).to.equal(1);
    const fault = new Error('changed my mind');
    const error = await failure(
      withTransaction(database.db, async (tx) => {
        await tx('counter').update({ n: 99 });
        throw fault;
      }),
    );
    expect(error).to.equal(fault);
    expect(await one(database.db, '(select sum(n) from counter)')).to.equal(7);
  });

  it('repeats the transaction that lost a deadlock, so that both succeed', async () => {
    const locked = [createSignal(), createSignal()] as const;
    const runs = [0, 0];
    const take = async (mine: 0 | 1) =>
      await withTransaction(database.db, async (tx) => {
        runs[mine] = (runs[mine] ?? 0) + 1;
        await tx('counter')
          .where({ id: mine + 1 })
          .increment('n', 1);
        locked[mine].fire();
        await locked[1 - mine]?.promise;
        await tx('counter')
          .where({ id: 2 - mine })
          .increment('n', 1);
      });
    const before = await one(database.db, '(select sum(n) from counter)');
    await Promise.all([take(0), take(1)]);
    // One transaction loses at least once; on a busy machine the repeat may lose again.
    expect(Math.max(...runs)).to.be.at.least(2);
    expect(await one(database.db, '(select sum(n) from counter)')).to.equal(Number(before) + 4);
  });

  it('repeats a serialization failure as often as two writers need, and no other error', async () => {
    let runs = 0;
    const raise = async (code: string, times: number) => {
      runs = 0;
      return await withTransaction(database.db, async (tx) => {
        runs += 1;
        if (runs <= times) await tx.raw(`do $$ begin raise exception 'x' using errcode = '${code}'; end $$`);
        return 'done';
      });
    };
    expect(await raise('40001', 5)).to.equal('done');
    expect(runs).to.equal(6);
    expect(sqlState(await failure(raise('40001', 1_000)))).to.equal('40001');
    expect(sqlState(await failure(raise('23505', 1)))).to.equal('23505');
    expect(runs).to.equal(1);
  });
});
