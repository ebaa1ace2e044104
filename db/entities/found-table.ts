// A table as it is found in the database: what of it matters to an entity.
import type { Db, Tx } from '../server/handles.ts';

export interface FoundColumn {
  name: string;
  number: number;
  /** pg_type.typname and pg_type.typtype; of a domain, those of the type that it is made of. */
  typname: string;
  kind: string;
  isDomain: boolean;
  /** The values of an enum of PostgreSQL. */
  labels: string[] | null;
  /** As people write it, with its length. */
  shown: string;
  /** Of varchar and char. */
  length: number | null;
  /** Of a numeric with limits: the digits after the point, to which PostgreSQL rounds. */
  scale: number | null;
  /** By itself, or by the domain that is its type. */
  notNull: boolean;
  /** A default, also one of its domain, or an identity. */
  isFilled: boolean;
  isComputed: boolean;
  /** Its collation, if it is not that of its type. */
  collation: string | null;
}

export interface FoundTable {
  /** Where it is, and where new tables are made. */
  schema: string;
  current: string;
  isPlain: boolean;
  columns: ReadonlyMap<string, FoundColumn>;
  /** Its primary key is the column id alone. */
  keyIsId: boolean;
}

const tableSql = `
select n.nspname::text as schema, current_schema()::text as current,
  c.relkind = 'r' and not c.relispartition and not exists (select from pg_inherits where c.oid in (inhparent, inhrelid)) as "isPlain",
  exists (select from pg_constraint k join pg_attribute a on a.attrelid = k.conrelid and a.attname = 'id'
          where k.conrelid = c.oid and k.contype = 'p' and k.conkey = array[a.attnum]) as "keyIsId",
  (select coalesce(jsonb_agg(jsonb_build_object('name', a.attname, 'number', a.attnum, 'typname', b.typname, 'kind', b.typtype,
            'isDomain', t.typtype = 'd',
            'labels', case when b.typtype = 'e' then (select jsonb_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = b.oid) end,
            'shown', format_type(a.atttypid, a.atttypmod),
            'length', case when t.typname in ('varchar', 'bpchar') and a.atttypmod > 4 then a.atttypmod - 4 end,
            'scale', case when b.typname = 'numeric' and b.mod > 4 then (((b.mod - 4) & 2047) # 1024) - 1024 end,
            'notNull', a.attnotnull or b.must, 'isFilled', a.atthasdef or a.attidentity <> '' or t.typdefault is not null, 'isComputed', a.attgenerated <> '',
            'collation', case when a.attcollation <> t.typcollation then a.attcollation::regcollation::text end) order by a.attnum), '[]')
   from pg_attribute a join pg_type t on t.oid = a.atttypid cross join lateral (
     with recursive under as (
       select t.oid, t.typname, t.typtype, t.typbasetype, t.typtypmod, a.atttypmod as mod, t.typnotnull as must
       union all select d.oid, d.typname, d.typtype, d.typbasetype, d.typtypmod, u.typtypmod, u.must or d.typnotnull from under u join pg_type d on d.oid = u.typbasetype)
     select * from under where typtype <> 'd') b
   where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = to_regclass(:table)`;

/** Null if there is no table, view or the like of that name. */
export async function findTable(db: Db | Tx, table: string): Promise<FoundTable | null> {
  type Row = Omit<FoundTable, 'columns'> & { columns: FoundColumn[] };
  const { rows } = await db.raw<{ rows: Row[] }>(tableSql, { table });
  const [found] = rows;
  if (!found) return null;
  return { ...found, columns: new Map(found.columns.map((column) => [column.name, column])) };
}

/** Whether its rows have versions and events already. */
export function isAttached({ columns }: FoundTable): boolean {
  return columns.has('last_event_id') && columns.has('created_event_id');
}
