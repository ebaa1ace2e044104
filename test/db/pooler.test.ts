// The whole of Twinbox behind a real PgBouncer, in the modes that docs/pooler.md names.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { expect } from 'chai';
import { runPrepared } from '../../db/server/prepared.ts';
import { createDb, withTransaction, type Db } from '../../db/server/connection.ts';
import { call, callStripe, noLimits, usePlace, type Up } from '../cli/twinbox.ts';
import { migrate, planMigration } from '../../db/server/migrate.ts';
import { createAnnouncer, listenForEvents } from '../../lib/process/waking.ts';
import { databasePart } from '../../lib/health/readiness.ts';
import { ownCatalogue } from '../support/catalogues.ts';
import { useDatabase } from '../support/database.ts';
import { createSignal, waitUntil } from '../support/signal.ts';
import { findPooler, type PoolerProgram } from './pooler-program.ts';
import { createPooler, type Pooler } from './pooler-server.ts';

type Customer = { id: number; name: string };
type Found = { data: { id: string }[] };

const DOCS = resolve(import.meta.dirname, '../../docs/pooler.md');

/** The block `[pgbouncer]` of docs/pooler.md for this mode: the test uses exactly its settings. */
async function documented(mode: string): Promise<Record<string, string>> {
  const blocks = (await readFile(DOCS, 'utf8')).match(/(?<=```ini\n)[^`]*/g) ?? [];
  const block = blocks.find((text) => text.includes(`pool_mode = ${mode}`)) ?? '';
  const lines = block.slice(block.indexOf('[pgbouncer]')).matchAll(/^(\w+) = (.*?)(?: +;.*)?$/gm);
  return Object.fromEntries([...lines].map(([, name = '', value = '']) => [name, value]));
}

