// Which columns of a table that is taken over get another type, and what is told of it.
import type { Db, Tx } from '../server/handles.ts';
import { BLANKS, rowsWhere } from './column-problems.ts';
import type { EntityTable } from './entity-table.ts';
import type { FoundColumn, FoundTable } from './found-table.ts';

export const TIMES = ['created_at', 'updated_at', 'deleted_at'];

export interface Target {
  column: FoundColumn;
  becomes: 'bigint' | 'text' | 'timestamptz';
}

/** The columns that must have one type; others only have to fit. */
export function targetsOf(entity: EntityTable, { columns }: FoundTable): Target[] {
  const texts = entity.fields
    .filter(({ required, type }) => required && (type === 'text' || type === 'email'))
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
export async function changeOf(
  db: Db | Tx,
  entity: EntityTable,
  { column, becomes }: Target,
): Promise<{ sql: string; becomes: string } | null> {
  const name = `"${column.name}"`;
  const isOther = column.isDomain || column.typname !== TYPNAME[becomes];
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

/** One sentence for each column whose type really changes. */
export function sayOfColumns(entity: EntityTable, { columns }: FoundTable): string[] {
  const { table } = entity;
  const texts = entity.fields
    .filter(({ required, type }) => required && (type === 'text' || type === 'email'))
    .map(({ column }) => column);
  return [...columns.values()].flatMap(({ name, isFilled, isDomain, length, shown }) => {
    if (name === 'id')
      return isFilled
        ? []
        : [
            `${table}.id has no default. It becomes an identity column (generated always): PostgreSQL gives out the numbers from now on, ` +
              'above the highest that exists, and an insert that names its own id needs "overriding system value".',
          ];
    if (isDomain && texts.includes(name))
      return [
        `${table}.${name} is ${shown}, a domain, and becomes text, so what the domain checks is checked no more. To keep it, add a check to ${table}.`,
      ];
    if (length === null || !texts.includes(name)) return [];
    return [
      `${table}.${name} is ${shown} and becomes text without a limit of length. To keep the limit: ` +
        `alter table ${table} add check (length(${name}) <= ${length}).`,
    ];
  });
}
