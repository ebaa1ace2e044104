import { expect } from 'chai';
import { readRow } from '../../../db/entities/rows.ts';
import { assertMigrated, migrate, planMigration } from '../../../db/server/migrate.ts';
import type { UserField } from '../../../lib/catalogue/define-config.ts';
import { errorOf, own, PHONE, PLAN, useMigrated, was } from './migrated.ts';

const LOST =
  'The column customers.phone of the field phone is not there any more: it is made anew (text) and empty, ' +
  'and the next comparison sees every value of it as emptied. To keep the values, bring the column back first.';

describe('a table that its owner changes behind a catalogue that stays', () => {
  const world = useMigrated();

  it('lacks a column: no process starts, a plan says it, and migrate makes it anew', async () => {
    await world.db.raw(`alter table customers drop column phone`);
    const refused = await errorOf(assertMigrated(world.db, was.table));
    expect(refused).to.include({ code: 'catalogue_changed' });
    expect(String(refused)).to.include('the tables are not as the configuration says').and.include(LOST);
    const { additions, consequences, problems } = await planMigration(world.db, was.table);
    expect({ additions, consequences, problems }).to.deep.equal({
      ...{ additions: [], consequences: [LOST], problems: [] },
    });
    expect(await migrate(world.db, { catalogue: was.table })).to.deep.equal(['customers']);
    await assertMigrated(world.db, was.table);
    expect((await readRow(world.db, was.entity, 1))?.fields).to.include({ phone: null, plan: 'team' });
    expect(await errorOf(world.rows(`update customers set phone = '1' where id = 1`))).to.include({
      code: 'TB001',
    });
    expect(await migrate(world.db, { catalogue: was.table })).to.deep.equal([]);
  });

  const UNFIT: [what: string, sql: string, says: string][] = [
    [
      'has a column of another type',
      `drop function entity_rows() cascade; alter table customers alter column plan type int using 1`,
      'its column plan is integer, and the field plan (enum) needs one of the types text, varchar, bpchar, citext',
    ],
    [
      'lacks a column of a required field',
      `alter table customers drop column email`,
      'it has no column email of one of the types text, varchar, bpchar, citext',
    ],
    [
      'has a column that may not be empty any more',
      `alter table customers alter column phone set not null`,
      'its column phone is not null: declare the field phone as required, or drop the not null',
    ],
  ];
  for (const [what, sql, says] of UNFIT) {
    it(`${what}: no process starts, and neither plan nor migrate takes it`, async () => {
      await world.db.raw(sql);
      expect(String(await errorOf(assertMigrated(world.db, was.table)))).to.include(
        what.startsWith('lacks') ? 'the tables are not as the configuration says' : says,
      );
      expect((await planMigration(world.db, was.table)).problems.join()).to.include(says);
      const refused = await errorOf(migrate(world.db, { catalogue: was.table }));
      expect(refused).to.include({ code: 'table_unfit' });
      expect(String(refused)).to.include(says);
    });
  }

  it('lacks a column of Twinbox itself, and no process starts', async () => {
    await world.db.raw(`alter table customers drop column updated_at cascade`);
    const refused = await errorOf(assertMigrated(world.db, was.table));
    expect(refused).to.include({ code: 'table_unfit' });
    expect(String(refused)).to.include('its column updated_at, which Twinbox has in every table');
  });
});

describe('a column that is there, for a field that it would change', () => {
  const world = useMigrated();

  const COLUMNS: [what: string, sql: string, fields: Record<string, UserField>, says: string | null][] = [
    [
      'a decimal with more digits than its column',
      `alter table customers add rate numeric(5,2)`,
      { rate: { type: 'decimal', scale: 4 } },
      'its column rate is numeric(5,2), which rounds to 2 digits after the point, and the field rate has 4',
    ],
    [
      'a decimal with more digits than its domain',
      `create domain share as numeric(5,2); create domain part as share; alter table customers add rate part`,
      { rate: { type: 'decimal', scale: 3 } },
      'its column rate is part, which rounds to 2 digits after the point',
    ],
    [
      'a decimal whose column rounds to hundreds',
      `alter table customers add rate numeric(5,-2)`,
      { rate: { type: 'decimal', scale: 0 } },
      'its column rate is numeric(5,-2), which rounds to -2 digits after the point',
    ],
    [
      'a decimal with as many digits as its column',
      `alter table customers add rate numeric(5,2), add share numeric`,
      { rate: { type: 'decimal', scale: 2 }, share: { type: 'decimal', scale: 15 } },
      null,
    ],
    [
      'an optional field whose column has a default and must be filled',
      `alter table customers add seats int not null default 1`,
      { seats: { type: 'integer' } },
      'its column seats is not null: declare the field seats as required, or drop the not null',
    ],
    [
      'an optional field whose column is of a domain that must be filled',
      `create domain counted as int not null default 1; create domain seated as counted check (value < 100);
       alter table customers add seats seated`,
      { seats: { type: 'integer' } },
      'its column seats is not null: declare the field seats as required, or drop the not null',
    ],
    [
      'json with a NUL',
      `alter table customers add extra json; update customers set extra = '{"a": "\\u0000"}'`,
      { extra: { type: 'json' } },
      '1 rows have a NUL character or half of a surrogate pair in the json of their column extra (id 1): replace these characters in those rows (a backslash, u and four digits), or map another column',
    ],
    [
      'json with half of a pair',
      `alter table customers add extra json; update customers set extra = '["\\\\\\ude00 \\ud83d\\ude00"]'`,
      { extra: { type: 'json' } },
      '1 rows have a NUL character or half of a surrogate pair in the json of their column extra (id 1)',
    ],
    [
      'json with pairs and backslashes',
      `alter table customers add extra json; update customers set extra = '["\\ud83d\\ude00 \\\\u0000 \\\\\\\\ud800"]'`,
      { extra: { type: 'json' } },
      null,
    ],
  ];
  for (const [what, sql, fields, says] of COLUMNS) {
    it(`is ${says === null ? 'taken' : 'refused'} for ${what}`, async () => {
      await world.db.raw(sql);
      const { table } = own({ fields: { phone: PHONE, plan: PLAN, ...fields } });
      expect((await planMigration(world.db, table)).problems.join()).to.include(says ?? '');
      const done = await errorOf(migrate(world.db, { catalogue: table }));
      if (says === null) expect(done).to.equal('no error');
      else expect(String(done)).to.include(says);
      if (says === null) await world.rows(`select fields from entity_rows()`);
    });
  }
});
