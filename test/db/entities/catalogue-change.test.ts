import { expect } from 'chai';
import { readRow } from '../../../db/entities/rows.ts';
import { assertMigrated, migrate, planMigration } from '../../../db/server/migrate.ts';
import type { UserField } from '../../../lib/catalogue/define-config.ts';
import { errorOf, own, PHONE, PLAN, useMigrated, was } from './migrated.ts';

describe('a catalogue that changes', () => {
  const world = useMigrated();

  it('is refused by a process until it is migrated, with what would be done', async () => {
    const { table } = own(
      { fields: { phone: PHONE, plan: PLAN, city: { type: 'text' } } },
      { internal: 'phone', external: 'phone' },
      { internal: 'plan', external: 'metadata.tier' },
      { internal: 'city', external: 'address.city' },
    );
    const refused = await errorOf(assertMigrated(world.db, table));
    expect(refused).to.include({ code: 'catalogue_changed' });
    expect(String(refused))
      .to.include('the configuration is another one than this database was migrated with')
      .and.include('The column customers.city (text) is added for the field city.')
      .and.include('plan was metadata.plan at stripe, and is metadata.tier now: 1 pair meet')
      .and.include('city ↔ address.city at stripe: 1 pair get it at the next change or comparison')
      .and.include('Run: npx twinbox migrate (npx twinbox migrate --plan shows it first)');
    await migrate(world.db, { catalogue: table });
    await assertMigrated(world.db, table);
    expect(String(await errorOf(assertMigrated(world.db, was.table)))).to.include(
      'The field city is kept in step no longer. Its column customers.city and its values stay.',
    );
  });

  it('gets a field whose column is made, empty in every row, and without a version', async () => {
    const { entity, table } = own({ fields: { phone: PHONE, plan: PLAN, seats: { type: 'integer' } } });
    expect((await planMigration(world.db, table)).additions).to.deep.equal([
      'The column customers.seats (bigint) is added for the field seats.',
    ]);
    await migrate(world.db, { catalogue: table });
    const row = await readRow(world.db, entity, 1);
    expect(row?.fields).to.deep.equal({
      ...{ name: 'Ada', email: 'ada@example.com', phone: '1', plan: 'team', seats: null },
    });
    expect(row?.version).to.equal(1);
    await refuses(`update customers set seats = 3 where id = 1`, 'TB001');
  });

  it('gets a field whose column is there, with its values', async () => {
    await world.db.raw(`alter table customers add city varchar(30); update customers set city = 'Oslo'`);
    const { entity, table } = own({ fields: { phone: PHONE, plan: PLAN, city: { type: 'text' } } });
    expect((await planMigration(world.db, table)).additions).to.deep.equal([
      'The column customers.city that is there becomes the field city.',
    ]);
    await migrate(world.db, { catalogue: table });
    expect((await readRow(world.db, entity, 1))?.fields).to.include({ city: 'Oslo' });
    await refuses(`update customers set city = 'Rome' where id = 1`, 'TB001');
  });

  it('shows large whole numbers exactly, where a database has rounded them', async () => {
    const { entity, table } = own({ fields: { phone: PHONE, plan: PLAN, seats: { type: 'integer' } } });
    await migrate(world.db, { catalogue: table });
    // As it was before: the same definition without "exact", and the number as it is.
    await world.db.raw(`update attached_entities set definition = replace(definition, ',"exact":true', '');
      update customers set seats = 9223372036854775807, version = 2, last_event_id = next_sync_event_id();
      select write_event('customer', 1)`);
    const says = 'The field seats shows whole numbers beyond 2^53 exactly from now on.';
    expect((await planMigration(world.db, table)).additions).to.deep.equal([says]);
    expect(String(await errorOf(assertMigrated(world.db, table)))).to.include(says);
    await migrate(world.db, { catalogue: table });
    await assertMigrated(world.db, table);
    expect((await readRow(world.db, entity, 1))?.fields).to.include({ seats: '9223372036854775807' });
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
      'the table customers does not fit: it has no column seats of one of the types int2, int4, int8: add the column and fill it in every row first, or name the column that has the seats (a field of your own may also do without required)',
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
      'the table customers does not fit: its column tenant is not null: declare the field tenant as required, or drop the not null (a default fills in nothing for a value that is emptied)',
    ],
  ];
  for (const [what, sql, more, says] of UNFIT) {
    it(`is refused for ${what}, in the plan and in the run`, async () => {
      await world.db.raw(sql);
      const { table } = own({ fields: { phone: PHONE, plan: PLAN, ...more } });
      expect((await planMigration(world.db, table)).problems).to.deep.equal([says]);
      const refused = await errorOf(migrate(world.db, { catalogue: table }));
      expect(refused).to.include({ code: 'table_unfit', message: says });
      await assertMigrated(world.db, was.table);
    });
  }

  it('makes a field required where every row has a value, and then no row without one is possible', async () => {
    const { table } = own({ fields: { phone: { ...PHONE, required: true }, plan: PLAN } });
    expect((await planMigration(world.db, table)).additions).to.include(
      'The field phone has to have a value from now on.',
    );
    await migrate(world.db, { catalogue: table });
    await refuses(
      `update customers set phone = null, version = version + 1, last_event_id = next_sync_event_id() where id = 1`,
      '23502',
    );
  });

  it('loses a field: the values stay on both sides, and the guards let the column go', async () => {
    const { entity, table } = own(
      { fields: { plan: PLAN } },
      { internal: 'plan', external: 'metadata.plan' },
    );
    const { consequences } = await planMigration(world.db, table);
    expect(consequences).to.deep.equal([
      'The field phone is kept in step no longer. Its column customers.phone and its values stay.',
      'phone ↔ phone at stripe is kept in step no longer in 1 pair. Both sides keep what they have.',
    ]);
    await migrate(world.db, { catalogue: table });
    expect((await readRow(world.db, entity, 1))?.fields).to.not.have.property('phone');
    expect(await world.rows(`select phone from customers`)).to.deep.equal([{ phone: '1' }]);
    await world.db.raw(`update customers set phone = '2' where id = 1`);
    expect(await pair()).to.deep.equal({ shadow: ['name', 'plan'], intent: ['plan'] });
  });

  it('forgets the common value of a field that is mapped anew, in pairs and in open requests, and of no other', async () => {
    const { table } = own(
      { fields: { phone: PHONE, plan: PLAN } },
      { internal: 'phone', external: 'phone' },
      { internal: 'plan', external: 'metadata.tier' },
    );
    await migrate(world.db, { catalogue: table });
    expect(await pair()).to.deep.equal({ shadow: ['name', 'phone'], intent: ['phone'] });
    expect((await planMigration(world.db, table)).consequences).to.deep.equal([]);
  });

  it('reads a field from another column after a question, and keeps both columns', async () => {
    await world.db.raw(`alter table customers add mobile text; update customers set mobile = '99'`);
    const { entity, table } = own(
      { fields: { phone: { ...PHONE, column: 'mobile' }, plan: PLAN } },
      { internal: 'phone', external: 'phone' },
      { internal: 'plan', external: 'metadata.plan' },
    );
    expect((await planMigration(world.db, table)).consequences).to.deep.equal([
      'The field phone was customers.phone (text), and is customers.mobile (text) now: the next comparison sees its values as changes.',
    ]);
    await migrate(world.db, { catalogue: table });
    expect((await readRow(world.db, entity, 1))?.fields).to.include({ phone: '99' });
  });

  async function pair(): Promise<object> {
    const [row] = (await world.rows(`select shadow, intent from external_mappings`)) as {
      shadow: object;
      intent: { fields: object };
    }[];
    return { shadow: Object.keys(row?.shadow ?? {}), intent: Object.keys(row?.intent.fields ?? {}) };
  }

  async function refuses(sql: string, code: string): Promise<void> {
    expect(await errorOf(world.rows(sql)), sql).to.include({ code });
  }
});
