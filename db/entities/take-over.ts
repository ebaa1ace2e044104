// A table that exists already is taken over with its rows, its other columns and whatever refers to
// it (docs/first-link.md). Everything that prevents it is named at once, before anything is changed.
import type { Db, Tx } from '../server/connection.ts';
import { DbError } from '../server/errors.ts';
import { folded } from '../email-fold.ts';
import { fitsColumn, isText, typesThatFit } from './column-types.ts';
import { columnOf, identityField, tableOf, type EntityField, type EntityTable } from './entity-table.ts';
import type { FoundColumn, FoundTable } from './found-table.ts';

/** White space that a text must not have at its ends, as it is written in SQL. */
const BLANKS = String.raw`E' \t\r\n\f\x0b'`;

const TIMES = ['created_at', 'updated_at', 'deleted_at'];
const OURS = ['version', 'last_event_id', 'created_event_id'];

/** How many ids of rows are named; their number is given beside them. */
const NAMED = 5;

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

export function unfit({ table }: EntityTable, problems: string[]): DbError {
  return new DbError(
    'table_unfit',
    `the table ${table} that is here already cannot be taken over: ${problems.join('; ')}. ` +
      'Correct that, or rename the table, and run it again. Nothing was changed',
  );
}

/** What its columns and its key say, before any row is read. */
function shapeProblems(entity: EntityTable, { columns, keyIsId }: FoundTable): string[] {
  const idTypes = typesThatFit('integer');
  const id = columns.get('id');
  const required = entity.fields.filter((field) => field.required);
  const wanted = [...TIMES, 'id', ...required.map(({ column }) => column)];
  const all = [...columns.values()];
  return [
    ...(id && idTypes.includes(id.typname)
      ? []
      : [`it has no column id of one of the types ${idTypes.join(', ')}`]),
    ...entity.fields.flatMap((field) => fieldProblems(field, columns.get(field.column))),
    ...(keyIsId ? [] : ['its primary key is not the column id']),
    ...all.flatMap(({ name, notNull, isFilled }) => {
      if (OURS.includes(name)) return [`its column ${name} has a name that Twinbox needs: rename it`];
      if (!notNull || isFilled || wanted.includes(name)) return [];
      const field = entity.fields.find(({ column }) => column === name);
      return field
        ? [`its column ${name} is not null: declare the field ${field.name} as required`]
        : [`its column ${name} is not null and has no default, so Twinbox could not add a ${entity.name}`];
    }),
    ...all
      .filter(
        ({ name, typname }) =>
          TIMES.includes(name) && !['timestamptz', 'timestamp', 'date'].includes(typname),
      )
      .map(({ name }) => `its column ${name} holds no time`),
    ...all
      .filter(({ name, isComputed }) => isComputed && (wanted.includes(name) || isMapped(entity, name)))
      .map(({ name }) => `its column ${name} is computed`),
  ];
}

function isMapped({ fields }: EntityTable, name: string): boolean {
  return fields.some(({ column }) => column === name);
}

/** What prevents that the field is kept in this column; a column that is missing may be added. */
export function fieldProblems(field: EntityField, column: FoundColumn | undefined): string[] {
  const types = typesThatFit(field.type).join(', ');
  if (column === undefined)
    return field.required ? [`it has no column ${field.column} of one of the types ${types}`] : [];
  return fitsColumn(field.type, column.typname, column.kind)
    ? []
    : [
        `its column ${field.column} is ${column.shown}, and the field ${field.name} (${field.type}) needs one of the types ${types}`,
      ];
}

async function referenceProblems(db: Db | Tx, entity: EntityTable): Promise<string[]> {
  const identity = identityField(entity);
  if (identity === null) return [];
  const { rows } = await db.raw<{ rows: { name: string }[] }>(
    `select c.conrelid::regclass::text as name from pg_constraint c
     where c.contype = 'f' and c.confrelid = to_regclass(:table)
       and c.confkey = array(select attnum from pg_attribute where attrelid = c.confrelid and attname = :column and not attisdropped)`,
    { table: entity.table, column: identity.column },
  );
  return rows.map(({ name }) => `the table ${name} refers to its ${identity.column}: let it refer to the id`);
}

/** What single rows prevent, with the ids of the first of them. */
async function rowProblems(db: Db | Tx, entity: EntityTable, { columns }: FoundTable): Promise<string[]> {
  const required = entity.fields.filter((field) => field.required);
  const identity = identityField(entity);
  const trimmed = (field: EntityField): string => `btrim(${columnOf(field)}::text, ${BLANKS})`;
  const conditions: [text: string, where: string][] = [
    [
      `rows have no ${required.map(({ name }) => name).join(' or no ')}`,
      required
        .map((field) =>
          isText(field.type)
            ? `coalesce(${trimmed(field)}, '') = '' collate "C"`
            : `${columnOf(field)} is null`,
        )
        .join(' or ') || 'false',
    ],
  ];
  if (identity !== null) {
    const key = folded(trimmed(identity));
    conditions.push([
      `rows share their ${identity.name} with another one (A to Z count as equal in upper and lower case)`,
      `${key} in (select ${key} from ${tableOf(entity)} group by 1 having count(*) > 1)`,
    ]);
  }
  if (columns.has('deleted_at')) conditions.push(['rows are marked deleted', 'deleted_at is not null']);
  for (const name of ['created_at', 'updated_at']) {
    if (!['date', 'timestamp'].includes(columns.get(name)?.typname ?? '')) continue;
    conditions.push([
      `rows have a time in its column ${name} that is too early or too late for a timestamptz`,
      `isfinite(${name}) and ${name} not between '4713-01-01 BC' and '294276-12-30'`,
    ]);
  }
  const problems: string[] = [];
  for (const [text, where] of conditions) {
    const { count, ids } = await rowsWhere(db, entity, where);
    if (count === 0) continue;
    const move = text.includes('marked deleted') ? ': move them elsewhere first' : '';
    problems.push(
      `${count} ${text} (id ${ids.slice(0, NAMED).join(', ')}${ids.length > NAMED ? ', …' : ''})${move}`,
    );
  }
  return problems;
}

