import { expect } from 'chai';
import { deleteRow, insertRow, listRows, readRow, updateRow } from '../../../db/entities/rows.ts';
import {
  deleteSql,
  holderSql,
  insertSql,
  insertTogetherSql,
  listSql,
  readSql,
  updateSql,
} from '../../../db/entities/row-statements.ts';
import { entityRows, guardsOf } from '../../../db/entities/guards.ts';
import { statementsOf } from '../../../db/entities/attach.ts';
import { customerTable } from '../../../db/entities/entity-table.ts';
import type { Db } from '../../../db/server/connection.ts';
import { migrate } from '../../../db/server/migrate.ts';
import { columnProblem, fieldNameProblem } from '../../../lib/catalogue/config-names.ts';
import type { UserField } from '../../../lib/catalogue/define-config.ts';
import { ownCatalogue, type OwnCatalogue } from '../../support/catalogues.ts';
import { createTestDatabase } from '../../support/database.ts';
import { without } from '../../../lib/without.ts';
import { stamp } from './migrated.ts';

const columns = customerTable.fields.map(({ column }) => `"${column}"`);

/** Every word of the statements about rows: each may be the name of a column in a user's table. */
const WORDS = [
  ...new Set(
    [
      ...[insertSql, insertTogetherSql, updateSql].map((sql) => sql(customerTable, columns)),
      ...[deleteSql, readSql, holderSql].map((sql) => sql(customerTable)),
      ...[listSql(customerTable, []), entityRows([customerTable])],
      ...[...statementsOf(customerTable), ...guardsOf(customerTable)],
    ].flatMap((sql) => sql.toLowerCase().match(/[a-z_][a-z0-9_]*/g) ?? []),
  ),
].filter((word) => columnProblem(word) === null && !['name', 'email'].includes(word));

const FILTERED = ['before', 'b', 'c', 'r', 't', 'w', 'identity', 'order'];

describe('a table whose columns are called as the words of our own statements', () => {
  it('are many', () => {
    expect(WORDS).to.include.members([
      'before',
      'changed',
      'c',
      't',
      'w',
      'b',
      'old',
      'new',
      'fields',
      'identity',
    ]);
  });

  describe('that are no fields', () => {
    const { table, entity } = ownCatalogue({ entities: { customer: { table: 'clients' } } });
    works({ table, entity }, [], WORDS);
  });

  describe('that are fields', () => {
    const names = WORDS.filter((word) => fieldNameProblem(word) === null);
    const fields = Object.fromEntries(
      names.map((name) => [
        name,
        { type: 'text', maxLength: 100, indexed: FILTERED.includes(name) } satisfies UserField,
      ]),
    );
    const { table, entity } = ownCatalogue({ entities: { customer: { table: 'clients', fields } } });
    works({ table, entity }, names, names);
  });
});

function works(
  { table, entity }: Pick<OwnCatalogue, 'table' | 'entity'>,
  names: readonly string[],
  made: readonly string[],
): void {
  let db: Db;
  let drop: () => Promise<unknown>;
  before('take the table over', async () => {
    ({ db, drop } = await createTestDatabase({ migrated: false }));
    await db.raw(`create table clients (id bigint generated always as identity primary key, name text not null, email text not null,
      ${made.map((word) => `"${word}" text`).join(', ')})`);
    await migrate(db, { catalogue: table });
  });
  after('remove it', async () => {
    await db.destroy();
    await drop();
  });

  const values = (text: string) => Object.fromEntries(names.map((name) => [name, `${text} ${name}`]));

  it('is written, read and listed', async () => {
    const made = await insertRow(
      db,
      entity,
      { name: 'Ada', email: 'a@example.com', ...values('a') },
      stamp(),
    );
    expect(made.fields).to.deep.equal({ name: 'Ada', email: 'a@example.com', ...values('a') });
    const changed = await updateRow(db, entity, made.id, { name: 'Bo', ...values('b') }, {}, stamp());
    expect(changed?.fields).to.deep.equal({ name: 'Bo', email: 'a@example.com', ...values('b') });
    expect((await readRow(db, entity, made.id))?.fields).to.deep.equal(changed?.fields);
    const found = without(values('b'), ...names.filter((name) => !FILTERED.includes(name)));
    const listed = await listRows(db, entity, { limit: 2, identity: 'A@example.com', fields: found });
    expect(listed.map(({ version }) => version)).to.deep.equal([2]);
    const gone = await deleteRow(db, entity, made.id, {}, stamp());
    expect(gone?.version).to.equal(3);
  });

  it('notices a change that a trigger turns back, and one that it keeps in a column of its own', async () => {
    const { id } = await insertRow(db, entity, { name: 'Eve', email: 'e@example.com' }, stamp());
    await db.raw(`create function back() returns trigger language plpgsql as $$
      begin new.name := old.name; return new; end $$;
      create trigger back before update on clients for each row execute function back()`);
    const change = () => updateRow(db, entity, id, { name: 'Eva' }, { refuseTurnedBack: true }, stamp());
    const refused = await change().then(
      () => 'written',
      (error: unknown) => String(error),
    );
    expect(refused).to.include('put the old values back');
    if (!made.includes('before') || names.length > 0) return;
    await db.raw(`create or replace function back() returns trigger language plpgsql as $$
      begin new.before := new.name; new.name := old.name; return new; end $$`);
    expect((await change())?.version).to.equal(2);
  });
}
