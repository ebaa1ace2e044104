// A table that exists already is taken over with its rows, its other columns and whatever refers to
// it (docs/first-link.md). Everything that prevents it is named at once, before anything is changed.
import type { Db, Tx } from '../server/handles.ts';
import { columnOf, identityField, tableOf, type EntityTable } from './entity-table.ts';
import type { FoundTable } from './found-table.ts';
import { changeOf, sayOfColumns, targetsOf, TIMES } from './take-over-columns.ts';
import { lookersAt, referenceProblems, rowProblems, shapeProblems, unfit } from './take-over-problems.ts';

/**
 * Changes the table's columns to those that the entity needs; `say` receives what a person has to
 * know, one sentence at a time, before it is done. One rewrite and no update: the table's own
 * triggers have nothing to do with it, and would set times or be due later. Throws `table_unfit`.
 */
export async function takeOver(
  tx: Tx,
  entity: EntityTable,
  found: FoundTable,
  say: (sentence: string) => void,
): Promise<void> {
  const { problems, changes } = await examine(tx, entity, found);
  if (problems.length > 0) throw unfit(entity, problems);
  sayOfColumns(entity, found).forEach(say);
  await dropIdentityRules(tx, entity, say);
  await renameOwnIndexes(tx, entity);
  await tx.raw(`alter table ${tableOf(entity)} ${[...changes, ...NEW_COLUMNS].join(', ')}`);
  await tx.raw(`alter table ${tableOf(entity)} ${settled(entity).join(', ')}`);
  await giveNumbers(tx, entity);
}

/** Everything that prevents it; reads only. */
export async function takeOverProblems(
  db: Db | Tx,
  entity: EntityTable,
  found: FoundTable,
): Promise<string[]> {
  return found.isPlain ? (await examine(db, entity, found)).problems : ['it is no plain table'];
}

async function examine(
  db: Db | Tx,
  entity: EntityTable,
  found: FoundTable,
): Promise<{ problems: string[]; changes: string[] }> {
  const problems = shapeProblems(entity, found);
  problems.push(...(await referenceProblems(db, entity)));
  const changes: string[] = [];
  if (problems.length > 0) return { problems, changes };
  problems.push(...(await rowProblems(db, entity, found)));
  for (const target of targetsOf(entity, found)) {
    const change = await changeOf(db, entity, target);
    if (change === null) continue;
    changes.push(change.sql);
    problems.push(...(await lookersAt(db, entity, target.column, change.becomes)));
  }
  return { problems, changes };
}

const NEW_COLUMNS = [
  ...TIMES.map(
    (name) => `add column if not exists ${name} timestamptz${name === 'deleted_at' ? '' : ' default now()'}`,
  ),
  'add column version bigint not null default 1',
  'add column last_event_id bigint not null default next_sync_event_id()',
  'add column created_event_id uuid not null default new_event_id()',
];

function settled({ fields }: EntityTable): string[] {
  return [
    'alter column last_event_id drop default, alter column created_event_id drop default',
    'alter column created_at set default now(), alter column updated_at set default now()',
    'alter column created_at set not null, alter column updated_at set not null',
    ...fields
      .filter(({ required }) => required)
      .map((field) => `alter column ${columnOf(field)} set not null`),
  ];
}

/**
 * The identity is unique among living rows alone, whatever the case of A to Z: a rule that says more
 * would refuse the identity of a deleted row.
 */
async function dropIdentityRules(
  tx: Tx,
  entity: EntityTable,
  say: (sentence: string) => void,
): Promise<void> {
  const identity = identityField(entity);
  if (identity === null) return;
  const { rows } = await tx.raw<{ rows: { index: string; name: string | null }[] }>(
    `select i.indexrelid::regclass::text as index, quote_ident(c.conname) as name
     from pg_index i left join pg_constraint c on c.conindid = i.indexrelid and c.contype = 'u'
     where i.indrelid = to_regclass(:table) and i.indisunique and not i.indisprimary and i.indnkeyatts = 1
       and replace(pg_get_indexdef(i.indexrelid, 1, false), quote_ident(:column), 'x')
         in ('x', 'lower(x)', 'lower((x)::text)', 'lower((x COLLATE "C"))', 'lower(((x)::text COLLATE "C"))')`,
    { table: entity.table, column: identity.column },
  );
  for (const { index, name } of rows) {
    await tx.raw(
      name === null ? `drop index ${index}` : `alter table ${tableOf(entity)} drop constraint ${name}`,
    );
    say(
      `The unique rule ${name ?? index} on the ${identity.name} makes way for one that holds among living rows, whatever the case of the ${identity.name}.`,
    );
  }
}

async function renameOwnIndexes(tx: Tx, entity: EntityTable): Promise<void> {
  const { rows } = await tx.raw<{ rows: { index: string; name: string }[] }>(
    `select c.oid::regclass::text as index, quote_ident(c.relname || '_before') as name
     from pg_index i join pg_class c on c.oid = i.indexrelid
     where i.indrelid = to_regclass(:table) and c.relname = any(:names::text[])`,
    { table: entity.table, names: ownIndexes(entity) },
  );
  for (const { index, name } of rows) await tx.raw(`alter index ${index} rename to ${name}`);
}

function ownIndexes(entity: EntityTable): string[] {
  const identity = identityField(entity);
  return [
    ...(identity === null ? [] : [`${entity.table}_${identity.column}`]),
    `${entity.table}_created_event`,
    `${entity.table}_updated_at`,
  ];
}

async function giveNumbers(tx: Tx, entity: EntityTable): Promise<void> {
  const table = tableOf(entity);
  const { rows } = await tx.raw<{ rows: { filled: boolean; sequence: string | null }[] }>(
    `select atthasdef or attidentity <> '' as filled, pg_get_serial_sequence(:table, 'id') as sequence
     from pg_attribute where attrelid = to_regclass(:table) and attname = 'id'`,
    { table: entity.table },
  );
  const [id] = rows;
  if (id?.filled === false) {
    await tx.raw(`alter table ${table} alter column id add generated always as identity`);
    await tx.raw(
      `select setval(pg_get_serial_sequence(:table, 'id'), coalesce(max(id), 1), max(id) is not null) from ${table}`,
      { table: entity.table },
    );
  } else if (typeof id?.sequence === 'string') await tx.raw(`alter sequence ${id.sequence} as bigint`);
}
