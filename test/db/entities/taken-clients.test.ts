import { expect } from 'chai';
import { deleteRow, insertRow, isIdentityTaken, readRow, updateRow } from '../../../db/entities/rows.ts';
import type { Db } from '../../../db/server/connection.ts';
import { migrate, planMigration } from '../../../db/server/migrate.ts';
import type { UserField } from '../../../lib/catalogue/define-config.ts';
import { newEventId } from '../../../lib/uuid.ts';
import { ownCatalogue, type OwnCatalogue } from '../../support/catalogues.ts';
import { createTestDatabase } from '../../support/database.ts';

/** A table that some program has had for years: its own names, types, checks, rules and triggers. */
const CLIENTS = `
  create type plan as enum ('free', 'team', 'business');
  create domain website as text check (value ~ '^https?://');
  create table regions (code text primary key);
  insert into regions values ('eu'), ('us');
  create table clients (
    id serial primary key,
    full_name varchar(60) not null,
    mail varchar(120) not null unique,
    phone varchar(20),
    homepage website,
    plan plan not null default 'free',
    discount numeric(10,2) check (discount between 0 and 100),
    born date,
    is_vip boolean not null default false,
    settings jsonb not null default '{}',
    region text references regions,
    external_no int unique,
    notes text
  );
  create table orders (client integer not null references clients);
  create function tidy_phone() returns trigger language plpgsql as $$
    begin new.phone := regexp_replace(new.phone, '[^+0-9]', '', 'g'); return new; end $$;
  create trigger tidy_phone before insert or update on clients for each row execute function tidy_phone();
  insert into clients (full_name, mail, phone, homepage, plan, discount, born, is_vip, settings, region, external_no, notes) values
    ('Ada Lovelace', 'Ada@example.com', '+44 20', 'https://ada.example', 'team', 12.5, '1815-12-10', true, '{"b": 1, "a": [2]}', 'eu', 7, 'first'),
    (' Grace ', 'grace@example.com', null, null, 'free', null, null, false, '{}', null, null, null);
  insert into orders values (1)`;

const FIELDS: Record<string, UserField> = {
  name: { column: 'full_name' },
  email: { column: 'mail' },
  phone: { type: 'text', maxLength: 20 },
  homepage: { type: 'text' },
  plan: { type: 'enum', values: ['free', 'team', 'business'], required: true },
  discount: { type: 'decimal', scale: 2 },
  born: { type: 'date' },
  vip: { type: 'boolean', column: 'is_vip', required: true },
  settings: { type: 'json', required: true },
};

const own = (fields: Record<string, UserField> = FIELDS, table = 'clients'): OwnCatalogue =>
  ownCatalogue({ entities: { customer: { table, fields } } });

const stamp = () => ({ eventId: newEventId(new Date()), source: 'internal', context: {}, now: new Date() });

