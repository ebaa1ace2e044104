// What prevents that a table is taken over, apart from its rows (take-over-rows.ts).
import type { Db, Tx } from '../server/handles.ts';
import { DbError } from '../server/errors.ts';
import { fitsColumn, typesThatFit } from './column-types.ts';
import { identityField, type EntityField, type EntityTable } from './entity-table.ts';
import type { FoundColumn, FoundTable } from './found-table.ts';
import { TIMES } from './take-over-columns.ts';

const OURS = ['version', 'last_event_id', 'created_event_id'];

export function unfit({ table }: EntityTable, problems: string[]): DbError {
  return new DbError(
    'table_unfit',
    `the table ${table} that is here already cannot be taken over: ${problems.join('; ')}. ` +
      'Correct that, or rename the table, and run it again. Nothing was changed',
  );
}

/** What its columns and its key say, before any row is read. */
export function shapeProblems(entity: EntityTable, { columns, keyIsId }: FoundTable): string[] {
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

export async function referenceProblems(db: Db | Tx, entity: EntityTable): Promise<string[]> {
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

/** What looks at a column whose type has to change, which PostgreSQL then refuses. */
export async function lookersAt(
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
