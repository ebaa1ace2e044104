// Names that no table of a user can have. A test compares them with a database.

/** The tables, sequences and views that Twinbox has besides the tables of the entities. */
export const TABLES_OF_TWINBOX: readonly string[] = [
  ...['api_key_secret', 'api_keys'],
  ...['account_budgets', 'account_readings', 'account_rests', 'attached_entities', 'attached_mappings'],
  ...['audit_checkpoints', 'audit_head', 'breakers'],
  ...['catalogue_number', 'closed_deliveries', 'closed_pairs', 'connections', 'copy_accounts'],
  'database_place',
  ...['event_blocks', 'existing_rows', 'external_mappings', 'external_records', 'idempotent_writes'],
  ...['comparisons', 'health_samples', 'import_runs'],
  ...[
    'inbound_event_ids',
    'inbound_refusals',
    'instance',
    'lane_pauses',
    'leases',
    'link_plans',
    'operator_action_pairs',
    'operator_actions',
  ],
  ...['rate_buckets', 'refused_records', 'relay_batches', 'relay_cursor', 'relay_floor'],
  ...['replay_items', 'replay_jobs', 'replay_plans', 'restores'],
  ...[
    'role_signs',
    'row_pauses',
    'schema_migrations',
    'sequence_moves',
    'skipped_items',
    'stoppages',
    'sweeps',
    'system_questions',
  ],
  ...['sync_attempts', 'sync_conflicts', 'sync_deliveries', 'sync_event_ids', 'sync_event_status'],
  ...['sync_events', 'sync_intents', 'system_credentials', 'taken_over_rows', 'walk_positions'],
  'webhook_signs',
];

/** The types of PostgreSQL: a table is a type too, and the one of PostgreSQL would be found first. */
export const TYPES_OF_POSTGRES: readonly string[] = [
  ...['aclitem', 'any', 'anyarray', 'anycompatible', 'anycompatiblearray', 'anycompatiblemultirange'],
  ...['anycompatiblenonarray', 'anycompatiblerange', 'anyelement', 'anyenum', 'anymultirange'],
  ...['anynonarray', 'anyrange', 'bit', 'bool', 'box', 'bpchar', 'bytea', 'char', 'cid', 'cidr'],
  ...['circle', 'cstring', 'date', 'datemultirange', 'daterange', 'event_trigger', 'fdw_handler'],
  ...['float4', 'float8', 'gtsvector', 'index_am_handler', 'inet', 'int2', 'int2vector', 'int4'],
  ...['int4multirange', 'int4range', 'int8', 'int8multirange', 'int8range', 'internal', 'interval'],
  ...['json', 'jsonb', 'jsonpath', 'language_handler', 'line', 'lseg', 'macaddr', 'macaddr8'],
  ...['money', 'name', 'numeric', 'nummultirange', 'numrange', 'oid', 'oidvector', 'path', 'point'],
  ...['polygon', 'record', 'refcursor', 'regclass', 'regcollation', 'regconfig', 'regdictionary'],
  ...['regnamespace', 'regoper', 'regoperator', 'regproc', 'regprocedure', 'regrole', 'regtype'],
  ...['table_am_handler', 'text', 'tid', 'time', 'timestamp', 'timestamptz', 'timetz', 'trigger'],
  ...['tsm_handler', 'tsmultirange', 'tsquery', 'tsrange', 'tstzmultirange', 'tstzrange', 'tsvector'],
  ...['txid_snapshot', 'unknown', 'uuid', 'varbit', 'varchar', 'void', 'xid', 'xid8', 'xml'],
];