describe('migrate, where a table of other names and many columns exists already', () => {
  let db: Db;
  let drop: () => Promise<unknown>;
  beforeEach('an unmigrated database', async () => {
    ({ db, drop } = await createTestDatabase({ migrated: false }));
  });
  afterEach('remove it', async () => {
    await db.destroy();
    await drop();
  });

  it('takes it over with its rows, its other columns, its types and its rules', async () => {
    await run(CLIENTS);
    const { entity, table } = own();
    const said: string[] = [];
    const done = await migrate(db, { catalogue: table, say: (sentence) => said.push(sentence) });
    expect(done.at(-1)).to.equal('clients');
    expect((await readRow(db, entity, 1))?.fields).to.deep.equal({
      name: 'Ada Lovelace',
      email: 'Ada@example.com',
      phone: '+4420',
      homepage: 'https://ada.example',
      plan: 'team',
      discount: '12.50',
      born: '1815-12-10',
      vip: true,
      settings: { a: [2], b: 1 },
    });
    expect((await readRow(db, entity, 2))?.fields).to.include({ name: 'Grace', discount: null, born: null });
    expect(await rows(`select region, external_no, notes, version from clients order by id`)).to.deep.equal([
      { region: 'eu', external_no: 7, notes: 'first', version: 1 },
      { region: null, external_no: null, notes: null, version: 1 },
    ]);
    expect(await rows(`select client from orders`)).to.deep.equal([{ client: 1 }]);
    expect(said).to.include(
      'clients.full_name is character varying(60) and becomes text without a limit of length. To keep the limit: alter table clients add check (length(full_name) <= 60).',
    );
    expect(said).to.include(
      'The unique rule clients_mail_key on the email makes way for one that holds among living rows, whatever the case of the email.',
    );
    expect(await typesOf('phone', 'homepage', 'plan', 'discount')).to.deep.equal([
      'character varying(20)',
      'website',
      'plan',
      'numeric(10,2)',
    ]);
  });

  it('gives each row its first event with every field, and lets it wait for its record', async () => {
    await run(CLIENTS);
    await migrate(db, { catalogue: own().table });
    const [first] = await rows(`select event_type, entity_key, payload from sync_events order by id limit 1`);
    expect(first).to.deep.equal({
      event_type: 'customer.created',
      entity_key: 'customer:1',
      payload: {
        customer_data: {
          ...{ id: 1, name: 'Ada Lovelace', email: 'Ada@example.com', phone: '+4420' },
          ...{ homepage: 'https://ada.example', plan: 'team', discount: '12.50', born: '1815-12-10' },
          ...{ vip: true, settings: { a: [2], b: 1 } },
        },
        external_mappings: {},
      },
    });
    expect(await rows(`select internal_id, state, reason from external_mappings order by id`)).to.deep.equal([
      { internal_id: 1, state: 'waiting', reason: 'not_linked' },
      { internal_id: 2, state: 'waiting', reason: 'not_linked' },
    ]);
  });

  it('writes rows through its defaults and triggers, and guards every mapped column', async () => {
    await run(CLIENTS);
    const { entity, table } = own();
    await migrate(db, { catalogue: table });
    const values = {
      ...{ name: 'Cy', email: 'cy@example.com', phone: '+1 (555) 1', plan: 'business', vip: true },
      ...{ settings: [1], discount: '3.40', born: '2000-02-29' },
    };
    const made = await insertRow(db, entity, values, stamp());
    expect(made.fields).to.deep.equal({ ...values, phone: '+15551', homepage: null });
    const changed = await updateRow(db, entity, made.id, { discount: null, born: null }, {}, stamp());
    expect(changed?.fields).to.include({ discount: null, born: null, plan: 'business' });
    expect(await updateRow(db, entity, made.id, { discount: null }, {}, stamp())).to.equal(null);
    for (const set of [`full_name = 'X'`, `plan = 'free'`, `discount = 1`, `settings = '1'`, `is_vip = false`])
      await refuses(`update clients set ${set} where id = ${made.id}`, 'TB001');
    await run(`update clients set notes = 'mine', region = 'us' where id = ${made.id}`);
    await run(`begin; update clients set born = '2001-01-01', version = version + 1, last_event_id = next_sync_event_id() where id = ${made.id};
      select write_event('customer', ${made.id}); commit`);
    expect(
      await rows(`select payload -> 'customer_data' ->> 'born' as born from sync_events order by id desc limit 1`),
    ).to.deep.equal([{ born: '2001-01-01' }]);
    await deleteRow(db, entity, made.id, {}, stamp());
    const again = await insertRow(db, entity, { ...values, email: 'CY@example.com' }, stamp());
    const twice: unknown = await insertRow(db, entity, values, stamp()).catch((error: unknown) => error);
    expect(isIdentityTaken(entity, twice), String(twice)).to.equal(true);
    expect(again.id).to.be.above(made.id);
  });

  it('reads times and numbers in one form, whatever the column and the zone of the session', async () => {
    await run(`create table clients (id bigserial primary key, full_name text, mail text, seen timestamptz, rate numeric, big numeric(12,6));
      insert into clients (full_name, mail, seen, rate, big) values
        ('Ada', 'a@example.com', '2026-01-31 12:00:00.123+02', 1.5, 2), ('Bo', 'b@example.com', null, 1.234, 0.5);
      insert into clients (full_name, mail, seen) values ('Cy', 'c@example.com', 'infinity')`);
    const { entity, table } = own({
      name: { column: 'full_name' },
      email: { column: 'mail' },
      seen: { type: 'timestamp' },
      rate: { type: 'decimal', scale: 2 },
      big: { type: 'decimal', scale: 1 },
    });
    await migrate(db, { catalogue: table });
    const read = async (id: number) => (await readRow(db, entity, id))?.fields;
    expect(await read(1)).to.include({ seen: '2026-01-31T10:00:00Z', rate: '1.50', big: '2.0' });
    // What does not fit the scale stays as it is, so that it is seen and not lost.
    expect(await read(2)).to.include({ seen: null, rate: '1.234', big: '0.5' });
    expect(await read(3)).to.include({ seen: 'infinity' });
    await db.transaction(async (tx) => {
      await tx.raw(`set local time zone 'Asia/Tokyo'`);
      expect((await readRow(tx, entity, 1))?.fields).to.include({ seen: '2026-01-31T10:00:00Z' });
    });
  });

  it('names everything that prevents it at once, in the plan and in the run, and changes nothing', async () => {
    await run(`create table clients (
      id int primary key, full_name text, mail text, phone inet, plan text, discount real, born timestamp, is_vip boolean not null, tenant int not null, version int);
      insert into clients values (1, '', 'a@example.com', null, null, null, null, true, 1, 1), (2, 'B', 'A@example.com', null, null, null, null, true, 1, 1)`);
    const { table } = own({
      ...FIELDS,
      vip: { type: 'boolean', column: 'is_vip' },
      settings: { type: 'json' },
    });
    const wanted = [
      'the table clients that is here already cannot be taken over: ',
      'its column phone is inet, and the field phone (text) needs one of the types text, varchar, bpchar, citext',
      'its column discount is real, and the field discount (decimal) needs one of the types numeric',
      'its column born is timestamp without time zone, and the field born (date) needs one of the types date',
      'its column is_vip is not null: declare the field vip as required',
      'its column tenant is not null and has no default, so Twinbox could not add a customer',
      'its column version has a name that Twinbox needs: rename it',
      'Correct that, or rename the table, and run it again. Nothing was changed',
    ];
    const before = await columns();
    const refused: unknown = await migrate(db, { catalogue: table }).catch((error: unknown) => error);
    expect(refused).to.include({ code: 'table_unfit' });
    for (const sentence of wanted) expect(String(refused)).to.include(sentence);
    const { problems } = await planMigration(db, table);
    for (const sentence of wanted) expect(problems.join()).to.include(sentence);
    expect(await columns()).to.deep.equal(before);
    expect(await rows(`select to_regclass('sync_events') as made`)).to.deep.equal([{ made: null }]);
  });

  const UNFIT: [string, string, Record<string, UserField>, string][] = [
    [
      'a required column that is missing',
      ``,
      { seats: { type: 'integer', required: true } },
      'it has no column seats of one of the types int2, int4, int8',
    ],
    [
      'rows without a value of a required field',
      `alter table clients add seats int`,
      { seats: { type: 'integer', required: true } },
      'rows have no name or no email or no seats (id 1, 2)',
    ],
    [
      'a computed column of an optional field',
      `alter table clients add shout text generated always as (upper(full_name)) stored`,
      { shout: { type: 'text' } },
      'its column shout is computed',
    ],
    [
      'a column that is a list',
      `alter table clients add tags text[]`,
      { tags: { type: 'json' } },
      'its column tags is text[], and the field tags (json) needs one of the types jsonb, json',
    ],
    [
      'an enum without a value of the field',
      `create type size as enum ('small', 'big'); alter table clients add size size`,
      { size: { type: 'enum', values: ['small', 'large', 'huge'] } },
      'its column size is size, which has no value large, huge',
    ],
  ];
  for (const [what, sql, fields, says] of UNFIT) {
    it(`refuses ${what}`, async () => {
      await run(
        `create table clients (id serial primary key, full_name text not null, mail text not null);
         insert into clients (full_name, mail) values ('Ada', 'a@example.com'), ('Bo', 'b@example.com'); ${sql}`,
      );
      const basic = { name: { column: 'full_name' }, email: { column: 'mail' } };
      const { table } = own({ ...basic, ...fields });
      const refused: unknown = await migrate(db, { catalogue: table }).catch((error: unknown) => error);
      expect(refused).to.include({ code: 'table_unfit' });
      expect(String(refused)).to.include(says);
    });
  }

  async function run(sql: string): Promise<void> {
    await db.raw(sql.replaceAll('?', '\\?'));
  }

  async function rows(sql: string): Promise<object[]> {
    return (await db.raw<{ rows: object[] }>(sql)).rows;
  }

  async function refuses(sql: string, code: string): Promise<void> {
    const error: unknown = await rows(sql).catch((caught: unknown) => caught);
    expect(error, sql).to.include({ code });
  }

  function columns(): Promise<object[]> {
    return rows(
      `select a.attname, format_type(a.atttypid, a.atttypmod) from pg_attribute a where attrelid = 'clients'::regclass and attnum > 0 order by 1`,
    );
  }

  async function typesOf(...names: string[]): Promise<string[]> {
    const { rows: found } = await db.raw<{ rows: { name: string; type: string }[] }>(
      `select a.attname as name, format_type(a.atttypid, a.atttypmod) as type from pg_attribute a where attrelid = 'clients'::regclass`,
    );
    return names.map((name) => found.find((each) => each.name === name)?.type ?? '');
  }
});
