import { columnOf, type EntityTable } from './entity-table.ts';
import type { RowFields } from './row-values.ts';

/** The values of the entity's fields by their columns; other names are left out. */
export function byColumn(entity: EntityTable, values: RowFields): { columns: string[]; json: string } {
  const named = entity.fields.filter(({ name }) => values[name] !== undefined);
  return {
    columns: named.map(columnOf),
    json: JSON.stringify(Object.fromEntries(named.map(({ name, column }) => [column, values[name]]))),
  };
}
