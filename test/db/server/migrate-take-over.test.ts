import { expect } from 'chai';
import type { Db } from '../../../db/server/connection.ts';
import { insertCustomer } from '../../support/customers.ts';
import { findListed } from '../../../db/mappings/adopt.ts';
import { migrate } from '../../../db/server/migrate.ts';
import { newEventId } from '../../../lib/uuid.ts';
import { ownCatalogue } from '../../support/catalogues.ts';
import { createTestDatabase } from '../../support/database.ts';
import { rowsRead } from '../../support/rows-read.ts';

describe('migrate, where a table customers exists already', () => {
  let db: Db;
  let drop: () => Promise<unknown>;

  beforeEach('an unmigrated database', async () => {
    ({ db, drop } = await createTestDatabase({ migrated: false }));
  });
  afterEach('remove it', async () => {
    await db.destroy();
    await drop();
  });

  const plain = `
    create table customers (id serial primary key, name varchar(80) not null, email varchar(120) unique, plan text, created_at timestamp default now());
    create table invoices (id bigserial primary key, customer integer not null references customers);
    insert into customers (name, email, plan) values ('Ada', 'Ada@example.com', 'gold'), (' Grace ', 'grace@example.com', null);
    insert into invoices (customer) values (1)`;

  it('takes the table over with its rows, its other columns and the references to it', async () => {
    await run(plain);
    await migrate(db);
    expect(await rows(`select id, name, email, plan, version from customers order by id`)).to.deep.equal([
      { id: 1, name: 'Ada', email: 'Ada@example.com', plan: 'gold', version: 1 },
      { id: 2, name: 'Grace', email: 'grace@example.com', plan: null, version: 1 },
    ]);
    expect(await rows(`select customer from invoices`)).to.deep.equal([{ customer: 1 }]);
  });

  it('says that a column loses its limit of length, and that an id without default becomes an identity', async () => {
    await run(plain);
    const said: string[] = [];
    await migrate(db, { say: (sentence) => said.push(sentence) });
    expect(said.filter((sentence) => sentence.includes('without a limit of length'))).to.deep.equal([
      'customers.name is character varying(80) and becomes text without a limit of length. To keep the limit: ' +
        'alter table customers add check (length(name) <= 80).',
      'customers.email is character varying(120) and becomes text without a limit of length. To keep the limit: ' +
        'alter table customers add check (length(email) <= 120).',
    ]);
    expect(said.join()).not.to.match(/identity/);
    const again: string[] = [];
    await migrate(db, { say: (sentence) => again.push(sentence) });
    expect(again.join()).not.to.match(/limit of length/);
  });

  it('says once that an id has no default', async () => {
    await run(`create table customers (id bigint primary key, name text not null, email text not null)`);
    const said: string[] = [];
    await migrate(db, { say: (sentence) => said.push(sentence) });
    expect(said.join('\n')).to.match(/^customers\.id has no default\. It becomes an identity column/m);
  });

  it('names up to five rows that prevent the take-over', async () => {
    await run(
      `create table customers (id bigint primary key, name text, email text, updated_at timestamp);
       insert into customers select n, case when n % 2 = 0 then '' else 'Ada' end, 'e' || n || '@x.io' from generate_series(1, 14) n;
       update customers set email = 'E1@x.io' where id = 3`,
    );
    const refused = await migrate(db).catch((error: unknown) => error);
    expect(String(refused)).to.match(/7 rows have no name or no email \(id 2, 4, 6, 8, 10, …\)/);
    expect(String(refused)).to.match(/2 rows share their email with another one \(.*?\) \(id 1, 3\)/);
  });

  it('gives each row its event, and a mapping that waits until a person has decided which record belongs to it', async () => {
    await run(plain);
    await migrate(db, { catalogue: ownCatalogue({}).table });
    expect(
      await rows(
        `select e.event_type, e.entity_key, e.version, e.payload -> 'customer_data' ->> 'name' as name
         from customers c join sync_events e on e.id = c.last_event_id and e.event_id = c.created_event_id order by c.id`,
      ),
    ).to.deep.equal([
      { event_type: 'customer.created', entity_key: 'customer:1', version: 1, name: 'Ada' },
      { event_type: 'customer.created', entity_key: 'customer:2', version: 1, name: 'Grace' },
    ]);
    expect(
      await rows(`select internal_id, system, state, reason from external_mappings order by id`),
    ).to.deep.equal([
      { internal_id: 1, system: 'stripe', state: 'waiting', reason: 'not_linked' },
      { internal_id: 2, system: 'stripe', state: 'waiting', reason: 'not_linked' },
    ]);
  });

  it('gives new customers ids after the old ones, and lets the email of a deleted one be used again', async () => {
    await run(plain);
    await migrate(db);
    const now = new Date();
    const stamp = () => ({ eventId: newEventId(now), source: 'internal', context: {}, now });
    const made = await insertCustomer(db, { name: 'Linus', email: 'linus@example.com' }, stamp());
    expect(made.id).to.equal(3);
    const again = await insertCustomer(db, { name: 'Twice', email: 'ADA@example.com' }, stamp()).catch(
      (error: unknown) => error,
    );
    expect(again).to.include({ constraint: 'customers_email' });
    await run(
      `begin; update customers set deleted_at = now(), version = version + 1, last_event_id = next_sync_event_id() where id = 1;
       select write_customer_event(1); commit`,
    );
    expect((await insertCustomer(db, { name: 'Ada', email: 'ada@example.com' }, stamp())).id).to.equal(5);
  });

  it('lets other programs change their columns as before, long after the event is gone, and still protects ours', async () => {
    await run(plain);
    await migrate(db);
    await run(`update customers set plan = 'silver' where id = 1`);
    await db.transaction((tx) =>
      tx.raw(`set local session_replication_role = replica; delete from sync_events`),
    );
    await run(`update customers set plan = 'bronze' where id = 1`);
    expect(await rows(`select plan, version from customers where id = 1`)).to.deep.equal([
      { plan: 'bronze', version: 1 },
    ]);
    const error = await run(`update customers set name = 'Eve' where id = 1`).catch(
      (caught: unknown) => caught,
    );
    expect(error).to.include({ code: 'TB001' });
  });

  it('takes over a table without times, with ids that the application gives, and without any row', async () => {
    await run(`create table customers (id bigint primary key, name text, email text)`);
    await migrate(db);
    const stamp = { eventId: newEventId(new Date()), source: 'internal', context: {}, now: new Date() };
    expect((await insertCustomer(db, { name: 'First', email: 'first@example.com' }, stamp)).id).to.equal(1);
    expect(await rows(`select count(*) from external_mappings`)).to.deep.equal([{ count: 0 }]);
  });

  it('keeps the existing times, though a trigger of the table sets them at each change', async () => {
    await run(`create table customers (id serial primary key, name text, email text, updated_at timestamptz);
      insert into customers (name, email, updated_at) values ('Ada', 'ada@example.com', '2020-01-01Z'), ('Eve', 'eve@example.com', null);
      create table changes (customer int);
      create function touch() returns trigger language plpgsql as $$
        begin insert into changes values (new.id); new.updated_at := now(); return new; end $$;
      create trigger touch before update on customers for each row execute function touch()`);
    await migrate(db);
    expect(
      await rows(`select updated_at = '2020-01-01Z' as kept, version from customers order by id`),
    ).to.deep.equal([
      { kept: true, version: 1 },
      { kept: false, version: 1 },
    ]);
    expect(await rows(`select * from changes`)).to.deep.equal([]);
    await run(`begin; update customers set name = 'Ada King', version = version + 1, last_event_id = next_sync_event_id() where id = 1;
      select write_customer_event(1); commit`);
    expect(
      await rows(`select name, updated_at > '2020-01-01Z' as touched from customers where id = 1`),
    ).to.deep.equal([{ name: 'Ada King', touched: true }]);
  });

  it('takes over a table with deferred references to others, in its own schema, with unusual texts', async () => {
    await run(`create extension citext; create table plans (code text primary key); insert into plans values ('gold');
      create table customers (id smallint primary key generated by default as identity, name char(20), email citext unique not null,
        plan text references plans deferrable initially deferred, loud text generated always as (upper(plan)) stored);
      create table invoices (customer smallint references customers deferrable initially deferred);
      create function seen() returns trigger language plpgsql as $$ begin return null; end $$;
      create constraint trigger seen after update on customers deferrable initially deferred for each row execute function seen();
      insert into customers (name, email, plan) values ('Ada', 'Ada@example.com', 'gold'), ('Eve', E' eve@example.com\r\n', null);
      insert into invoices values (1)`);
    await migrate(db);
    expect(await rows(`select id, name, email, loud from customers order by id`)).to.deep.equal([
      { id: 1, name: 'Ada', email: 'Ada@example.com', loud: 'GOLD' },
      { id: 2, name: 'Eve', email: 'eve@example.com', loud: null },
    ]);
    const stamp = { eventId: newEventId(new Date()), source: 'internal', context: {}, now: new Date() };
    expect((await insertCustomer(db, { name: 'New', email: 'new@example.com' }, stamp)).id).to.equal(3);
  });

  it('takes over a table that views, policies and triggers use, where nothing of it has to be changed', async () => {
    await run(`create table customers (id bigserial primary key, name text, email text, created_at timestamptz not null default now());
      insert into customers (name, email) values ('Ada', 'ada@example.com');
      create view people as select id, name, email, created_at from customers;
      create function seen() returns trigger language plpgsql as $$ begin return null; end $$;
      create trigger seen after update of email on customers for each row execute function seen()`);
    await migrate(db);
    expect(await rows(`select id, name from people`)).to.deep.equal([{ id: 1, name: 'Ada' }]);
  });

  it('reads from a table just taken over only the rows that match a page of records', async () => {
    await run(`create table customers (id serial primary key, name text, email text);
      insert into customers (name, email) select 'Person', 'p' || n || '@example.com' from generate_series(1, 2000) n`);
    await migrate(db);
    const records = Array.from({ length: 100 }, (_, n) => ({
      externalId: `cus_${n}`,
      ownerTag: null,
      identity: `P${n + 1}@example.com`,
    }));
    const { scanned, fetched } = await rowsRead(db, async (tx) => {
      const where = { system: 'stripe', account: '', entityType: 'customer', externalType: 'customer' };
      expect(await findListed(tx, where, records)).to.have.length(100);
    });
    expect(scanned['customers'] ?? 0).to.equal(0);
    expect(scanned['external_mappings'] ?? 0).to.equal(0);
    expect((fetched['customers'] ?? 0) + (fetched['external_mappings'] ?? 0)).to.be.at.most(1_000);
  });

  const unfit: [string, string, RegExp][] = [
    [
      'numbers that are none',
      `create table customers (id uuid primary key, name text, email text)`,
      /no column id/,
    ],
    ['no email', `create table customers (id int primary key, name text)`, /no column email/],
    ['no primary key', `create table customers (id int, name text, email text)`, /primary key/],
    [
      'a column that must be filled',
      `create table customers (id int primary key, name text, email text, tenant int not null)`,
      /column tenant is not null/,
    ],
    [
      'a column with a name of ours',
      `create table customers (id int primary key, name text, email text, version int)`,
      /column version .* rename it/,
    ],
    [
      'rows without an email',
      `create table customers (id int primary key, name text, email text); insert into customers values (1, 'A', ' ')`,
      /1 rows have no name or no email/,
    ],
    [
      'an email twice',
      `create table customers (id int primary key, name text, email text); insert into customers values (1, 'A', 'a@example.com'), (2, 'B', 'A@example.com')`,
      /2 rows share their email/,
    ],
    [
      'rows marked deleted',
      `create table customers (id int primary key, name text, email text, deleted_at timestamp); insert into customers values (1, 'A', 'a@example.com', now())`,
      /1 rows are marked deleted/,
    ],
    [
      'a view upon a column that has to change',
      `create table customers (id int primary key, name text, email text); create view people as select id from customers`,
      /view people .* column id, which has to become bigint/,
    ],
    [
      'a computed email',
      `create table customers (id int primary key, name text, email text generated always as (lower(name)) stored)`,
      /column email is computed/,
    ],
    [
      'a table that refers to the email',
      `create table customers (id int primary key, name text, email text unique); create table bills (email text references customers (email))`,
      /table bills refers to its email/,
    ],
    [
      'emails that differ only in blanks around them',
      `create table customers (id int primary key, name text, email text); insert into customers values (1, 'A', 'a@example.com'), (2, 'B', E'a@example.com\r')`,
      /2 rows share their email/,
    ],
    [
      'another schema than the one for new tables',
      `create schema app; create table customers (id int primary key, name text, email text); set search_path = app, public`,
      /schema public/,
    ],
    ['no table at all', `create view customers as select 1 as id`, /no plain table/],
  ];
  for (const [what, sql, says] of unfit) {
    it(`refuses a table with ${what}, says what to fix, and changes nothing`, async () => {
      await run(sql);
      const before = await tables();
      const error = await migrate(db).catch((caught: unknown) => caught);
      expect(error).to.include({ code: 'table_unfit' });
      expect(error).to.have.property('message').that.matches(says);
      expect(await tables()).to.deep.equal(before);
    });
  }

  it('names all obstacles at once', async () => {
    await run(`create table customers (id int, name text, version int, tenant int not null)`);
    const error = await migrate(db).catch((caught: unknown) => caught);
    expect(error)
      .to.have.property('message')
      .that.matches(/no column email.*primary key.*version.*tenant/);
  });

  async function run(sql: string): Promise<void> {
    await db.raw(sql);
  }

  async function rows(sql: string): Promise<object[]> {
    return (await db.raw<{ rows: object[] }>(sql)).rows;
  }

  async function tables(): Promise<object[]> {
    return rows(
      `select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
       where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v') and c.relname not like 'schema_migrations%' order by 1, 2`,
    );
  }
});
