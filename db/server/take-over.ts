// What a person has to know about a table customers that migrations/0002-customers.sql takes over:
// which columns are changed, reported before it is done, and which rows prevent it.
import type { Db, Tx } from './connection.ts';
import { DbError } from './errors.ts';

type Column = { name: string; type: string; length: number | null; hasDefault: boolean };

// atttypmod of varchar and char is the length plus four.
const columnsSql = `
select a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
  case when a.atttypid in ('varchar'::regtype, 'bpchar'::regtype) and a.atttypmod > 4 then a.atttypmod - 4 end as length,
  a.atthasdef or a.attidentity <> '' as "hasDefault"
from pg_attribute a join pg_class c on c.oid = a.attrelid
where c.oid = to_regclass('customers') and c.relkind = 'r' and not a.attisdropped and a.attname in ('id', 'name', 'email')
  and not exists (select from pg_attribute o where o.attrelid = c.oid and o.attname = 'last_event_id' and not o.attisdropped)
order by a.attnum`;

/** One line for each column whose type really changes. Empty if no table is taken over. */
export async function saidOfColumns(tx: Tx): Promise<string[]> {
  const { rows } = await tx.raw<{ rows: Column[] }>(columnsSql);
  return rows.flatMap(({ name, type, length, hasDefault }) => {
    if (name === 'id')
      return hasDefault
        ? []
        : [
            'customers.id has no default. It becomes an identity column (generated always): PostgreSQL gives out the numbers from now on, ' +
              'above the highest that exists, and an insert that names its own id needs "overriding system value".',
          ];
    if (length === null) return [];
    return [
      `customers.${name} is ${type} and becomes text without a limit of length. To keep the limit: ` +
        `alter table customers add check (length(${name}) <= ${length}).`,
    ];
  });
}

/** How many ids are named; the number of rows is given beside them. */
const NAMED = 5;
const BLANKS = `E' \\t\\r\\n\\f\\x0b'`;

/** Each finding of the migration about rows, and the condition that finds the rows again. */
const FINDINGS: readonly [finding: RegExp, where: (column: string) => string][] = [
  [
    /\d+ rows have no name or no email/,
    () =>
      `coalesce(btrim(name::text, ${BLANKS}), '') = '' collate "C" or coalesce(btrim(email::text, ${BLANKS}), '') = '' collate "C"`,
  ],
  [
    /\d+ rows share their email with another one \([^)]*\)/,
    () =>
      `lower(btrim(email::text, ${BLANKS}) collate "C") in (
         select lower(btrim(email::text, ${BLANKS}) collate "C") from customers group by 1 having count(*) > 1)`,
  ],
  [/\d+ rows are marked deleted/, () => 'deleted_at is not null'],
  [
    /\d+ rows have a time in its column (\w+) that is too early or too late for a timestamptz/,
    (column) => `isfinite(${column}) and ${column} not between '4713-01-01 BC' and '294276-12-30'`,
  ],
];

/**
 * A refusal of the migration, with up to five ids for each finding about rows. Read after the
 * rollback; any other error is unchanged.
 */
export async function withRowsNamed(db: Db, error: unknown): Promise<unknown> {
  if (!(error instanceof DbError) || error.code !== 'customers_unfit') return error;
  let { message } = error;
  for (const [finding, where] of FINDINGS) {
    const found = finding.exec(message);
    if (found === null) continue;
    const ids = await readIds(db, where(found[1] ?? ''));
    const listed = ids.slice(0, NAMED).join(', ');
    const named = `${found[0]} (id ${listed}${ids.length > NAMED ? ', …' : ''})`;
    if (ids.length > 0) message = message.replace(found[0], () => named);
  }
  return message === error.message ? error : new DbError(error.code, message, { cause: error.cause });
}

async function readIds(db: Db, where: string): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `select id::text as id from customers where ${where} order by customers.id limit ${NAMED + 1}`,
  );
  return rows.map(({ id }) => id);
}
