// The sequences behind our tables, and their distance to the ids in the tables.
import { attachedTables } from '../entities/attached.ts';
import type { Db, Tx } from '../server/handles.ts';

export type SequenceState = {
  /** As in SQL: quoted, and with its schema if search_path does not contain that schema. */
  sequence: string;
  /** The column that is compared with it, for people: customers.id */
  column: string;
  /** The last number that was given out. */
  last: number;
  /**
   * The greatest number in use; the least, for a sequence that goes down. Null if there is none.
   */
  newest: number | null;
  increment: number;
  /**
   * The limit that is too small for a bigint column, for people: smallint, or maxvalue 999. Null if
   * none is.
   */
  narrow: string | null;
  behind: boolean;
  /** Whether this role may set the sequence, and whether it may change its type. */
  mayMove: boolean;
  mayAlter: boolean;
};

/**
 * The tables whose ids come from a sequence, besides those of the entities. Other tables of the same schema may not be ours, and
 * are left alone.
 */
export const numberedTables = [
  'external_mappings',
  'inbound_refusals',
  'operator_actions',
  'replay_jobs',
  'restores',
  // A table of knex: if the sequence of its ids fails, no migration runs.
  'schema_migrations',
  'schema_migrations_lock',
  'stoppages',
  'system_questions',
] as const;

/** A sequence that has fewer numbers left than this is too narrow. */
const ROOM = 1_000_000;

// The sequence of a column is the one that its default names, whatever its owner is, otherwise the
// one of the identity. A default from before regclass constants names the sequence as a text:
// nextval(('customers_seq'::text)::regclass).
const listSql = `
select s.seqrelid::regclass::text as sequence, t.oid::regclass::text as "table", quote_ident(a.attname) as "column",
  t.relname || '.' || a.attname as label, s.seqincrement as increment,
  case when a.atttypid = 'bigint'::regtype and s.seqtypid <> 'bigint'::regtype then s.seqtypid::regtype::text end as type,
  case when a.atttypid = 'bigint'::regtype then least(s.seqmax, 9007199254740991) end as most,
  has_sequence_privilege(s.seqrelid, 'update') as "mayMove", pg_has_role(c.relowner, 'usage') as "mayAlter"
from unnest(:tables::text[]) name
join pg_class t on t.oid = to_regclass(quote_ident(name))
join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef v on v.adrelid = t.oid and v.adnum = a.attnum and a.attgenerated = ''
cross join lateral (
  select to_regclass(replace(substring(pg_get_expr(v.adbin, v.adrelid) from $re$nextval\\(+'(([^']|'')+)'$re$), '''''', ''''))::oid as oid
  union
  select d.objid from pg_depend d
  where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = t.oid and d.refobjsubid = a.attnum and d.deptype = 'i'
) n
join pg_sequence s on s.seqrelid = n.oid join pg_class c on c.oid = s.seqrelid
where has_sequence_privilege(s.seqrelid, 'select')
order by 1, 2`;

type Listed = {
  sequence: string;
  table: string;
  column: string;
  label: string;
  increment: number;
  type: string | null;
  /** Null if the column is not a bigint either. */
  most: number | null;
  mayMove: boolean;
  mayAlter: boolean;
};

// Each figure reads the end of an index, or the only row of a sequence.
const standingSql = ({ sequence, table, column, increment }: Listed, at: number): string => `
select ${at} as at, s.last_value - case when s.is_called then 0 else ${increment} end as last,
  (select ${increment < 0 ? 'min' : 'max'}(${column}) from ${table})::bigint as newest
from ${sequence} s`;

type Standing = { at: number; last: number; newest: number | null };

/** Changes nothing. A few statements, however many sequences there are. */
export async function readTableSequences(db: Db | Tx): Promise<SequenceState[]> {
  const { rows: listed } = await db.raw<{ rows: Listed[] }>(listSql, {
    tables: [...numberedTables, ...(await attachedTables(db))],
  });
  if (listed.length === 0) return [];
  const sql = listed.map(standingSql).join('\nunion all ');
  // A question mark in the name of a column must not count as a binding.
  const { rows: standings } = await db.raw<{ rows: Standing[] }>(sql.replaceAll('?', '\\?'));
  return listed.flatMap((each, index) => {
    const standing = standings.find(({ at }) => at === index);
    return standing ? [toState(each, standing)] : [];
  });
}

function toState(
  { sequence, label, increment, type, most, mayMove, mayAlter }: Listed,
  { last, newest }: Standing,
): SequenceState {
  const highest = Math.max(last, newest ?? last);
  const narrow =
    type ?? (increment > 0 && most !== null && most - highest < ROOM ? `maxvalue ${most}` : null);
  const behind = newest !== null && (increment > 0 ? last < newest : last > newest);
  return { sequence, column: label, last, newest, increment, narrow, behind, mayMove, mayAlter };
}

// The tables do not show all event ids: the relay still knows ids of events that were dropped.
const eventIdsSql = `
select s.last_value - case when s.is_called then 0 else 1 end as last, newest_sync_event_id() as newest,
  coalesce(pg_sequence_last_value('relay_floor'), 0) as floor,
  coalesce((select max(greatest(c.floor, c.pending_floor)) from relay_cursor c), 0) as saved
from sync_event_ids s`;

export type EventIdState = {
  last: number;
  /** The newest id that is known anywhere in the database. */
  newest: number;
  /** relay_floor, and the floor that the relay has saved in its cursor. */
  floor: number;
  saved: number;
};

export async function readEventIdState(db: Db | Tx): Promise<EventIdState> {
  const { rows } = await db.raw<{ rows: EventIdState[] }>(eventIdsSql);
  if (!rows[0]) throw new Error('readEventIdState: the sequence sync_event_ids has no row');
  return rows[0];
}
