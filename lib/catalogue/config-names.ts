// Which names a configuration may give to entities, tables, columns and fields.

const NAME = /^[a-z][a-z0-9_]*$/;

/** PostgreSQL cuts longer names off; a name of ours has one byte for each character. */
const MAX_BYTES = 63;

/** What the API says of every row itself. */
const OF_THE_API = [
  ...['id', 'version', 'created_at', 'updated_at', 'deleted_at'],
  ...['created_event_id', 'last_event_id', 'external_mappings'],
];

/** The columns that Twinbox has in every table. */
const OF_TWINBOX = [
  ...['id', 'version', 'last_event_id', 'created_event_id', 'created_at', 'updated_at', 'deleted_at'],
];

/** The tables that Twinbox has besides those of the entities; a test compares db/schema.sql. */
const TABLES_OF_TWINBOX = [
  ...['account_readings', 'account_rests', 'attached_entities', 'attached_mappings', 'breakers'],
  'catalogue_number',
  ...['closed_deliveries', 'connections', 'copy_accounts', 'database_place', 'event_blocks'],
  ...['existing_rows', 'external_mappings', 'external_records', 'inbound_event_ids', 'inbound_refusals'],
  ...['instance', 'leases', 'operator_action_pairs', 'operator_actions', 'rate_buckets'],
  ...['refused_records', 'relay_batches', 'relay_cursor', 'restores', 'role_signs', 'sequence_moves'],
  ...['skipped_items', 'stoppages', 'sweeps', 'sync_attempts', 'sync_conflicts', 'sync_deliveries'],
  ...['sync_events', 'sync_intents', 'system_credentials', 'taken_over_rows', 'walk_positions'],
  'webhook_signs',
];

/** What a list of the API is asked for besides values of fields; a test compares the API's schema. */
const OF_LISTS = ['limit', 'after', 'updated_since'];

/** JavaScript knows a member of this name in every object. */
const OF_JAVASCRIPT = ['constructor'];

/** Why a field cannot have the name; null if it can. */
export function fieldNameProblem(name: string): string | null {
  if (name.startsWith('_')) return 'a name that begins with _ is kept for Twinbox';
  if (OF_THE_API.includes(name)) return `"${name}" is a member that the API itself gives to every row`;
  return nameProblem(name);
}

/** Why a list cannot be filtered by a field of this name; null if it can. */
export function filterNameProblem(name: string): string | null {
  return OF_LISTS.includes(name)
    ? `a list has a parameter "${name}" of its own, so it cannot be filtered by a field of this name; give the field another name, its column can stay`
    : null;
}

/** Why a column of the user's cannot have the name; null if it can. */
export function columnProblem(name: string): string | null {
  if (OF_TWINBOX.includes(name)) return `"${name}" is a column of Twinbox itself`;
  return nameProblem(name);
}

export function tableProblem(name: string): string | null {
  if (name.includes('.'))
    return `"${name}" names a schema; name the table alone, its schema is that of the search_path of the database`;
  if (TABLES_OF_TWINBOX.some((own) => name === own || name.startsWith(`${own}_`)))
    return `"${name}" is a table of Twinbox itself, or may become one`;
  return nameProblem(name);
}

/** Why no entity, table, column or field can have the name; null if one can. */
export function nameProblem(name: string): string | null {
  if (!NAME.test(name)) {
    const snake = toSnakeCase(name);
    return `a name has small letters, digits and underscores, and begins with a letter${NAME.test(snake) ? `: "${snake}"` : ''}`;
  }
  if (OF_JAVASCRIPT.includes(name)) return `"${name}" means something in JavaScript; choose another name`;
  if (name.length > MAX_BYTES)
    return `a name has at most ${MAX_BYTES} characters, this one has ${name.length}`;
  return null;
}

/** `tax_id` for `taxId` and `Tax ID`. */
function toSnakeCase(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
}
