// The indexes of the fields by which a list is filtered. They are made after the transaction that
// migrates, each by a statement of its own, because `create index concurrently` cannot be part of a
// transaction: an index that a transaction makes would stop every write to the table until it is
// finished, which takes minutes for millions of rows. Concurrently, writes go on.
//
// Guarantees: after settleFilterIndexes every such field has a valid index that answers its filter,
// and no index of ours is left that no field needs. An index of the table's owner is used where it
// is there, and never changed.
// Assumes: what begins with twinbox_filter_ is ours.
// A crash before, between or in the statements leaves an index missing or invalid (PostgreSQL uses an
// invalid one for no query, but keeps it up to date). Lists answer rightly without it, only slower.
// The next `migrate` looks at the indexes themselves and not at what was done before: it drops an
// invalid one of ours and makes it anew.
import { createHash } from 'node:crypto';
import type { Db, Tx } from '../server/connection.ts';
import { DbError, sqlState } from '../server/errors.ts';
import { runAlone } from '../server/alone.ts';
import { tableOf, type EntityField, type EntityTable } from './entity-table.ts';
import { filterFields, filterKey, isFolded } from './filters.ts';

const OURS = 'twinbox_filter_';

/** Another process that migrates may undo a step; each round begins from what is there. */
const MAX_ROUNDS = 5;

interface FoundIndex {
  name: string;
  /** As it is written in SQL, with the schema if that is needed. */
  shown: string;
  isOurs: boolean;
  isValid: boolean;
  isBtree: boolean;
  predicate: string | null;
  /** The first column, or null if the index begins with an expression. */
  column: string | null;
  /** What it begins with, as PostgreSQL writes it. */
  key: string;
  collation: string | null;
  /** Whether the first column is compared as the column itself is. */
  isOwnCollation: boolean;
}

export interface IndexChange {
  table: string;
  /** What a person has to know, before it is done. */
  says: string;
  sql: string;
}

const indexesSql = `
select x.relname::text as name, i.indexrelid::regclass::text as shown, starts_with(x.relname, '${OURS}') as "isOurs",
  i.indisvalid and i.indisready as "isValid", m.amname = 'btree' as "isBtree", pg_get_expr(i.indpred, i.indrelid) as predicate,
  a.attname::text as column, pg_get_indexdef(i.indexrelid, 1, false) as key, nullif(i.indcollation[0], 0)::regcollation::text as collation,
  i.indcollation[0] = a.attcollation as "isOwnCollation"
from pg_index i join pg_class x on x.oid = i.indexrelid join pg_am m on m.oid = x.relam
left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0] and a.attnum > 0
where i.indrelid = to_regclass(:table)
order by x.relname`;

const takenSql = `
select c.relname::text as name from pg_class c
where c.relnamespace = to_regnamespace(quote_ident(current_schema())) and starts_with(c.relname, '${OURS}')`;

/** What is missing and what is too much; reads only. */
export async function findIndexChanges(
  db: Db | Tx,
  entities: readonly EntityTable[],
): Promise<IndexChange[]> {
  const changes: IndexChange[] = [];
  for (const entity of entities) {
    const found = await readIndexes(db, entity);
    const wanted = filterFields(entity);
    const idle = found.filter((index) => index.isOurs && !wanted.some((field) => answers(index, field)));
    const missing = wanted.filter((field) => !found.some((index) => answers(index, field)));
    changes.push(...idle.map((index) => dropped(entity, index)));
    if (missing.length === 0) continue;
    const taken = new Set(await readTaken(db));
    for (const { name } of idle) taken.delete(name);
    for (const field of missing) changes.push(made(entity, field, freeName(entity, field, taken)));
  }
  return changes;
}

/** The index of the table's owner that answers the filter by this field; null if there is none. */
export async function findOwnersIndex(
  db: Db | Tx,
  entity: EntityTable,
  field: EntityField,
): Promise<string | null> {
  const found = await readIndexes(db, entity);
  return found.find((index) => !index.isOurs && answers(index, field))?.name ?? null;
}

/**
 * Drops and makes what findIndexChanges finds, and says each before it is done; returns the tables
 * whose indexes have changed. Throws `index_refused`. Not inside a transaction.
 */
