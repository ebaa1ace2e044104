// The rows of an entity: written, each write with its event in the same statement
// (row-statements.ts), and read with their pairs.

import type { Knex } from 'knex';
import { demandFree, onceBindings, type Once } from '../idempotent-writes.ts';
import type { Db, Tx } from '../server/connection.ts';
import { sqlState } from '../server/errors.ts';
import { runPrepared } from '../server/prepared.ts';
import { numberOf, saidOfChange } from './catalogue-number.ts';
import { byColumn } from './by-column.ts';
import { identityField, identityIndexOf, type EntityTable } from './entity-table.ts';
import { filtersOf } from './filters.ts';
import {
  deleteSql,
  holderSql,
  identityCondition,
  insertSql,
  insertTogetherSql,
  listSql,
  readSql,
  updateSql,
} from './row-statements.ts';
import { toRow, type MappedRow, type Missing, type SqlRow } from './row-forms.ts';
import type { RowFields } from './row-values.ts';
import { RowSwallowed } from '../row-rules.ts';
import { writeNumbered } from '../sequences/taken-numbers.ts';

export type { EntityRow, MappedRow, RowMapping } from './row-forms.ts';
export type { JsonValue, RowFields } from './row-values.ts';

/**
 * What a write stores in its event. With `once` the write is made once, and its answer is kept: it
 * throws AnsweredBefore or KeyInUse instead of writing (db/idempotent-writes.ts).
 */
export type Stamp = {
  eventId: string;
  source: string;
  context: Record<string, unknown>;
  now: Date;
  once?: Once;
};

/**
 * `identity`: without regard to the case of its letters A to Z. `fields`: canonical values of indexed
 * fields, all of which a row must have; null asks for rows without a value.
 */
export type RowFilter = {
  limit: number;
  after?: number;
  identity?: string;
  updatedSince?: Date;
  /** Only these. */
  ids?: readonly number[];
  fields?: RowFields;
};

const ANSWER_MS = 15_000;

/**
 * Writes a new row and its created event. Throws if a living row has the identity (isIdentityTaken),
 * if the table refuses or drops the row (db/row-rules.ts), and `catalogue_changed` if the
 * database was migrated to a catalogue with other rows meanwhile. Returns the row as the triggers of
 * the table have made it.
 */
export async function insertRow(
  db: Db | Tx,
  entity: EntityTable,
  values: RowFields,
  stamp: Stamp,
): Promise<MappedRow> {
  const { columns, json } = byColumn(entity, values);
  const row = await writeNumbered(
    db,
    (at) =>
      one(at, textOf(insertSql, entity, columns, howOf(stamp)), { values: json, ...stamped(db, stamp) }),
    (error) => isIdentityTaken(entity, error),
  );
  if (!row) throw new RowSwallowed('insert');
  return row;
}

/** A new row of one request, among those of others; `json`: its values by column (by-column.ts). */
export type RowBeside = { json: string; stamp: Stamp };

/**
 * Writes the rows of several requests, each with its event, in one statement and one commit; returns them by their
 * event ids. They have the same columns and the same source. A row that meets another one, or that the table drops,
 * is left out: insertRow says why. Throws whatever the table throws about one of them, and `55P03` if one has to
 * wait for another transaction; then none is written.
 */
export async function insertTogether(
  db: Db,
  entity: EntityTable,
  columns: readonly string[],
  rows: readonly RowBeside[],
): Promise<Map<string, MappedRow>> {
  const items = rows.map(({ json, stamp }) => `{"eventId":"${stamp.eventId}","values":${json}}`);
  // As text: an object with other names each time would leave V8 a description of it, and names, for each.
  const contexts = rows.map(({ stamp }) => `"${stamp.eventId}":${JSON.stringify(stamp.context)}`);
  const [newest] = rows.map(({ stamp }) => stamp).slice(-1);
  if (!newest) return new Map();
  const written = await all(db, textOf(insertTogetherSql, entity, columns), {
    ...{ rows: `[${items.join(',')}]`, contexts: `{${contexts.join(',')}}`, source: newest.source },
    ...{ now: newest.now, catalogue: numberOf(db) },
  });
  return new Map(written.map((row) => [row.createdEventId, row]));
}

/**
 * Changes the given fields and writes the updated event. Returns null if no row was changed or no
 * value differs; then nothing is written, and readRow shows which of the two it was. Throws as
 * insertRow does; a write that the table dropped changes no row. `refuseTurnedBack`: if the triggers
 * of the table undo the change, nothing is written, and the error is the one that db/row-rules.ts
 * treats as a dropped write; without it the row gets a new version with the old values.
 */
export async function updateRow(
  db: Db | Tx,
  entity: EntityTable,
  id: number,
  values: RowFields,
  {
    ifVersion,
    refuseTurnedBack = false,
  }: { ifVersion?: number | readonly number[]; refuseTurnedBack?: boolean },
  stamp: Stamp,
): Promise<MappedRow | null> {
  const { columns, json } = byColumn(entity, values);
  if (columns.length === 0) return null;
  const condition = { ifVersion: versions(ifVersion), refuseTurnedBack };
  return await writeNumbered(
    db,
    (at) => {
      const bindings = { id, values: json, ...condition, ...stamped(db, stamp) };
      return one(at, textOf(updateSql, entity, columns, howOf(stamp)), bindings);
    },
    (error) => isIdentityTaken(entity, error),
  );
}

