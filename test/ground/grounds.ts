// The rows of the matrix: each is a database as installations have them. `test` rows run with every
// `make test`, all with `make proof`.

/** What the row's server is: the embedded one, or an installed one of an older version (test/db/installed-server.ts). */
export type GroundServer = 'embedded' | 'installed';

export type GroundRow = {
  name: string;
  server?: GroundServer;
  /** Runs with `make test`, not only with `make proof`. */
  test?: true;
  /** Options of `create database`; by default UTF8 and the locale C.UTF-8. */
  options?: string;
  /** Session defaults, by `alter database … set`. */
  settings?: Record<string, string>;
  /** Statements of a superuser in the new database. */
  sql?: string;
  /** The type of name and email in the table that is taken over. */
  columnType?: string;
  /**
   * Another way to the same database, such as a pooler: started before the story, stopped after it.
   */
  through?: (url: string) => Promise<{ url: string; stop(): Promise<void> }>;
};

const ICU = (locale: string): string => `locale_provider icu icu_locale '${locale}' locale 'C'`;

const NONDETERMINISTIC = `create collation blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`;

/** Defaults that change how values are written, and that no statement of ours may depend on. */
const HARMLESS: Record<string, string> = {
  TimeZone: 'Asia/Kathmandu',
  bytea_output: 'escape',
  extra_float_digits: '-15',
  xmloption: 'document',
  xmlbinary: 'hex',
  array_nulls: 'off',
  transform_null_equals: 'on',
  quote_all_identifiers: 'on',
  lc_monetary: 'C',
  row_security: 'off',
  escape_string_warning: 'off',
  backslash_quote: 'on',
  check_function_bodies: 'off',
  default_statistics_target: '1',
  gin_fuzzy_search_limit: '1',
  client_min_messages: 'debug1',
  exit_on_error: 'off',
  session_replication_role: 'local',
};

/** How statements are planned and run. */
const PLANNER: Record<string, string> = {
  plan_cache_mode: 'force_generic_plan',
  jit: 'on',
  jit_above_cost: '0',
  enable_indexscan: 'off',
  enable_bitmapscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  enable_material: 'off',
  enable_sort: 'off',
  enable_partition_pruning: 'off',
  constraint_exclusion: 'off',
  from_collapse_limit: '1',
  join_collapse_limit: '1',
  work_mem: '64kB',
  debug_parallel_query: 'off',
};

/** Settings that may change how a statement runs. */
const COURSE: Record<string, string> = {
  statement_timeout: '10s',
  lock_timeout: '5s',
  idle_in_transaction_session_timeout: '10s',
  idle_session_timeout: '2s',
  synchronous_commit: 'off',
  default_transaction_deferrable: 'on',
  standard_conforming_strings: 'off',
  default_toast_compression: 'pglz',
  search_path: 'mine, public',
};

const alone = (name: string, value: string): GroundRow => ({
  name: `${name} = ${value}`,
  settings: { [name]: value },
});

export const grounds: readonly GroundRow[] = [
  {
    name: 'ICU tr-TR, nondeterministic columns',
    test: true,
    options: ICU('tr-TR'),
    sql: NONDETERMINISTIC,
    columnType: 'text collate blind',
  },
  {
    name: 'DateStyle German, and defaults of form by the dozen',
    test: true,
    settings: { ...HARMLESS, DateStyle: 'German', IntervalStyle: 'sql_standard' },
  },
  {
    name: 'planner and course, by the dozen',
    test: true,
    sql: 'create schema mine',
    settings: { ...PLANNER, ...COURSE },
  },
  {
    name: 'serializable',
    test: true,
    settings: { default_transaction_isolation: 'serializable' },
  },

  // Each by itself, and the rest of the combinations: make proof.
  { name: 'C.UTF-8' },
  { name: '15: C.UTF-8', server: 'installed' },
  { name: 'ICU tr-TR', options: ICU('tr-TR') },
  { name: 'nondeterministic columns', sql: NONDETERMINISTIC, columnType: 'text collate blind' },
  { name: 'DateStyle German', settings: { DateStyle: 'German', IntervalStyle: 'sql_standard' } },
  ...['az', 'lt', 'de', 'el', 'und-u-ks-level1'].map((locale) => ({
    name: `ICU ${locale}`,
    options: ICU(locale),
  })),
  { name: 'libc C', options: `locale_provider libc locale 'C'` },
  { name: 'libc en_US', options: `locale_provider libc locale 'en_US.UTF-8'` },
  { name: 'libc tr_TR', options: `locale_provider libc locale 'tr_TR.UTF-8'` },
  { name: '15: ICU tr-TR', server: 'installed', options: ICU('tr-TR') },
  {
    name: '15: nondeterministic columns',
    server: 'installed',
    sql: NONDETERMINISTIC,
    columnType: 'text collate blind',
  },
  { name: '15: defaults of form', server: 'installed', settings: HARMLESS },
  { name: '15: DateStyle SQL', server: 'installed', settings: { DateStyle: 'SQL, DMY' } },
  alone('DateStyle', 'SQL, DMY'),
  alone('DateStyle', 'Postgres, MDY'),
  ...['iso_8601', 'postgres_verbose', 'sql_standard'].map((style) => alone('IntervalStyle', style)),
  ...['Pacific/Kiritimati', 'America/St_Johns'].map((zone) => alone('TimeZone', zone)),
  alone('default_transaction_isolation', 'repeatable read'),
  alone('client_encoding', 'LATIN1'),
  ...Object.entries({ ...HARMLESS, ...PLANNER, ...COURSE })
    .filter(([name]) => name !== 'search_path')
    .map(([name, value]) => alone(name, value)),
];
