// Rows that the table of an entity refuses, by a rule or a trigger of its owner. Only this file judges
// such errors; every writer of rows asks it. Its results contain no value of a row, although
// PostgreSQL puts values into its details and into some of its messages.
import { identityIndexOf, type EntityTable } from './entities/entity-table.ts';
import { guardFunctionsOf } from './entities/guards.ts';
import { isRepeatable, type Db, type Tx } from './server/connection.ts';
import { sqlState } from './server/errors.ts';
import { isDatabaseAway } from './health/readiness.ts';

export const ruleKinds = [
  ...(['unique', 'exclusion', 'foreign_key', 'check', 'not_null', 'too_long', 'out_of_range'] as const),
  ...(['trigger', 'policy'] as const),
  /**
   * PostgreSQL accepted the write and changed nothing: a trigger returned null, or a rewrite rule
   * or a policy left the row out.
   */
  'swallowed',
] as const;

export type RuleKind = (typeof ruleKinds)[number];

export type TableRefusal = {
  kind: RuleKind;
  /**
   * The constraint, or the function of the trigger with `()`; for a dropped write the triggers that
   * can be the cause.
   */
  rule: string | null;
  /** The columns that the rule is about, as far as they are known. */
  columns: string[];
  /** Null for a swallowed write. */
  sqlstate: string | null;
  /** Says which rule of the table refuses the row; without any value. */
  message: string;
  /**
   * The message that the author of the rule wrote (RAISE), which may contain values: for the
   * client, and not for the log.
   */
  says: string | null;
};

/** A write that PostgreSQL accepted, and that changed nothing. */
export class RowSwallowed extends Error {
  override readonly name = 'RowSwallowed';
  readonly operation: WriteOperation;

  constructor(operation: WriteOperation) {
    super('the table accepted the write, and changed nothing');
    this.operation = operation;
  }
}

/** The operation on a row; for PostgreSQL a deletion is an update. */
export type WriteOperation = 'insert' | 'update';

/** The functions that the migrations make: their errors are not rules of the table's owner. */
const OF_MIGRATIONS = [
  ...['entity_payload', 'entity_rows', 'is_of_this_transaction', 'new_event_id', 'next_sync_event_id'],
  ...['purge_customer', 'purge_row', 'refuse_removal', 'refuse_turned_back_change', 'table_of_entity'],
  ...['refuse_change_of_actions', 'refuse_change_of_events', 'write_customer_event', 'write_event'],
  ...['draw_above_relay_floor', 'move_sync_event_ids', 'newest_sync_event_id', 'raise_relay_floor'],
  ...['version_after_restore', 'relay_cursor_generation', 'relay_cursor_note_writer'],
  ...['sync_events_above_floor', 'demand_catalogue', 'claim_idempotent_write', 'event_created_at'],
  ...['payload_of_row', 'pairs_of_new_row'],
  ...[
    'relay_shard',
    'canonical_json',
    'operator_action_pairs_hash',
    'operator_action_text',
    'refuse_removal_of_actions',
  ],
];

/** Those, and the functions that watch over the entity's table. */
export function ownFunctions(entity: EntityTable): ReadonlySet<string> {
  return new Set([...OF_MIGRATIONS, ...guardFunctionsOf(entity)]);
}

const KINDS: Record<string, RuleKind> = {
  '23505': 'unique',
  '23P01': 'exclusion',
  '23503': 'foreign_key',
  '23514': 'check',
  '23502': 'not_null',
  '22001': 'too_long',
  '22003': 'out_of_range',
};

/**
 * Our own refusals (db/migrations): of a change without a new version, also if a trigger made the
 * change.
 */
const WITHOUT_VERSION = 'TB001';
const BEHIND_ITS_BACK = 'TB006';

/**
 * A trigger put the old values back (refuse_turned_back_change): for the writer the same as a
 * dropped write.
 */
const TURNED_BACK = 'TB009';

