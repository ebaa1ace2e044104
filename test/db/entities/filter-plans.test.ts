import { expect } from 'chai';
import { filtersOf } from '../../../db/entities/filters.ts';
import { listSql } from '../../../db/entities/row-statements.ts';
import type { RowFields } from '../../../db/entities/row-values.ts';
import type { UserField } from '../../../lib/catalogue/define-config.ts';
import { ownCatalogue } from '../../support/catalogues.ts';
import { useDatabase } from '../../support/database.ts';

const FIELDS: Record<string, UserField> = {
  phone: { type: 'text', maxLength: 20, indexed: true, column: 'telephone' },
  billing: { type: 'email', maxLength: 200, indexed: true },
  plan: { type: 'enum', values: ['free', 'team'], indexed: true },
  seats: { type: 'integer', indexed: true },
  rate: { type: 'decimal', scale: 2, indexed: true },
  vip: { type: 'boolean', required: true, indexed: true },
  born: { type: 'date', indexed: true },
  seen: { type: 'timestamp', indexed: true },
  parent: { type: 'reference', entity: 'customer', indexed: true },
};

describe('a list that is filtered by an indexed field, in a table of 20,000 rows', () => {
  const { entity, table } = ownCatalogue({ entities: { customer: { fields: FIELDS } } });
  const database = useDatabase({ catalogue: table });

  before('rows, of which few have a value of the tests', async () => {
    await database.db.raw(`
      alter table customers disable trigger user;
      insert into customers (name, email, telephone, billing, plan, seats, rate, vip, born, seen, parent, version, last_event_id, created_event_id)
      select 'n', n || '@example.org', case when n % 500 <> 0 then 'p' || n end, 'B' || n || '@example.org',
        case when n % 500 = 1 then 'team' else 'free' end, n, n / 100.0, n % 500 = 1, date '2000-01-01' + n,
        timestamptz '2020-01-01Z' + n * interval '0.7 s', n, 1, next_sync_event_id(), new_event_id()
      from generate_series(1, 20000) n;
      alter table customers enable trigger user;
      analyze customers`);
  });

  /** The indexes of the table that PostgreSQL would use. */
  async function indexesFor(wanted: RowFields, more: Record<string, number> = {}): Promise<string[]> {
    const { conditions, bindings } = filtersOf(entity, wanted, 'c');
    const { rows } = await database.db.raw<{ rows: { 'QUERY PLAN': unknown }[] }>(
      `explain (format json) ${listSql(entity, conditions)}`,
      { ...bindings, limit: 51, after: null, updatedSince: null, ...more } as Record<
        string,
        string | number | null
      >,
    );
    const names = [...JSON.stringify(rows[0]?.['QUERY PLAN']).matchAll(/"Index Name":"([^"]+)"/g)];
    return names.map(([, name = '']) => name).filter((name) => /filter|customers_/.test(name));
  }

  const ASKED: [name: string, column: string, value: RowFields[string]][] = [
    ['phone', 'telephone', 'p77'],
    ['phone', 'telephone', null],
    ['billing', 'billing', 'b77@EXAMPLE.org'],
    ['plan', 'plan', 'team'],
    ['seats', 'seats', 77],
    ['rate', 'rate', '0.77'],
    ['vip', 'vip', true],
    ['born', 'born', '2000-03-01'],
    ['seen', 'seen', '2020-01-01T00:00:10Z'],
    ['parent', 'parent', 77],
  ];
  for (const [name, column, value] of ASKED) {
    it(`by ${name}, ${value === null ? 'without a value' : JSON.stringify(value)}, reads the index and not the table`, async () => {
      const used = await indexesFor({ [name]: value });
      expect(used).to.not.have.length(0);
      expect(new Set(used)).to.deep.equal(new Set([`twinbox_filter_customer_${column}`]));
    });
  }

  it('reads the next page from where the last one ended, in the order of the index', async () => {
    expect(await indexesFor({ plan: 'team' }, { after: 10_000 })).to.deep.equal([
      'twinbox_filter_customer_plan',
    ]);
  });

  it('by several fields reads the index of one of them, or of several', async () => {
    const used = await indexesFor({ plan: 'team', vip: true, seats: 501 });
    expect(used).to.include('twinbox_filter_customer_seats');
  });
});
