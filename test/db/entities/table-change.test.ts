import { expect } from 'chai';
import { insertRow, isIdentityTaken } from '../../../db/entities/rows.ts';
import { assertMigrated, migrate, planMigration } from '../../../db/server/migrate.ts';
import type { UserEntity } from '../../../lib/catalogue/define-config.ts';
import { errorOf, own, PHONE, PLAN, stamp, useMigrated, was } from './migrated.ts';

describe('a catalogue whose table or identity changes', () => {
  const world = useMigrated();

  it('follows a table that its owner has renamed', async () => {
    await world.db.raw(`alter table customers rename to clients`);
    const { entity, table } = own(
      { table: 'clients', fields: { phone: PHONE, plan: PLAN } },
      { internal: 'phone', external: 'phone' },
      { internal: 'plan', external: 'metadata.plan' },
    );
    const { additions, consequences, problems } = await planMigration(world.db, table);
    expect({ additions, consequences, problems }).to.deep.equal({
      additions: ['The table customers is called clients now.'],
      consequences: [],
      problems: [],
    });
    await migrate(world.db, { catalogue: table });
    const values = { name: 'Bo', email: 'bo@example.com' };
    await insertRow(world.db, entity, values, stamp());
    const twice = await errorOf(insertRow(world.db, entity, values, stamp()));
    expect(isIdentityTaken(entity, twice), String(twice)).to.equal(true);
    await refuses(`update clients set name = 'X' where id = 1`, 'TB001');
    await refuses(`delete from clients where id = 1`, 'TB003');
    expect(
      await world.rows(
        `select relname as name from pg_class where relname like 'customers%' and relkind = 'i' and relname <> 'customers_pkey'
         union all select proname from pg_proc where proname like 'customers%' union all select tgname from pg_trigger where tgname like 'customers%'`,
      ),
    ).to.deep.equal([]);
  });

  it('follows a column of the identity that its owner has renamed', async () => {
    await world.db.raw(`alter table customers rename email to mail`);
    const { entity, table } = own({ fields: { email: { column: 'mail' }, phone: PHONE, plan: PLAN } });
    await migrate(world.db, { catalogue: table });
    const values = { name: 'Eve', email: 'ADA@example.com' };
    const twice = await errorOf(insertRow(world.db, entity, values, stamp()));
    expect(isIdentityTaken(entity, twice), String(twice)).to.equal(true);
  });

  it('names the rows that share what becomes the identity’s column', async () => {
    await insertRow(world.db, was.entity, { name: 'Bo', email: 'bo@example.com' }, stamp());
    await world.db.raw(
      `alter table customers add mail text; alter table customers alter email drop not null; update customers set mail = 'same'`,
    );
    const { table } = own({ fields: { email: { column: 'mail' }, phone: PHONE, plan: PLAN } });
    const refused = await errorOf(migrate(world.db, { catalogue: table }));
    expect(String(refused), String(refused))
      .to.include('2 rows share their email with another one')
      .and.include('(id 1, 2)');
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
      if (sql !== null) await world.db.raw(sql);
      const { table } = own({ ...entity, fields: { phone: PHONE, plan: PLAN } });
      expect((await planMigration(world.db, table)).problems.join('; ')).to.include(says);
      expect(String(await errorOf(migrate(world.db, { catalogue: table })))).to.include(says);
      expect(String(await errorOf(assertMigrated(world.db, table)))).to.include(says);
    });
  }

  it('may have another identity before there is any pair', async () => {
    await world.db.raw(`delete from external_mappings`);
    const { table } = own({ identity: 'name', fields: { phone: PHONE, plan: PLAN } });
    await migrate(world.db, { catalogue: table });
    expect(await world.rows(`select identity from entity_rows()`)).to.deep.equal([{ identity: 'Ada' }]);
  });

  async function refuses(sql: string, code: string): Promise<void> {
    expect(await errorOf(world.rows(sql)), sql).to.include({ code });
  }
});
