// Which events are about a row, and which about a record, as SQL: one fragment, so that every query
// gives the same answer. The type of an event begins with the name of its entity, and before that with
// the name of the system that it comes from.

const OF_ROWS = ['created', 'updated', 'deleted'];
/** A row is never merged into another one. */
const OF_RECORDS = [...OF_ROWS, 'merged'];

const oneOf = (kinds: readonly string[], event: string, prefix: string): string =>
  `${event}.event_type in (${kinds.map((kind) => `${prefix}${event}.entity_type || '.${kind}'`).join(', ')})`;

/** A change of a row of ours: `customer.updated`. */
export function isRowChangeSql(event: string): string {
  return oneOf(OF_ROWS, event, '');
}

/** A change of a record at a system, whose name is the expression: `stripe.customer.updated`. */
export function isRecordChangeSql(event: string, system: string): string {
  return oneOf(OF_RECORDS, event, `${system} || '.' || `);
}