const isSwallowed = (error: unknown): boolean =>
  error instanceof RowSwallowed || sqlState(error) === TURNED_BACK;

/** Our own unique indexes lead to other answers. */
function isOurIndex(entity: EntityTable, name: string): boolean {
  return name === identityIndexOf(entity) || name === `${entity.table}_created_event`;
}

/** The parts of an error of PostgreSQL that a program may rely on. */
type Reported = Record<'table' | 'column' | 'constraint' | 'where' | 'routine', string | undefined>;

/**
 * The refusal of the table, if the error of a write is one; null for any other error. Columns are
 * named only if the error names them.
 */
export function refusedByTable(entity: EntityTable, error: unknown): TableRefusal | null {
  if (isSwallowed(error)) return swallowed(entity, null);
  const state = sqlState(error);
  if (!(error instanceof Error) || state === undefined) return null;
  const { table, column, constraint, where = '', routine } = error as Error & Reported;
  const own = ownFunctions(entity);
  const triggers = functionsIn(where).filter((name) => !own.has(name));
  // The trigger itself is the last one, after the functions that it calls.
  const trigger = triggers.at(-1);
  const isRaised = routine === 'exec_stmt_raise' || /^(P0|38)/.test(state);
  const says = isRaised ? serverMessage(error) : null;
  const rule = constraint ?? (trigger === undefined ? null : `${trigger}()`);
  const refusalOf = (kind: RuleKind, more: Partial<TableRefusal> = {}): TableRefusal => {
    const refusal = {
      kind,
      rule,
      columns: column === undefined ? [] : [column],
      sqlstate: state,
      says,
      ...more,
    };
    return { ...refusal, message: messageOf(entity, refusal) };
  };

  if (isRepeatable(error) || isDatabaseAway(error)) return null;
  if (state.startsWith('TB')) {
    const isOfTrigger = state === BEHIND_ITS_BACK || (state === WITHOUT_VERSION && trigger !== undefined);
    return isOfTrigger ? refusalOf('trigger', { says: null }) : null;
  }
  if (constraint !== undefined && isOurIndex(entity, constraint)) return null;
  if ((state === '42501' || state === '44000') && routine === 'ExecWithCheckOptions')
    return refusalOf('policy');
  const kind = KINDS[state];
  if (kind !== undefined && (table === undefined || table === entity.table || trigger !== undefined))
    return refusalOf(kind);
  return isRaised || trigger !== undefined ? refusalOf('trigger') : null;
}

/**
 * The same, with the columns that the catalogue names, and with the triggers that can have dropped
 * a write. Reads the catalogue only for a refusal.
 */
export async function describeRefusal(
  db: Db | Tx,
  entity: EntityTable,
  error: unknown,
): Promise<TableRefusal | null> {
  const refusal = refusedByTable(entity, error);
  if (refusal === null) return null;
  if (isSwallowed(error))
    return swallowed(
      entity,
      await findSwallowers(db, entity, error instanceof RowSwallowed ? error.operation : 'update'),
    );
  if (refusal.rule === null || refusal.columns.length > 0) return refusal;
  const columns = await findColumns(db, entity, refusal.rule);
  return { ...refusal, columns, message: messageOf(entity, { ...refusal, columns }) };
}

const SAYS_MAX = 500;

/**
 * knex puts the statement before the message: a statement of db/entities/rows.ts, or the commit that
 * checks a deferred rule.
 */
function serverMessage({ message }: Error): string | null {
  const [, said] =
    /^(?:[^]*?\bfrom (?:changed c|claim left join answer on true)|COMMIT;?) - ([^]*)$/.exec(message) ?? [];
  return said === undefined ? null : said.slice(0, SAYS_MAX);
}

function swallowed(entity: EntityTable, rule: string | null): TableRefusal {
  const kind = 'swallowed';
  const columns: string[] = [];
  return {
    kind,
    rule,
    columns,
    sqlstate: null,
    says: null,
    message: messageOf(entity, { kind, rule, columns }),
  };
}