/**
 * Makes the row a tombstone and writes the deleted event. Returns null if there was no living row of
 * that version. Throws as insertRow does.
 */
export function deleteRow(
  db: Db | Tx,
  entity: EntityTable,
  id: number,
  { ifVersion }: { ifVersion?: number | readonly number[] },
  stamp: Stamp,
): Promise<MappedRow | null> {
  return writeNumbered(db, (at) =>
    one(at, deleteSql(entity, howOf(stamp)), { id, ifVersion: versions(ifVersion), ...stamped(db, stamp) }),
  );
}

/** The row with its mappings, also a tombstone; null if no row ever had the id. */
export function readRow(
  db: Db | Tx,
  entity: Pick<EntityTable, 'name'>,
  id: number,
): Promise<MappedRow | null> {
  return one(db, readSql(entity), { id });
}

/** A page of living rows in the order of their ids, after the id `after`. */
export function listRows(db: Db | Tx, entity: EntityTable, filter: RowFilter): Promise<MappedRow[]> {
  const { limit, after = null, identity, updatedSince = null, ids, fields = {} } = filter;
  const { conditions, bindings } = filtersOf(entity, fields, 'c');
  const field = identityField(entity);
  if (identity !== undefined && field !== null) conditions.push(identityCondition(field));
  if (ids !== undefined) conditions.push('c.id = any(:ids::bigint[])');
  return all(db, listSql(entity, conditions), {
    ...bindings,
    ...{ limit, after, updatedSince },
    ...(identity !== undefined && { identity }),
    ...(ids !== undefined && { ids: [...ids] }),
  });
}

/** The id of the living row that has this identity, without regard to the case of its letters. */
export async function findIdentityHolder(
  db: Db | Tx,
  entity: EntityTable,
  identity: string,
): Promise<number | null> {
  const { rows } = await db.raw<{ rows: { id: string | number }[] }>(holderSql(entity), { identity });
  return rows[0] ? Number(rows[0].id) : null;
}

/** Whether a write failed because another living row has the identity. */
export function isIdentityTaken(entity: EntityTable, error: unknown): boolean {
  return (
    sqlState(error) === '23505' &&
    error instanceof Error &&
    'constraint' in error &&
    error.constraint === identityIndexOf(entity)
  );
}

function versions(ifVersion: number | readonly number[] | undefined): number[] | null {
  return ifVersion === undefined ? null : [ifVersion].flat();
}

type Write = (entity: EntityTable, columns: readonly string[], how: { once: boolean }) => string;
const texts = new WeakMap<EntityTable, Map<Write, Map<string, string>>>();

/** The text of a statement, made once: making it anew takes longer than all else that is done for a row. */
function textOf(
  write: Write,
  entity: EntityTable,
  columns: readonly string[],
  how = { once: false },
): string {
  const ofEntity = getOrMake(texts, entity, () => new Map<Write, Map<string, string>>());
  const ofWrite = getOrMake(ofEntity, write, () => new Map<string, string>());
  return getOrMake(ofWrite, `${how.once} ${columns.join(' ')}`, () => write(entity, columns, how));
}

function getOrMake<K, V>(
  known: { get(key: K): V | undefined; set(key: K, value: V): unknown },
  key: K,
  make: () => V,
): V {
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make();
  known.set(key, made);
  return made;
}

const howOf = ({ once }: Stamp): { once: boolean } => ({ once: once !== undefined });

function stamped(
  db: Db | Tx,
  { eventId, source, context, now, once }: Stamp,
): Record<string, string | Date | number | Buffer | null> {
  const bindings = { eventId, source, context: JSON.stringify(context), now, catalogue: numberOf(db) };
  return once ? { ...bindings, ...onceBindings(once) } : bindings;
}

async function all(
  db: Db | Tx,
  sql: string,
  bindings: Record<string, Knex.RawBinding>,
): Promise<MappedRow[]> {
  // A server that vanished answers nothing, and its connections would stay in the pool until TCP
  // gives up. So outside a transaction a statement that takes too long loses its connection; inside
  // one, the owner of the transaction bounds the time.
  const limit = db.isTransaction ? {} : { timeoutMs: ANSWER_MS };
  const { rows } = await runPrepared<{ rows: (SqlRow | Missing)[] }>(db, sql, bindings, limit).catch(
    (error: unknown) => {
      throw saidOfChange(error);
    },
  );
  return rows.flatMap((row) => {
    demandFree(row.earlier);
    return row.id === null ? [] : [toRow(row)];
  });
}

async function one(
  db: Db | Tx,
  sql: string,
  bindings: Record<string, Knex.RawBinding>,
): Promise<MappedRow | null> {
  const [row] = await all(db, sql, bindings);
  return row ?? null;
}
