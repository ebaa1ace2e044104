// What single rows of a table prevent when it is taken over.
import type { Db, Tx } from '../server/handles.ts';
import { folded } from '../email-fold.ts';
import { isText } from './column-types.ts';
import { columnOf, identityField, tableOf, type EntityField, type EntityTable } from './entity-table.ts';
import type { FoundTable } from './found-table.ts';

/** White space that a text must not have at its ends, as it is written in SQL. */
export const BLANKS = String.raw`E' \t\r\n\f\x0b'`;

/** How many ids of rows are named; their number is given beside them. */
const NAMED = 5;

/** What single rows prevent, with the ids of the first of them. */
export async function rowProblems(
  db: Db | Tx,
  entity: EntityTable,
  { columns }: FoundTable,
): Promise<string[]> {
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

/** The number of these rows, and the ids of the first of them. */
export async function rowsWhere(
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
