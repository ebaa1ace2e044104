// What prevents that a table is taken over, as sentences.
import type { Db, Tx } from '../server/handles.ts';
import { DbError } from '../server/errors.ts';
import {
  BLANKS,
  columnProblems,
  findRows,
  lacksOne,
  sharesIdentity,
  unreadable,
  type Condition,
} from './column-problems.ts';
import { typesThatFit } from './column-types.ts';
import { columnOf, identityField, type EntityTable } from './entity-table.ts';
import type { FoundColumn, FoundTable } from './found-table.ts';
import { TIMES } from './take-over-columns.ts';

const OURS = ['version', 'last_event_id', 'created_event_id'];

export function unfit({ table }: Pick<EntityTable, 'table'>, problems: string[]): DbError {
  return new DbError(
    'table_unfit',
    `the table ${table} that is here already cannot be taken over: ${problems.join('; ')}. ` +
      'Correct that, or rename the table, and run it again. Nothing was changed',
  );
}

/** What its columns and its key say, before any row is read. */
export function shapeProblems(entity: EntityTable, found: FoundTable): string[] {
  const { columns, keyIsId } = found;
  const idTypes = typesThatFit('integer');
  const id = columns.get('id');
  const mapped = entity.fields.map(({ column }) => column);
  const own = [...TIMES, 'id'];
  const all = [...columns.values()];
  return [
    ...(id && idTypes.includes(id.typname)
      ? []
      : [`it has no column id of one of the types ${idTypes.join(', ')}`]),
    ...columnProblems(entity, found),
    ...(keyIsId ? [] : ['its primary key is not the column id']),
    ...all.flatMap(({ name, notNull, isFilled }) => {
      if (OURS.includes(name)) return [`its column ${name} has a name that Twinbox needs: rename it`];
      if (!notNull || isFilled || own.includes(name) || mapped.includes(name)) return [];
      return [`its column ${name} is not null and has no default, so Twinbox could not add a ${entity.name}`];
    }),
    ...all
      .filter(
        ({ name, typname }) =>
          TIMES.includes(name) && !['timestamptz', 'timestamp', 'date'].includes(typname),
      )
      .map(({ name }) => `its column ${name} holds no time`),
    ...all
      .filter(({ name, isComputed }) => isComputed && own.includes(name))
      .map(({ name }) => `its column ${name} is computed`),
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

/** What single rows prevent, with the ids of the first of them. */
export async function rowProblems(db: Db | Tx, entity: EntityTable, found: FoundTable): Promise<string[]> {
  const { columns } = found;
  const required = entity.fields.filter((field) => field.required);
  const identity = identityField(entity);
  const conditions: Condition[] = [lacksOne(required), ...unreadable(entity, found)];
  if (identity !== null) {
    const trimmed = `btrim(${columnOf(identity)}::text, ${BLANKS})`;
    conditions.push(sharesIdentity(entity, identity, trimmed));
  }
  if (columns.has('deleted_at'))
    conditions.push(['rows are marked deleted', 'deleted_at is not null', 'move them elsewhere first']);
  for (const name of ['created_at', 'updated_at']) {
    if (!['date', 'timestamp'].includes(columns.get(name)?.typname ?? '')) continue;
    conditions.push([
      `rows have a time in its column ${name} that is too early or too late for a timestamptz`,
      `isfinite(${name}) and ${name} not between '4713-01-01 BC' and '294276-12-30'`,
    ]);
  }
  const problems: string[] = [];
  for (const condition of conditions) {
    const found = await findRows(db, entity, condition);
    if (found !== null) problems.push(found);
  }
  return problems;
}

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
