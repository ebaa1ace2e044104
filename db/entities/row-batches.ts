// Many rows in one statement: the look for those that are there, and the new ones with their events.
import { byColumn } from './by-column.ts';
import { numberOf, saidOfChange } from './catalogue-number.ts';
import { identityField, type EntityTable } from './entity-table.ts';
import { holdersSql, insertManySql, updateManySql } from './row-statements.ts';
import type { RowFields } from './row-values.ts';
import type { Tx } from '../server/connection.ts';

export type NewRow = {
  /** The id of the event. */
  eventId: string;
  values: RowFields;
};

/** What the events of all rows of a statement have in common. */
export type ManyStamp = { source: string; context: Record<string, unknown>; now: Date };

/**
 * Rules of the table that wait for the end of a transaction are checked by each statement from here on, as
 * they are for a write that is its own transaction: so it is known which row breaks one.
 */
export async function checkRulesAtOnce(tx: Tx): Promise<void> {
  await tx.raw('set constraints all immediate');
}

/**
 * Writes the rows that meet no other row, in their order, each with its created event; returns their ids by
 * their event ids. Throws whatever the table throws about one of them; then none is written.
 */
export async function insertRows(
  tx: Tx,
  entity: EntityTable,
  rows: readonly NewRow[],
  stamp: ManyStamp,
): Promise<Map<string, number>> {
  const written = await byColumns<{ id: number; created_event_id: string }>(tx, entity, rows, {
    stamp,
    sqlOf: insertManySql,
  });
  return new Map(written.map(({ id, created_event_id: eventId }) => [eventId, id]));
}

/**
 * Changes the given fields of living rows, each with its updated event; returns the ids of those that were
 * changed. Throws as insertRows does, also if the triggers of the table undo a change.
 */
export async function updateRows(
  tx: Tx,
  entity: EntityTable,
  rows: readonly (NewRow & { id: number })[],
  stamp: ManyStamp,
): Promise<Set<number>> {
  const written = await byColumns<{ id: number }>(tx, entity, rows, { stamp, sqlOf: updateManySql });
  return new Set(written.map(({ id }) => id));
}

/** A column that a row does not name gets its default or stays, so each set of columns is a statement. */
async function byColumns<T>(
  tx: Tx,
  entity: EntityTable,
  rows: readonly (NewRow & { id?: number })[],
  how: { stamp: ManyStamp; sqlOf: (entity: EntityTable, columns: readonly string[]) => string },
): Promise<T[]> {
  const { source, context, now } = how.stamp;
  const stamped = { source, context: JSON.stringify(context), now, catalogue: numberOf(tx) };
  const named = rows.map(({ id = null, eventId, values }) => {
    const { columns, json } = byColumn(entity, values);
    return { columns, item: `{"id":${id},"eventId":"${eventId}","values":${json}}` };
  });
  const all: T[] = [];
  for (const same of Map.groupBy(named, ({ columns }) => columns.join()).values()) {
    const bindings = { rows: `[${same.map(({ item }) => item).join(',')}]`, ...stamped };
    const { rows: written } = await tx
      .raw<{ rows: T[] }>(how.sqlOf(entity, same[0]?.columns ?? []), bindings)
      .catch((error: unknown) => {
        throw saidOfChange(error);
      });
    all.push(...written);
  }
  return all;
}

/** The living row with each identity, as far as there is one; in the order of the identities. */
export async function findHolders(
  tx: Tx,
  entity: EntityTable,
  identities: readonly (string | null)[],
): Promise<({ id: number; fields: RowFields } | null)[]> {
  const field = identityField(entity);
  const found: ({ id: number; fields: RowFields } | null)[] = identities.map(() => null);
  if (field === null) return found;
  const { rows } = await tx.raw<{ rows: { at: number; id: number; fields: RowFields }[] }>(
    holdersSql(entity, field),
    { identities: [...identities] },
  );
  for (const { at, id, fields } of rows) found[at - 1] = { id, fields };
  return found;
}
