// Many rows in one statement: the look for those that are there, and the new ones with their events.
import { byColumn } from './by-column.ts';
import { numberOf, saidOfChange } from './catalogue-number.ts';
import { identityField, type EntityTable } from './entity-table.ts';
import { holdersSql, insertManySql } from './row-statements.ts';
import type { RowFields } from './row-values.ts';
import type { Tx } from '../server/connection.ts';

export type NewRow = {
  /** The id of its created event. */
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
  { source, context, now }: ManyStamp,
): Promise<Map<string, number>> {
  const made = new Map<string, number>();
  const named = rows.map(({ eventId, values }) => ({ eventId, ...byColumn(entity, values) }));
  // A column that a row does not name gets its default, so each set of columns is a statement.
  for (const same of Map.groupBy(named, ({ columns }) => columns.join()).values()) {
    const items = same.map(({ eventId, json }) => `{"eventId":"${eventId}","values":${json}}`);
    const bindings = {
      rows: `[${items.join(',')}]`,
      ...{ source, context: JSON.stringify(context), now, catalogue: numberOf(tx) },
    };
    const { rows: written } = await tx
      .raw<{ rows: { id: number; created_event_id: string }[] }>(
        insertManySql(entity, same[0]?.columns ?? []),
        bindings,
      )
      .catch((error: unknown) => {
        throw saidOfChange(error);
      });
    for (const { id, created_event_id: eventId } of written) made.set(eventId, Number(id));
  }
  return made;
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
  for (const { at, id, fields } of rows) found[Number(at) - 1] = { id: Number(id), fields };
  return found;
}
