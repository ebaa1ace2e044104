import { expect } from 'chai';
import { loadConfig } from '../../lib/config/config.ts';
import { tableCatalogueOf } from '../../lib/process/table-catalogue.ts';
import { createDb, type Db } from '../../db/server/connection.ts';
import { migrate } from '../../db/server/migrate.ts';
import { assertGround, type Purpose } from '../../db/server/preflight.ts';
import { databaseUrl, dropDatabase } from '../../db/server/server.ts';
import { connectDatabase } from '../../lib/process/database.ts';
import { explain } from '../../lib/process/failure.ts';
import { createLogger } from '../../lib/log.ts';
import { startSequences } from '../../lib/process/sequences.ts';
import { testServerUrl } from '../support/server.ts';

const ROLE = `ground_${process.pid}`;
const PASSWORD = 'ground';

describe('the checks of a database before anything is changed', () => {
  let server: string;
  let root: Db;
  const made: string[] = [];
  before('make a role without special rights', async () => {
    server = await testServerUrl();
    root = asRoot('postgres');
    await root.raw(`create role ${ROLE} login password '${PASSWORD}'`);
  });
  after('remove them', async () => {
    for (const name of made) await dropDatabase(server, name);
    await root.raw(`drop role if exists ${ROLE}`);
    await root.destroy();
  });

  const asRoot = (name: string): Db =>
    createDb({ url: databaseUrl(server, name), poolSize: 1, applicationName: 'ground' });

  function urlOf(name: string): string {
    const url = new URL(databaseUrl(server, name));
    Object.assign(url, { username: ROLE, password: PASSWORD });
    return url.href;
  }

  /** A database that a superuser has changed in this way; its `db` connects as the role. */
  async function withDatabase(
    { options = `owner ${ROLE}`, sql = '' }: { options?: string; sql?: string },
    work: (it: { db: Db; root: Db; name: string; url: string }) => Promise<void>,
  ): Promise<void> {
    const name = `ground_${process.pid}_${made.length}`;
    made.push(name);
    await root.raw(`create database ${name} template template0 ${options}`);
    const inside = asRoot(name);
    const db = createDb({ url: urlOf(name), poolSize: 2, applicationName: 'ground' });
    try {
      if (sql !== '') await inside.raw(sql);
      await work({ db, root: inside, name, url: urlOf(name) });
    } finally {
      await db.destroy();
      await inside.destroy();
    }
  }

  /**
   * The message that a person reads; fails if it has a stack trace, or if anything was left behind.
   */
  async function refusal(db: Db, purpose: Purpose = 'migrate'): Promise<string> {
    const before = await relations(db);
    const call = purpose === 'migrate' ? migrate(db) : assertGround(db, purpose);
    const error: unknown = await call.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    if (error === null) throw new Error(`nothing was refused for ${purpose}`);
    const { message } = explain(error);
    expect(message).not.to.match(/fault of Twinbox|\n {4}at /);
    expect(await relations(db)).to.equal(before);
    return message;
  }

  async function relations(db: Db): Promise<number> {
    const { rows } = await db.raw<{ rows: { count: number }[] }>('select count(*) from pg_class');
    return rows[0]?.count ?? 0;
  }

  for (const encoding of ['LATIN1', 'SQL_ASCII'])
    it(`name the encoding ${encoding} and how to make a database in UTF8`, async () => {
      await withDatabase(
        { options: `owner ${ROLE} encoding '${encoding}' locale_provider libc locale 'C'` },
        async ({ db }) => {
          const said = await refusal(db);
          expect(said).to.include(`its encoding is ${encoding}, and Twinbox needs UTF8`);
          expect(said).to.include('createdb --encoding UTF8 --template template0');
          for (const purpose of ['read', 'rows', 'partitions'] as const)
            expect(await refusal(db, purpose)).to.include(encoding);
        },
      );
    });

  it('name the role and the grant where the role may not make tables in its schema', async () => {
    await withDatabase({ options: '' }, async ({ db, root: inside }) => {
      const said = await refusal(db);
      expect(said).to.include(`the role ${ROLE} may not make tables in the schema public`);
      const [, grant = ''] = /(grant create .*?),/.exec(said) ?? [];
      await inside.raw(grant);
      expect(await migrate(db)).not.to.have.length(0);
    });
  });

  it('name a sequence that the table uses without owning it, where its owner is another role', async () => {
    const sql = `create sequence legacy_ids; create table customers (id bigint primary key default nextval('legacy_ids'), name text not null, email text not null);
      alter table customers owner to ${ROLE}`;
    await withDatabase({ sql }, async ({ db, root: inside }) => {
      const said = await refusal(db);
      expect(said).to.include(`the role ${ROLE} may not draw from legacy_ids`);
      const [, grant = ''] = /(grant usage, select.*?)\.$/.exec(said) ?? [];
      await inside.raw(grant);
      expect(await migrate(db)).not.to.have.length(0);
    });
  });

  it('can be made by a role that may only read', async () => {
    const sql = `grant select on all tables in schema public to ${ROLE}; grant select on all sequences in schema public to ${ROLE}`;
    await withDatabase({ options: '' }, async ({ db, root: inside }) => {
      await migrate(inside);
      await inside.raw(sql);
      await assertGround(db, 'read');
      await startSequences({ db, log: createLogger({ level: 'error', format: 'json' }) });
    });
  });

  it('say that no schema of search_path exists, and the command that they name fixes that', async () => {
    await withDatabase(
      { sql: `alter role ${ROLE} set search_path = nowhere` },
      async ({ db, root: inside, url }) => {
        const said = await refusal(db);
        expect(said).to.include('no schema of search_path (nowhere) exists');
        const [, first = '', second = ''] = /(create schema [^;]+); (alter role .+?)\.?$/.exec(said) ?? [];
        await inside.raw(first);
        await inside.raw(second);
        const again = createDb({ url, poolSize: 1, applicationName: 'ground' });
        try {
          expect(await migrate(again)).not.to.have.length(0);
          expect((await assertGround(again, 'partitions')).schema).to.equal('twinbox');
        } finally {
          await again.destroy();
          await inside.raw(`alter role ${ROLE} reset search_path`);
        }
      },
    );
  });

  it('name the owner of a table customers that belongs to another role', async () => {
    const sql = 'create table customers (id bigint primary key, name text not null, email text not null)';
    await withDatabase({ sql }, async ({ db, root: inside }) => {
      const owner = (await inside.raw<{ rows: { name: string }[] }>('select current_user as name')).rows[0]
        ?.name;
      const said = await refusal(db);
      expect(said).to.include(
        `the table customers belongs to ${owner}, and only an owner may change it, not the role ${ROLE}`,
      );
      const [, command = ''] = /(alter table \S+ owner to \w+)/.exec(said) ?? [];
      // Its owner is a superuser, whose role should not be granted.
      expect(said).not.to.match(/\bgrant\b/);
      await inside.raw('grant all on schema public to public');
      await inside.raw(command);
      await migrate(db);
    });
  });

  it('report everything at once, with a number before each point', async () => {
    const sql = `create table customers (id bigint primary key, name text, email text); create table leases (a text);
      revoke execute on function pg_control_system() from public`;
    await withDatabase(
      { options: `encoding 'LATIN1' locale_provider libc locale 'C'`, sql },
      async ({ db, root: inside }) => {
        const said = await refusal(db);
        expect(said.match(/^ {2}\d\. /gm), said).to.have.length(5);
        expect(said).to.match(
          /LATIN1[^]+may not make tables[^]+pg_control_system[^]+leases exists already[^]+customers belongs to/,
        );
        await inside.raw('grant execute on function pg_control_system() to public');
      },
    );
  });

  it('name tables of other programs that have the names of ours', async () => {
    const sql = `create schema authorization ${ROLE} create table connections (a int) create table leases (a int)`;
    await withDatabase({ sql }, async ({ db }) => {
      expect(await refusal(db)).to.include(
        'connections, leases exist already, tables that Twinbox would make',
      );
    });
  });

  it('leave an unforeseen refusal of PostgreSQL in a migration to one sentence that names it', async () => {
    const sql = `create schema authorization ${ROLE} create view sync_event_ids as select 1`;
    await withDatabase({ sql }, async ({ db }) => {
      const said = await refusal(db);
      expect(said).to.equal(
        'PostgreSQL refused the migration 0001-events.sql, and nothing was changed: relation "sync_event_ids" already exists (42P07).',
      );
    });
  });

  it('accept a process with rights on the rows alone, refuse one that makes partitions, and name what is missing', async () => {
    await withDatabase({ options: '' }, async ({ db, root: inside, name }) => {
      await migrate(inside);
      await inside.raw(`grant usage on schema public to ${ROLE}`);
      expect(await refusal(db, 'rows')).to.include(
        `the role ${ROLE} may not read and write account_budgets,`,
      );
      const said = await refusal(db, 'partitions');
      expect(said).to.match(/may not make tables.*[^]*tables \(.*\) belong to .* alter table /);
      // Their owner is a superuser, whose role is not offered to anyone.
      expect(said).not.to.match(/\bgrant \w+ to\b/);
      const granted = (await refusal(db, 'rows')).split(': ').at(-1) ?? '';
      for (const one of granted.replace(/\.$/, '').split('; ')) await inside.raw(one);
      expect((await assertGround(db, 'rows')).database).to.equal(name);
    });
  });

  it('name row security that hides rows, and triggers that a session’s role switches off', async () => {
    await withDatabase({}, async ({ db, root: inside, url }) => {
      await migrate(db);
      await inside.raw('alter table customers enable row level security');
      await inside.raw('alter table customers force row level security');
      await inside.raw(`alter role ${ROLE} set session_replication_role = replica`);
      const later = createDb({ url, poolSize: 1, applicationName: 'ground' });
      try {
        const said = await refusal(later, 'partitions');
        expect(said).to.include('session_replication_role is replica');
        expect(said).to.include(`row security hides rows of customers from the role ${ROLE}`);
      } finally {
        await later.destroy();
        await inside.raw(`alter role ${ROLE} reset session_replication_role`);
      }
    });
  });

  it('wait at a start for a server that takes no writes, and then say so; reading continues', async () => {
    await withDatabase({}, async ({ db, root: inside, name, url }) => {
      await migrate(db);
      await inside.raw(`alter database ${name} set default_transaction_read_only = on`);
      const log = createLogger({ level: 'error', format: 'json' });
      const start = connectDatabase({
        role: 'api',
        url,
        catalogue: tableCatalogueOf(loadConfig({}, { envFile: false })),
        poolSize: 1,
        log,
        patienceMs: 0,
      });
      const error: unknown = await start.catch((thrown: unknown) => thrown);
      expect(explain(error).message).to.match(
        /cannot be used as it is: sessions in this database accept no writes \(default_transaction_read_only is on\): run alter database/,
      );
      const later = createDb({ url, poolSize: 1, applicationName: 'ground' });
      try {
        await assertGround(later, 'read');
      } finally {
        await later.destroy();
      }
    });
  });

  it('accept an ordinary database, and know its locale', async () => {
    const options = `owner ${ROLE} locale_provider icu icu_locale 'tr-TR' locale 'C'`;
    await withDatabase({ options }, async ({ db }) => {
      await migrate(db);
      for (const purpose of ['migrate', 'partitions', 'rows', 'read'] as const)
        expect(await assertGround(db, purpose)).to.include({
          encoding: 'UTF8',
          provider: 'icu',
          locale: 'tr-TR',
        });
    });
  });
});