export async function settleFilterIndexes(
  db: Db,
  entities: readonly EntityTable[],
  say: (sentence: string) => void,
): Promise<string[]> {
  const tables = new Set<string>();
  if ((await findIndexChanges(db, entities)).length === 0) return [];
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const changes = await findSettled(db, entities);
    if (changes.length === 0) break;
    for (const change of changes) {
      say(change.says);
      tables.add(change.table);
      if (!(await isDone(db, change))) break;
    }
  }
  return [...tables];
}

/**
 * An index that another process is making is invalid until it is finished, and must not be taken for
 * one that was left unfinished. That process holds this lock on the table meanwhile; whoever waits
 * for the lock keeps no snapshot that the other process would wait for.
 */
async function findSettled(db: Db, entities: readonly EntityTable[]): Promise<IndexChange[]> {
  return await db.transaction(async (tx) => {
    await tx.raw('set local statement_timeout = 0');
    for (const entity of entities)
      await tx.raw(`lock table ${tableOf(entity)} in share update exclusive mode`);
    return await findIndexChanges(tx, entities);
  });
}

/** False if another process was faster: what is there has to be looked at again. */
async function isDone(db: Db, { sql, says }: IndexChange): Promise<boolean> {
  try {
    await runAlone(db, sql);
    return true;
  } catch (error) {
    const state = sqlState(error);
    if (state === undefined || !(error instanceof Error)) throw error;
    // Made or dropped by another process meanwhile, or a deadlock with another process that migrates.
    if (['42P07', '42704', '40P01'].includes(state)) return false;
    throw new DbError(
      'index_refused',
      `PostgreSQL refused an index, and everything else of the migration is done: ${error.message} (${state}). ` +
        `It was to be done: ${says} Correct the cause, and run npx twinbox migrate again; until then lists are only slower`,
      { cause: error },
    );
  }
}

async function readIndexes(db: Db | Tx, { table }: EntityTable): Promise<FoundIndex[]> {
  return (await db.raw<{ rows: FoundIndex[] }>(indexesSql, { table })).rows;
}

async function readTaken(db: Db | Tx): Promise<string[]> {
  return (await db.raw<{ rows: { name: string }[] }>(takenSql)).rows.map(({ name }) => name);
}

/** Whether PostgreSQL can answer the filter by the field with this index. */
function answers(index: FoundIndex, field: EntityField): boolean {
  const { isValid, isBtree, predicate, column, key, collation, isOwnCollation } = index;
  if (!isValid || !isBtree) return false;
  if (predicate !== null && predicate !== '(deleted_at IS NULL)') return false;
  if (!isFolded(field.type)) return column === field.column && isOwnCollation;
  const forms = [field.column, `"${field.column}"`].flatMap((name) => [
    `lower((${name} COLLATE "C"))`,
    `lower(((${name})::text COLLATE "C"))`,
  ]);
  return forms.includes(key) && collation === '"C"';
}

/**
 * With the id behind the key, a page of a list is read in its order, however many rows have the
 * value. Deleted rows are in no list.
 */
function made(entity: EntityTable, field: EntityField, name: string): IndexChange {
  const { table } = entity;
  return {
    table,
    says:
      `The index ${name} on ${table}.${field.column} is made for the filter by ${field.name}. ` +
      'Reads and writes go on meanwhile; it waits until the transactions that are open now have ended.',
    sql: `create index concurrently "${name}" on ${tableOf(entity)} ((${filterKey(field)}), id) where deleted_at is null`,
  };
}

function dropped({ table }: EntityTable, { name, shown, isValid }: FoundIndex): IndexChange {
  return {
    table,
    says: isValid
      ? `The index ${name}, which Twinbox made for a filter, is dropped: no field needs it any more.`
      : `The index ${name}, which Twinbox began to make and did not finish, is dropped.`,
    sql: `drop index concurrently if exists ${shown}`,
  };
}

/** The names of the entity and the column, so that a person recognises it in a plan. */
function freeName({ name }: EntityTable, { column }: EntityField, taken: Set<string>): string {
  const whole = `${OURS}${name}_${column}`;
  const short = `${whole.slice(0, 50)}_${createHash('sha256').update(whole).digest('hex').slice(0, 8)}`;
  const base = whole.length <= MAX_NAME ? whole : short;
  let free = base;
  // A column that was renamed has kept its index and the index its name.
  for (let number = 2; taken.has(free); number += 1) free = `${base}_${number}`;
  taken.add(free);
  return free;
}

/** Leaves room for a number within the 63 bytes of a name. */
const MAX_NAME = 60;