/**
 * The functions in the context of an error, the innermost first. The lines of the context are in
 * the language of the server.
 */
function functionsIn(where: string): string[] {
  return where.split('\n').flatMap((line) => {
    const [, called, quoted] = line.includes('PL/') ? (FUNCTION.exec(line) ?? []) : [];
    const name = called ?? quoted;
    return name === undefined ? [] : [name.replace(/^.*\./, '')];
  });
}

/** `closed()` in PL/pgSQL, `"closed"` in the other languages. */
const FUNCTION = /([\p{L}_][\p{L}\p{N}_$.]*)\(|"([^"]+)"/u;

function messageOf(
  { table }: EntityTable,
  { kind, rule, columns }: Pick<TableRefusal, 'kind' | 'rule' | 'columns'>,
): string {
  const named = rule === null ? '' : ` ${rule}`;
  const about = columns.length === 0 ? '' : ` on ${columns.join(', ')}`;
  switch (kind) {
    case 'unique':
      return `the unique rule${named} of the table ${table} refuses this row: another row has the same value${about}`;
    case 'exclusion':
      return `the exclusion constraint${named}${about} of the table ${table} refuses this row: it conflicts with another row`;
    case 'foreign_key':
      return `the foreign key${named}${about} of the table ${table} refuses this row: the row that it refers to does not exist`;
    case 'check':
      return `the check${named}${about} of the table ${table} refuses this row`;
    case 'not_null':
      return `the column ${columns[0] ?? '?'} of the table ${table} may not be empty`;
    case 'too_long':
      return `a column of the table ${table} refuses this row: a text is longer than its type allows${named && `, in ${rule ?? ''}`}`;
    case 'out_of_range':
      return `a column of the table ${table} refuses this row: a number is out of the range of its type${named && `, in ${rule ?? ''}`}`;
    case 'trigger':
      return `a trigger${named === '' ? '' : ` (${rule ?? ''})`} of the table ${table} refuses this row`;
    case 'policy':
      return `a row-level security policy of the table ${table} refuses this row`;
    case 'swallowed':
      return `the table ${table} accepted the write and changed nothing: a trigger that returns null or puts the old values back${named && ` (${rule ?? ''})`}, a rewrite rule or a policy leaves this row out`;
  }
}

const columnsSql = `
select a.attname as name from pg_attribute a
where a.attrelid = to_regclass(:table) and a.attnum > 0 and not a.attisdropped and (
  exists (select from pg_constraint c where c.conrelid = a.attrelid and c.conname = :rule and a.attnum = any (c.conkey))
  or exists (select from pg_depend d join pg_class x on x.oid = d.objid
             where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and x.relname = :rule and x.relkind = 'i'
               and d.refobjid = a.attrelid and d.refobjsubid = a.attnum))
order by a.attnum`;

async function findColumns(db: Db | Tx, { table }: EntityTable, rule: string): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { name: string }[] }>(columnsSql, { table, rule });
  return rows.map(({ name }) => name);
}

// tgtype: 1 for each row, 2 before, 4 insert, 16 update.
const swallowersSql = `
select t.tgname as name from pg_trigger t join pg_proc p on p.oid = t.tgfoid
where t.tgrelid = to_regclass(:table) and not t.tgisinternal and t.tgenabled <> 'D'
  and t.tgtype & 3 = 3 and t.tgtype & :event::int <> 0 and p.proname <> all (:own::text[])
order by t.tgname`;

async function findSwallowers(
  db: Db | Tx,
  entity: EntityTable,
  operation: WriteOperation,
): Promise<string | null> {
  const { rows } = await db.raw<{ rows: { name: string }[] }>(swallowersSql, {
    table: entity.table,
    event: operation === 'insert' ? 4 : 16,
    own: [...ownFunctions(entity)],
  });
  return rows.length === 0 ? null : rows.map(({ name }) => name).join(', ');
}
