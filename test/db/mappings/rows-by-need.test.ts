// A page of customers by need reads its own rows, however many customers there are and however many need a person.
import { expect } from 'chai';
import { customerTable } from '../../../db/entities/entity-table.ts';
import { listPlacesByNeed, type NeedPlace } from '../../../db/mappings/rows-by-need.ts';
import { inOrderOfIndex } from '../../../db/server/by-indexes.ts';
import { useDatabase } from '../../support/database.ts';

const CUSTOMERS = 6_000;
/** Every third needs a person. */
const NEED = CUSTOMERS / 3;
const LIMIT = 51;
/** Some pages of PostgreSQL for each row that is shown; to read all that need a person takes more than 6,000. */
const MOST_BUFFERS = LIMIT * 20;

const fillSql = `
insert into customers (id, name, email, version, created_event_id, last_event_id, created_at, updated_at) overriding system value
select i, 'Customer ' || i, 'c' || i || '@example.com', 1, new_event_id(now()), i, now(), '2026-03-01Z'::timestamptz - i * interval '1 second'
from generate_series(1, ${CUSTOMERS}) i;
insert into external_mappings (id, internal_id, system, account, external_id, state, reason) overriding system value
select i, i, 'stripe', 'acct_1', 'cus_' || i, case when i % 3 = 0 then 'parked' else 'linked' end, case when i % 3 = 0 then 'email_invalid' end
from generate_series(1, ${CUSTOMERS}) i`;

describe('the plan of the list by need', () => {
  const database = useDatabase();

  before('many customers', async () => {
    await database.db.transaction(async (tx) => {
      await tx.raw('set local session_replication_role = replica');
      await tx.raw(fillSql);
    });
    await database.db.raw('analyze customers, external_mappings, closed_pairs');
  });

  const places: Record<string, [after: NeedPlace | null, first: number]> = {
    'the first page': [null, CUSTOMERS],
    'a page in the middle of those that need a person': [{ needs: true, micros: '0', id: NEED }, NEED - 2],
    'the page where those begin that need none': [{ needs: true, micros: '0', id: 9 }, 6],
    'a page in the middle of these': [
      { needs: false, micros: `${Date.parse('2026-03-01T00:00:00Z') - 3_000_000}000`, id: 3_000 },
      3_001,
    ],
  };

  for (const [name, [after, first]] of Object.entries(places))
    it(`reads few pages of the tables for ${name}`, async () => {
      const { db } = database;
      const about = { systems: ['stripe'], alone: ['no_token'], after, limit: LIMIT };
      const queries: { sql: string; bindings: unknown[] }[] = [];
      const note = (query: { sql: string; bindings: unknown[] }) => void queries.push(query);
      db.on('query', note);
      const found = await listPlacesByNeed(db, customerTable, about).finally(() =>
        db.removeListener('query', note),
      );
      expect(found.map(({ id }) => id)[0]).to.equal(first);
      expect(found).to.have.length(LIMIT);
      const asked = queries.find(({ sql }) => /with needing/.test(sql));
      const sql = `explain (analyze, buffers, format json) ${asked?.sql}`
        .replaceAll('\\?', '?')
        .replace(/\$\d+/g, '?');
      const { rows } = await inOrderOfIndex(db, (tx) =>
        tx.raw<{ rows: { 'QUERY PLAN': [{ Plan: Record<string, number> }] }[] }>(
          sql,
          (asked?.bindings ?? []) as string[],
        ),
      );
      const plan = rows[0]?.['QUERY PLAN'][0].Plan ?? {};
      const read = Number(plan['Shared Hit Blocks']) + Number(plan['Shared Read Blocks']);
      expect(read, JSON.stringify(plan)).to.be.greaterThan(0).and.lessThan(MOST_BUFFERS);
    });
});
