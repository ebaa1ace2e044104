import { expect } from 'chai';
import { customerSchemaOf } from '../../../api/customer-schemas.ts';
import { customerJson } from '../../../api/customer-json.ts';
import { insertRow } from '../../../db/entities/rows.ts';
import { customerTable, MAX_TABLE, OWN_COLUMNS } from '../../../db/entities/entity-table.ts';
import { builtInEntities } from '../../../lib/catalogue/built-in.ts';
import { columnProblem, fieldNameProblem, tableProblem } from '../../../lib/catalogue/config-names.ts';
import { newEventId } from '../../../lib/uuid.ts';
import { useDatabase } from '../../support/database.ts';
import { problemsOf, withFields } from './configs.ts';

describe('the names that a configuration cannot give', () => {
  const database = useDatabase();
  const names = async (sql: string): Promise<string[]> =>
    (await database.db.raw<{ rows: { name: string }[] }>(sql)).rows.map(({ name }) => name);

  it('to a table: those of everything in a database of Twinbox that is of no entity', async () => {
    const found = await names(
      `select relname::text as name from pg_class where relnamespace = current_schema()::regnamespace
       union select typname::text from pg_type where typnamespace = current_schema()::regnamespace`,
    );
    const free = found.filter((name) => tableProblem(name) === null);
    expect(free.filter((name) => !name.startsWith(customerTable.table))).to.deep.equal([]);
    expect(found).to.include.members(['schema_migrations', 'relay_floor', 'sync_event_status']);
  });

  it('to a table: those of the relations and types of PostgreSQL itself, which it would find first', async () => {
    const found = await names(
      `select relname::text as name from pg_class where relnamespace = 'pg_catalog'::regnamespace
       union select typname::text from pg_type where typnamespace = 'pg_catalog'::regnamespace`,
    );
    expect(found.filter((name) => tableProblem(name) === null)).to.deep.equal([]);
  });

  it('to a table: one that is too long for the names of its triggers', () => {
    expect(tableProblem('t'.repeat(MAX_TABLE))).to.equal(null);
    expect(tableProblem('t'.repeat(MAX_TABLE + 1))).to.equal(
      `a table has a name of at most ${MAX_TABLE} characters, since those of its triggers are longer; this one has ${MAX_TABLE + 1}`,
    );
  });

  it('to a column: those that every table of PostgreSQL has, and those of Twinbox', async () => {
    const found = await names(
      `select attname::text as name from pg_attribute where attrelid = 'customers'::regclass and attnum < 0`,
    );
    expect(found).to.include.members(['xmin', 'ctid', 'tableoid']);
    for (const name of [...found, ...OWN_COLUMNS]) {
      expect(columnProblem(name), name).to.be.a('string');
      expect(problemsOf(withFields({ [name]: { type: 'text' } })), name).to.have.length(1);
      expect(problemsOf(withFields({ mine: { type: 'text', column: name } })), name).to.have.length(1);
      // A field whose column has another name is free, unless the API has the name.
      const renamed = problemsOf(withFields({ [name]: { type: 'text', column: 'mine' } }));
      expect(renamed, name).to.have.length(OWN_COLUMNS.includes(name) ? 1 : 0);
    }
  });

  it('to a field: those of the members that the API gives to every customer', async () => {
    const entity = builtInEntities['customer'] ?? expect.fail('no customers');
    const stamp = { eventId: newEventId(new Date()), source: 'internal', context: {}, now: new Date() };
    const row = await insertRow(database.db, entity, { name: 'Ada', email: 'a@example.com' }, stamp);
    const bare = { ...entity, fields: [] };
    const members = [
      ...Object.keys(customerJson({ ...row, fields: {} }, ['stripe'])),
      ...Object.keys(customerSchemaOf(bare).properties),
    ];
    expect(members).to.include.members(['sync', 'external_mappings']);
    for (const name of members)
      expect(fieldNameProblem(name), name).to.equal(
        `"${name}" is a member that the API itself gives to every row`,
      );
  });
});