describe('behind PgBouncer', function () {
  this.timeout(240_000);
  const database = useDatabase();
  const place = usePlace(() => ({ DATABASE_URL: pooler.url, DATABASE_POOL_SIZE: '4' }));
  let program: PoolerProgram;
  let pooler: Pooler;

  before('find it', async function () {
    const found = await findPooler();
    if ('missing' in found) {
      console.error(`\n*** POOLER TESTS SKIPPED: ${found.missing} ***\n`);
      return this.skip();
    }
    program = found;
  });
  afterEach('remove it', async () => {
    await (pooler as Pooler | undefined)?.remove();
  });

  const SOON = { timeoutMs: 60_000, everyMs: 100 };

  for (const mode of ['session', 'transaction'])
    it(`in ${mode} mode a customer reaches Stripe, edits go both ways, the pooler is restarted, and both sides agree`, async () => {
      const settings = await documented(mode);
      expect(settings).to.include({ pool_mode: mode });
      // A tenth of the documented sizes, so that the test finds work that needs more connections.
      const size = mode === 'transaction' ? { default_pool_size: '2' } : {};
      pooler = await createPooler(program, database.url, { ...settings, ...size });
      const up = await place.up();
      await noLimits(up);
      const email = (name: string) => `${name}.${mode}@example.com`;
      const make = (name: string) =>
        call<Customer>('POST', `${up.api}/api/v1/customers`, { name, email: email(name) });
      const here = (id: number) => call<Customer>('GET', `${up.api}/api/v1/customers/${id}`);
      const [ada, grace] = await Promise.all([make('ada'), make('grace'), ...crowd(mode, up)]);
      const theirs = (name: string) =>
        callStripe<Found>(up, 'GET', `/v1/customers?email=${encodeURIComponent(email(name))}`);
      const id = await waitUntil(async () => (await theirs('ada')).data[0]?.id, {
        ...SOON,
        what: 'ada is at Stripe',
      });
      await callStripe(up, 'POST', `/v1/customers/${id}`, { name: 'Ada Lovelace' });
      await waitUntil(async () => (await here(ada.id)).name === 'Ada Lovelace', {
        ...SOON,
        what: 'the edit is in our table',
      });

      await pooler.stop();
      await pooler.start();
      await callStripe(up, 'POST', `/v1/customers/${id}`, { name: 'Ada King' });
      const renamed = () =>
        call('PATCH', `${up.api}/api/v1/customers/${grace.id}`, { name: 'Grace Hopper' }).then(
          () => true,
          () => false,
        );
      await waitUntil(renamed, { ...SOON, what: 'a write goes' });
      await waitUntil(async () => (await here(ada.id)).name === 'Ada King', {
        ...SOON,
        what: 'the next edit is in our table',
      });
      await call('DELETE', `${up.api}/api/v1/customers/${grace.id}`);
      await waitUntil(async () => (await theirs('grace')).data.length === 0, {
        ...SOON,
        what: 'the delete is at Stripe',
      });
      await call('GET', `${up.simulator}/_sim/webhooks/idle`);
      const verified = await place.run(['verify', '--wait', '60']);
      expect(verified.stdout).to.match(/customers agree, 0 drift\n$/);
      expect(verified.code, verified.stderr).to.equal(0);
      up.process.kill('SIGTERM');
      expect(await up.exited, up.stderr()).to.equal(0);
      expect(up.stderr()).not.to.match(/prepared statement|startup parameter|SECURITY/);
    });

  /** More requests at a time than the pooler has sessions. */
  function crowd(mode: string, up: Up): Promise<Customer>[] {
    return Array.from({ length: 12 }, (_, n) =>
      call<Customer>('POST', `${up.api}/api/v1/customers`, {
        name: `N ${n}`,
        email: `n${n}.${mode}@example.com`,
      }),
    );
  }

  async function value(on: Db, setting: string): Promise<string | undefined> {
    const { rows } = await on.raw<{ rows: { value: string }[] }>(
      `select current_setting('${setting}') as value`,
    );
    return rows[0]?.value;
  }

  it('in transaction mode each transaction has the settings it needs, and another program’s session has none of ours', async () => {
    await database.db.raw(`alter database "${database.name}" set datestyle to 'German'`);
    await database.db.raw(`alter database "${database.name}" set array_nulls to off`);
    pooler = await createPooler(program, database.url, {
      ...(await documented('transaction')),
      default_pool_size: '1',
    });
    const db = createDb({ url: pooler.url, poolSize: 1, applicationName: 'ours' });
    const another = createDb({ url: pooler.url, poolSize: 1, applicationName: 'another' });
    try {
      expect(await value(db, 'DateStyle')).to.equal('ISO, DMY');
      expect(await value(db, 'statement_timeout')).to.equal('0');
      // As another program leaves the one session that both are lent.
      await another.raw(`set datestyle to 'SQL, MDY'; set array_nulls to off`);
      expect(await value(another, 'DateStyle')).to.equal('SQL, MDY');
      const inside = await withTransaction(db, async (tx) => [
        await value(tx, 'DateStyle'),
        await value(tx, 'array_nulls'),
        await value(tx, 'statement_timeout'),
        await value(tx, 'idle_in_transaction_session_timeout'),
      ]);
      expect(inside).to.deep.equal(['ISO, DMY', 'on', '30s', '1min']);
      expect(await value(another, 'statement_timeout')).to.equal('0');
      expect(await value(another, 'DateStyle')).to.equal('SQL, MDY');
    } finally {
      await db.destroy();
      await another.destroy();
    }
  });

  it('in transaction mode no statement is prepared, since the next session would not know it', async () => {
    pooler = await createPooler(program, database.url, {
      ...(await documented('transaction')),
      default_pool_size: '1',
    });
    const db = createDb({ url: pooler.url, poolSize: 1, applicationName: 'ours' });
    try {
      for (const n of [1, 2])
        expect(await runPrepared(db, 'select :n::integer as n', { n })).to.deep.include({ rows: [{ n }] });
      const { rows } = await db.raw<{ rows: unknown[] }>('select from pg_prepared_statements');
      expect(rows).to.have.length(0);
    } finally {
      await db.destroy();
    }
  });

  it('in transaction mode no relay listens, but an announcement reaches a relay that is connected to PostgreSQL itself', async () => {
    pooler = await createPooler(program, database.url, await documented('transaction'));
    const found = createSignal();
    const log = { warn: () => undefined, info: () => found.fire() };
    const behind = listenForEvents({ url: pooler.url, log, onEvents: () => undefined });
    const heard = [createSignal(), createSignal()];
    let count = 0;
    const direct = listenForEvents({ url: database.url, log, onEvents: () => heard[count++]?.fire() });
    const db = createDb({ url: pooler.url, poolSize: 1, applicationName: 'ours' });
    try {
      await found.promise;
      expect(behind.isOn()).to.equal(false);
      await heard[0]?.promise;
      const { nudge, settle } = createAnnouncer({ db, log });
      nudge();
      await heard[1]?.promise;
      await settle();
      // It was stated for the announcement alone.
      expect(await value(db, 'synchronous_commit')).to.equal('on');
    } finally {
      await Promise.all([behind.stop(), direct.stop(), db.destroy()]);
    }
  });

  it('in transaction mode migrate makes the index of a filter, and leaves no setting in the session', async () => {
    pooler = await createPooler(program, database.url, {
      ...(await documented('transaction')),
      default_pool_size: '1',
    });
    const { table } = ownCatalogue({
      entities: { customer: { fields: { name: { indexed: true } } } },
    });
    const db = createDb({ url: pooler.url, poolSize: 1, applicationName: 'ours' });
    try {
      await db.raw(`set statement_timeout = '7min'`); // as another program leaves the shared session
      expect(await migrate(db, { catalogue: table })).to.deep.equal(['customers']);
      expect((await planMigration(db, table)).additions).to.deep.equal([]);
      expect(await value(db, 'statement_timeout')).to.equal('7min');
    } finally {
      await db.destroy();
    }
  });

  it('a refusal of the pooler is reported in its own text, with what to do', async () => {
    pooler = await createPooler(program, database.url, { pool_mode: 'session', max_client_conn: '100' });
    const status = async (change: (url: URL) => void) => {
      const url = new URL(pooler.url);
      change(url);
      return await place.run(['status'], { env: { DATABASE_URL: url.href } });
    };
    const refused = await status((url) => url.searchParams.set('options', '-c work_mem=8MB'));
    expect(refused.stderr).to.match(/unsupported startup parameter.*options.*ignore_startup_parameters/);
    expect(refused.stderr).not.to.match(/does not answer|Start it|fault of Twinbox/);
    expect(refused.code).to.equal(69);
    const unknown = await status((url) => (url.pathname = '/nowhere'));
    expect(unknown.stderr).to.match(/bouncer config error|no such database|no mapping/);
    expect(unknown.stderr).not.to.match(/does not answer|Start it|fault of Twinbox/);
    expect(unknown.code).to.equal(69);
  });

  it('a pool in session mode without a free session is named as such', async () => {
    pooler = await createPooler(program, database.url, { pool_mode: 'session', default_pool_size: '1' });
    const holder = createDb({ url: pooler.url, poolSize: 1, applicationName: 'holder' });
    try {
      await withTransaction(holder, async () => {
        const { code, stderr } = await place.run(['status']);
        expect(stderr).to.match(/No session of the database is free.*default_pool_size/);
        expect(code).to.equal(69);
      });
    } finally {
      await holder.destroy();
    }
  });

  it('in statement mode every start, status and doctor say that a transaction cannot span several statements', async () => {
    const settings = { pool_mode: 'statement', max_client_conn: '100' };
    pooler = await createPooler(program, database.url, settings);
    const said = /this pooler .*cannot span statements.*pool_mode = transaction.*docs\/pooler\.md/is;
    for (const command of ['migrate', 'up', 'status']) {
      const { code, stderr } = await place.run([command]);
      expect(stderr, command).to.match(said);
      expect(stderr, command).not.to.match(/fault of Twinbox/);
      expect(code, command).to.equal(69);
    }
    const { code, stdout } = await place.run(['doctor', '--json']);
    const { checks } = JSON.parse(stdout) as {
      checks: { name: string; level: string; says: string; fix?: string }[];
    };
    const found = checks.filter(({ level }) => level === 'problem');
    expect(found.map(({ name }) => name)).to.deep.equal(['database']);
    expect(`${found[0]?.says} ${found[0]?.fix}`).to.match(said);
    expect(code).to.equal(1);
    const db = createDb({ url: pooler.url, poolSize: 2, applicationName: 'ready' });
    try {
      const part = await databasePart(db)();
      expect(part.ready).to.equal(false);
      expect(part.problem).to.match(said);
    } finally {
      await db.destroy();
    }
  });
});
