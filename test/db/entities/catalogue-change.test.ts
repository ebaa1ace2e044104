import { expect } from 'chai';
import { insertRow, isIdentityTaken, readRow } from '../../../db/entities/rows.ts';
import type { Db } from '../../../db/server/connection.ts';
import { assertMigrated, migrate, planMigration } from '../../../db/server/migrate.ts';
import type { UserEntity, UserField, UserRule } from '../../../lib/catalogue/define-config.ts';
import { newEventId } from '../../../lib/uuid.ts';
import { ownCatalogue, type OwnCatalogue } from '../../support/catalogues.ts';
import { createTestDatabase } from '../../support/database.ts';

const PHONE: UserField = { type: 'text', maxLength: 20 };
const PLAN: UserField = { type: 'enum', values: ['free', 'team'] };

const own = (entity: UserEntity, ...fields: UserRule[]): OwnCatalogue =>
  ownCatalogue({ entities: { customer: entity }, systems: { stripe: { customer: { fields } } } });

const stamp = () => ({ eventId: newEventId(new Date()), source: 'internal', context: {}, now: new Date() });

describe('a catalogue that changes', () => {
  let db: Db;
  let drop: () => Promise<unknown>;
  const was = own(
    { fields: { phone: PHONE, plan: PLAN } },
    { internal: 'phone', external: 'phone' },
    { internal: 'plan', external: 'metadata.plan' },
  );

  beforeEach('a database with a pair', async () => {
    ({ db, drop } = await createTestDatabase());
    await migrate(db, { catalogue: was.table });
    await insertRow(
      db,
      was.entity,
      { name: 'Ada', email: 'ada@example.com', phone: '1', plan: 'team' },
      stamp(),
    );
    await db.raw(
      `insert into external_mappings (entity_type, internal_id, system, account, external_type, external_id, state, shadow, intent)
       values ('customer', 1, 'stripe', 'acct_1', 'customer', 'cus_1', 'linked',
         '{"name": {"ours": "Ada", "theirs": "Ada"}, "phone": {"ours": "1", "theirs": "1"}, "plan": {"ours": "team", "theirs": "team"}}',
         '{"id": "i", "fields": {"plan": {"ours": "free", "seen": "team"}, "phone": {"ours": "2", "seen": "1"}}}')`,
    );
  });
  afterEach('remove it', async () => {
    await db.destroy();
    await drop();
  });

  it('is refused by a process until it is migrated, with what would be done', async () => {
    const { table } = own(
      { fields: { phone: PHONE, plan: PLAN, city: { type: 'text' } } },
      { internal: 'phone', external: 'phone' },
      { internal: 'plan', external: 'metadata.tier' },
      { internal: 'city', external: 'address.city' },
    );
    const refused = await error(assertMigrated(db, table));
    expect(refused).to.include({ code: 'catalogue_changed' });
    expect(String(refused))
      .to.include('the configuration is another one than this database was migrated with')
      .and.include('The column customers.city (text) is added for the field city.')
      .and.include('plan was metadata.plan at stripe, and is metadata.tier now: 1 pair meet')
      .and.include('city ↔ address.city at stripe: 1 pair get it at the next change or comparison')
      .and.include('Run: npx twinbox migrate (npx twinbox migrate --plan shows it first)');
    await migrate(db, { catalogue: table });
    await assertMigrated(db, table);
    expect(String(await error(assertMigrated(db, was.table)))).to.include(
      'The field city is kept in step no longer. Its column customers.city and its values stay.',
    );
  });

  it('gets a field whose column is made, empty in every row, and without a version', async () => {
    const { entity, table } = own({ fields: { phone: PHONE, plan: PLAN, seats: { type: 'integer' } } });
    expect((await planMigration(db, table)).additions).to.deep.equal([
      'The column customers.seats (bigint) is added for the field seats.',
    ]);
    await migrate(db, { catalogue: table });
    const row = await readRow(db, entity, 1);
    expect(row?.fields).to.deep.equal({
      ...{ name: 'Ada', email: 'ada@example.com', phone: '1', plan: 'team', seats: null },
    });
    expect(row?.version).to.equal(1);
    await refuses(`update customers set seats = 3 where id = 1`, 'TB001');
  });

  it('gets a field whose column is there, with its values', async () => {
    await db.raw(`alter table customers add city varchar(30); update customers set city = 'Oslo'`);
    const { entity, table } = own({ fields: { phone: PHONE, plan: PLAN, city: { type: 'text' } } });
    expect((await planMigration(db, table)).additions).to.deep.equal([
      'The column customers.city that is there becomes the field city.',
    ]);
    await migrate(db, { catalogue: table });
    expect((await readRow(db, entity, 1))?.fields).to.include({ city: 'Oslo' });
    await refuses(`update customers set city = 'Rome' where id = 1`, 'TB001');
  });

  const UNFIT: [string, string, Record<string, UserField>, string][] = [
    [
      'a column of another type',
      `alter table customers add seats real`,
      { seats: { type: 'integer' } },
      'the table customers does not fit: its column seats is real, and the field seats (integer) needs one of the types int2, int4, int8',
    ],
    [
      'a computed column',
      `alter table customers add shout text generated always as (upper(name)) stored`,
      { shout: { type: 'text' } },
      'the table customers does not fit: its column shout is computed',
    ],
    [
      'a required field without a column, where rows are',
      `select 1`,
      { seats: { type: 'integer', required: true } },
      'the table customers does not fit: it has no column seats of one of the types int2, int4, int8',
    ],
    [
      'a required field that rows lack',
      `alter table customers add seats int`,
      { seats: { type: 'integer', required: true } },
      'the table customers does not fit: 1 rows have no seats (id 1)',
    ],
    [
      'a column that must be filled, and is no field any more',
      `alter table customers add tenant int; update customers set tenant = 1; set constraints all immediate; alter table customers alter tenant set not null`,
      { city: { type: 'text' } },
      'the table customers does not fit: its column tenant is not null and has no default, so Twinbox could not add a customer',
    ],
    [
      'an optional field whose column must be filled',
      `alter table customers add tenant int; update customers set tenant = 1; set constraints all immediate; alter table customers alter tenant set not null`,
      { tenant: { type: 'integer' } },
      'the table customers does not fit: its column tenant is not null: declare the field tenant as required',
    ],
  ];
  for (const [what, sql, more, says] of UNFIT) {
    it(`is refused for ${what}, in the plan and in the run`, async () => {
      await db.raw(sql);
      const { table } = own({ fields: { phone: PHONE, plan: PLAN, ...more } });
      expect((await planMigration(db, table)).problems).to.deep.equal([says]);
      const refused = await error(migrate(db, { catalogue: table }));
      expect(refused).to.include({ code: 'table_unfit', message: says });
      await assertMigrated(db, was.table);
    });
  }

  it('makes a field required where every row has a value, and then no row without one is possible', async () => {
    const { table } = own({ fields: { phone: { ...PHONE, required: true }, plan: PLAN } });
    expect((await planMigration(db, table)).additions).to.include(
      'The field phone has to have a value from now on.',
    );
    await migrate(db, { catalogue: table });
    await refuses(
      `update customers set phone = null, version = version + 1, last_event_id = next_sync_event_id() where id = 1`,
      '23502',
    );
  });

  it('loses a field: the values stay on both sides, and the guards let the column go', async () => {
    const { entity, table } = own({ fields: { plan: PLAN } }, { internal: 'plan', external: 'metadata.plan' });
    const { consequences } = await planMigration(db, table);
    expect(consequences).to.deep.equal([
      'The field phone is kept in step no longer. Its column customers.phone and its values stay.',
      'phone ↔ phone at stripe is kept in step no longer in 1 pair. Both sides keep what they have.',
    ]);
    await migrate(db, { catalogue: table });
    expect((await readRow(db, entity, 1))?.fields).to.not.have.property('phone');
    expect(await rows(`select phone from customers`)).to.deep.equal([{ phone: '1' }]);
    await db.raw(`update customers set phone = '2' where id = 1`);
    expect(await pair()).to.deep.equal({ shadow: ['name', 'plan'], intent: ['plan'] });
  });

  it('forgets the common value of a field that is mapped anew, in pairs and in open requests, and of no other', async () => {
    const { table } = own(
      { fields: { phone: PHONE, plan: PLAN } },
      { internal: 'phone', external: 'phone' },
      { internal: 'plan', external: 'metadata.tier' },
    );
    await migrate(db, { catalogue: table });
    expect(await pair()).to.deep.equal({ shadow: ['name', 'phone'], intent: ['phone'] });
    expect((await planMigration(db, table)).consequences).to.deep.equal([]);
  });

  it('follows a table that its owner has renamed', async () => {
    await db.raw(`alter table customers rename to clients`);
    const { entity, table } = own(
      { table: 'clients', fields: { phone: PHONE, plan: PLAN } },
      { internal: 'phone', external: 'phone' },
      { internal: 'plan', external: 'metadata.plan' },
    );
    const { additions, consequences, problems } = await planMigration(db, table);
    expect({ additions, consequences, problems }).to.deep.equal({
      additions: ['The table customers is called clients now.'],
      consequences: [],
      problems: [],
    });
    await migrate(db, { catalogue: table });
    const values = { name: 'Bo', email: 'bo@example.com' };
    await insertRow(db, entity, values, stamp());
    const twice = await error(insertRow(db, entity, values, stamp()));
    expect(isIdentityTaken(entity, twice), String(twice)).to.equal(true);
    await refuses(`update clients set name = 'X' where id = 1`, 'TB001');
    await refuses(`delete from clients where id = 1`, 'TB003');
    expect(
      await rows(
        `select relname as name from pg_class where relname like 'customers%' and relkind = 'i' and relname <> 'customers_pkey'
         union all select proname from pg_proc where proname like 'customers%' union all select tgname from pg_trigger where tgname like 'customers%'`,
      ),
    ).to.deep.equal([]);
  });

  it('follows a column of the identity that its owner has renamed', async () => {
    await db.raw(`alter table customers rename email to mail`);
    const { entity, table } = own({ fields: { email: { column: 'mail' }, phone: PHONE, plan: PLAN } });
    await migrate(db, { catalogue: table });
    const values = { name: 'Eve', email: 'ADA@example.com' };
    const twice = await error(insertRow(db, entity, values, stamp()));
    expect(isIdentityTaken(entity, twice), String(twice)).to.equal(true);
  });

  it('names the rows that share what becomes the identity’s column', async () => {
    await insertRow(db, was.entity, { name: 'Bo', email: 'bo@example.com' }, stamp());
    await db.raw(`alter table customers add mail text; alter table customers alter email drop not null; update customers set mail = 'same'`);
    const { table } = own({ fields: { email: { column: 'mail' }, phone: PHONE, plan: PLAN } });
    const refused = await error(migrate(db, { catalogue: table }));
    expect(String(refused), String(refused)).to.include('2 rows share their email with another one').and.include('(id 1, 2)');
  });

  const REFUSED: [string, string | null, UserEntity, string][] = [
    [
      'another table, while the first is there',
      null,
      { table: 'clients' },
      'a customer was a row of customers, and is to be one of clients: what is linked are rows of customers. ' +
        'Rename the table itself (alter table customers rename to clients), or use another database',
    ],
    [
      'a table that is not there, and the first is gone',
      `alter table customers rename to people`,
      { table: 'clients' },
      'the rows of a customer were in the table customers, which is not there any more, and there is no table clients. ' +
        'Give the table its name again, or use another database',
    ],
    [
      'another table than the renamed one',
      `alter table customers rename to people; create table clients (id int primary key, name text, email text, phone text, plan text)`,
      { table: 'clients' },
      'the rows of a customer were in the table customers, which is not there any more, and clients is another table',
    ],
    [
      'another identity, while pairs exist',
      null,
      { identity: 'name' },
      'the identity of a customer was email, and is to be name: records were matched by it. Use another database',
    ],
  ];
  for (const [what, sql, entity, says] of REFUSED) {
    it(`is refused for ${what}`, async () => {
      if (sql !== null) await db.raw(sql);
      const { table } = own({ ...entity, fields: { phone: PHONE, plan: PLAN } });
      expect((await planMigration(db, table)).problems.join('; ')).to.include(says);
      expect(String(await error(migrate(db, { catalogue: table })))).to.include(says);
      expect(String(await error(assertMigrated(db, table)))).to.include(says);
    });
  }

  it('may have another identity before there is any pair', async () => {
    await db.raw(`delete from external_mappings`);
    const { table } = own({ identity: 'name', fields: { phone: PHONE, plan: PLAN } });
    await migrate(db, { catalogue: table });
    expect(await rows(`select identity from entity_rows()`)).to.deep.equal([{ identity: 'Ada' }]);
  });

  it('reads a field from another column after a question, and keeps both columns', async () => {
    await db.raw(`alter table customers add mobile text; update customers set mobile = '99'`);
    const { entity, table } = own(
      { fields: { phone: { ...PHONE, column: 'mobile' }, plan: PLAN } },
      { internal: 'phone', external: 'phone' },
      { internal: 'plan', external: 'metadata.plan' },
    );
    expect((await planMigration(db, table)).consequences).to.deep.equal([
      'The field phone was customers.phone (text), and is customers.mobile (text) now: the next comparison sees its values as changes.',
    ]);
    await migrate(db, { catalogue: table });
    expect((await readRow(db, entity, 1))?.fields).to.include({ phone: '99' });
  });

  async function rows(sql: string): Promise<object[]> {
    return (await db.raw<{ rows: object[] }>(sql)).rows;
  }

  async function pair(): Promise<object> {
    const [row] = (await rows(`select shadow, intent from external_mappings`)) as {
      shadow: object;
      intent: { fields: object };
    }[];
    return { shadow: Object.keys(row?.shadow ?? {}), intent: Object.keys(row?.intent.fields ?? {}) };
  }

  async function refuses(sql: string, code: string): Promise<void> {
    expect(await error(rows(sql)), sql).to.include({ code });
  }
});

function error(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'no error',
    (caught: unknown) => caught,
  );
}