async function rowsWhere(
  db: Db | Tx,
  entity: EntityTable,
  where: string,
): Promise<{ count: number; ids: string[] }> {
  const { rows } = await db.raw<{ rows: { count: number; ids: string[] | null }[] }>(
    `with found as (select id from ${tableOf(entity)} where ${where})
     select (select count(*)::int from found) as count, (select array_agg(id::text) from (select id from found order by id limit ${NAMED + 1}) f) as ids`,
  );
  return { count: rows[0]?.count ?? 0, ids: rows[0]?.ids ?? [] };
}

interface Target {
  column: FoundColumn;
  becomes: 'bigint' | 'text' | 'timestamptz';
}

/** The columns that must have one type; others only have to fit. */
function targetsOf(entity: EntityTable, { columns }: FoundTable): Target[] {
  const texts = entity.fields
    .filter(({ required, type }) => required && isText(type))
    .map(({ column }) => column);
  const named = (names: string[], becomes: Target['becomes']): Target[] =>
    names.flatMap((name) => {
      const column = columns.get(name);
      return column ? [{ column, becomes }] : [];
    });
  return [...named(['id'], 'bigint'), ...named(texts, 'text'), ...named(TIMES, 'timestamptz')];
}

const TYPNAME = { bigint: 'int8', text: 'text', timestamptz: 'timestamptz' };

/** Only where it has to be: PostgreSQL changes no column that a view, a policy or a trigger looks at. */
async function changeOf(
  db: Db | Tx,
  entity: EntityTable,
  { column, becomes }: Target,
): Promise<{ sql: string; becomes: string } | null> {
  const name = `"${column.name}"`;
  const isOther = column.typname !== TYPNAME[becomes];
  const isTime = column.name === 'created_at' || column.name === 'updated_at';
  const oddWhere =
    becomes === 'text'
      ? `${name}::text <> btrim(${name}::text, ${BLANKS}) collate "C"`
      : isTime
        ? `${name} is null`
        : null;
  const isOdd = oddWhere !== null && (await rowsWhere(db, entity, oddWhere)).count > 0;
  if (!isOther && !isOdd) return null;
  const said =
    isOdd && !isOther && becomes === 'text' ? ' without blanks around it' : isOdd ? ' and never null' : '';
  if (becomes === 'text') {
    const collate = column.collation === null ? '' : ` collate ${column.collation}`;
    return {
      sql: `alter column ${name} type text${collate} using btrim(${name}::text, ${BLANKS})`,
      becomes: becomes + said,
    };
  }
  const sql = isTime
    ? `alter column ${name} drop default, alter column ${name} type timestamptz using coalesce(${name}::timestamptz, now())`
    : `alter column ${name} type ${becomes}`;
  return { sql, becomes: becomes + said };
}

async function lookersAt(
  db: Db | Tx,
  { table }: EntityTable,
  column: FoundColumn,
  becomes: string,
): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { looker: string }[] }>(
    `select distinct coalesce(pg_describe_object('pg_class'::regclass, r.ev_class, 0), pg_describe_object(d.classid, d.objid, 0)) as looker
     from pg_depend d left join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
     left join pg_attrdef v on d.classid = 'pg_attrdef'::regclass and v.oid = d.objid
     where d.refclassid = 'pg_class'::regclass and d.refobjid = to_regclass(:table) and d.refobjsubid = :number
       and (d.classid in ('pg_rewrite'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_proc'::regclass, 'pg_publication_rel'::regclass)
            or v.adrelid = to_regclass(:table) and v.adnum <> :number)`,
    { table, number: column.number },
  );
  return rows.map(
    ({ looker }) =>
      `the ${looker} looks at its column ${column.name}, which has to become ${becomes}: drop it, and make it again afterwards`,
  );
}

/** One sentence for each column whose type really changes. */
function sayOfColumns(entity: EntityTable, { columns }: FoundTable): string[] {
  const { table } = entity;
  const texts = entity.fields
    .filter(({ required, type }) => required && isText(type))
    .map(({ column }) => column);
  return [...columns.values()].flatMap(({ name, isFilled, length, shown }) => {
    if (name === 'id')
      return isFilled
        ? []
        : [
            `${table}.id has no default. It becomes an identity column (generated always): PostgreSQL gives out the numbers from now on, ` +
              'above the highest that exists, and an insert that names its own id needs "overriding system value".',
          ];
    if (length === null || !texts.includes(name)) return [];
    return [
      `${table}.${name} is ${shown} and becomes text without a limit of length. To keep the limit: ` +
        `alter table ${table} add check (length(${name}) <= ${length}).`,
    ];
  });
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
  } else if (id?.sequence != null) await tx.raw(`alter sequence ${id.sequence} as bigint`);
}
