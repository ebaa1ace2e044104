// Which events are about a row, and which about a record, as SQL: one fragment, so that every query
// gives the same answer. The type of an event begins with the name of its entity, and before that with
// the name of the system that it comes from.

const KINDS = ['created', 'updated', 'deleted'];

const oneOf = (event: string, prefix: string): string =>
  `${event}.event_type in (${KINDS.map((kind) => `${prefix}${event}.entity_type || '.${kind}'`).join(', ')})`;

/** A change of a row of ours: `customer.updated`. */
export function isRowChangeSql(event: string): string {
  return oneOf(event, '');
}

/** A change of a record at a system, whose name is the expression: `stripe.customer.updated`. */
export function isRecordChangeSql(event: string, system: string): string {
  return oneOf(event, `${system} || '.' || `);
}
