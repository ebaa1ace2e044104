import { expect } from 'chai';
import { listRows } from '../../../db/entities/rows.ts';
import type { RowFields } from '../../../db/entities/row-values.ts';
import type { Db } from '../../../db/server/connection.ts';
import { migrate, planMigration } from '../../../db/server/migrate.ts';
import type { UserField } from '../../../lib/catalogue/define-config.ts';
import { ownCatalogue } from '../../support/catalogues.ts';
import { createTestDatabase } from '../../support/database.ts';

/** A table of another program, with types and indexes of its own. */
const CLIENTS = `
  create type tier as enum ('free', 'team');
  create domain short as varchar(10) check (value <> 'x');
  create table clients (id serial primary key, name text not null, email text not null, tier tier, seats smallint, code char(4),
    region short, rate numeric(10, 4), mail varchar(90), seen timestamptz, vip boolean, note varchar(30) unique);
  create index by_tier on clients (tier, seats);
  create index by_mail on clients (lower(mail));
  insert into clients (name, email, tier, seats, code, region, rate, mail, seen, vip, note) values
    ('Ada', 'ada@example.org', 'team', 7, 'ab', 'eu', 1.5, 'Ada@Example.org', '2026-01-31 12:00:00.5Z', true, 'n'),
    ('Bo', 'bo@example.org', null, null, null, '', 2.12345, '', null, null, '')`;

const FIELDS: Record<string, UserField> = {
  tier: { type: 'enum', values: ['free', 'team'], indexed: true },
  seats: { type: 'integer', indexed: true },
  code: { type: 'text', maxLength: 4, indexed: true },
  region: { type: 'text', maxLength: 10, indexed: true },
  rate: { type: 'decimal', scale: 2, indexed: true },
  mail: { type: 'email', maxLength: 90, indexed: true },
  seen: { type: 'timestamp', indexed: true },
  vip: { type: 'boolean', indexed: true },
  note: { type: 'text', maxLength: 30, indexed: true },
};

describe('filters by columns of a table that was taken over', () => {
  const { entity, table } = ownCatalogue({ entities: { customer: { table: 'clients', fields: FIELDS } } });
  let db: Db;
  let drop: () => Promise<unknown>;
  let planned: string[];

  before('take it over', async () => {
    ({ db, drop } = await createTestDatabase({ migrated: false }));
    await db.raw(CLIENTS);
    planned = (await planMigration(db, table)).additions;
    await migrate(db, { catalogue: table });
  });
  after('remove it', async () => {
    await db.destroy();
    await drop();
  });

  const find = async (fields: RowFields): Promise<number[]> =>
    (await listRows(db, entity, { limit: 10, fields })).map(({ id }) => id);

  const FOUND: [fields: RowFields, ids: number[]][] = [
    [{ tier: 'team' }, [1]],
    [{ tier: null }, [2]],
    [{ seats: 7 }, [1]],
    [{ seats: 100_000 }, []],
    [{ code: 'ab' }, [1]],
    [{ code: null }, [2]],
    [{ region: 'eu' }, [1]],
    [{ region: 'longer than the column' }, []],
    [{ region: null }, [2]],
    [{ rate: '1.50' }, [1]],
    [{ rate: '2.12' }, []],
    [{ mail: 'ADA@example.org' }, [1]],
    [{ mail: null }, [2]],
    [{ seen: '2026-01-31T12:00:00Z' }, [1]],
    [{ vip: true }, [1]],
    [{ vip: false }, []],
    [{ vip: null }, [2]],
    [{ note: 'n', tier: 'team' }, [1]],
    [{ note: null }, [2]],
  ];
  for (const [fields, ids] of FOUND) {
    it(`${JSON.stringify(fields)} finds ${ids.length === 0 ? 'none' : `the row ${ids.join()}`}`, async () => {
      expect(await find(fields)).to.deep.equal(ids);
    });
  }

  it('use the indexes of its owner where these begin with the column, and the others are made', async () => {
    const made = ['code', 'mail', 'rate', 'region', 'seats', 'seen', 'vip'];
    const { rows } = await db.raw<{ rows: { name: string }[] }>(
      `select relname as name from pg_class where starts_with(relname, 'twinbox_filter_') order by 1`,
    );
    expect(rows.map(({ name }) => name)).to.deep.equal(made.map((name) => `twinbox_filter_customer_${name}`));
    expect(planned[0]).to.equal('The table clients that is there is taken over.');
    expect(planned.slice(1).map((sentence) => /filter by (\w+)\./.exec(sentence)?.[1])).to.have.members(made);
    expect((await planMigration(db, table)).additions).to.deep.equal([]);
  });
});
