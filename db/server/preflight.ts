// What Twinbox needs of a database before it changes anything in it: checked by `migrate`, by every
// process at its start, and by `twinbox doctor`. All reasons against the database are named at
// once, each with the command that fixes it. Only reads.
import { customerTable, type EntityTable } from '../entities/entity-table.ts';
import type { Db, Tx } from './connection.ts';
import { DbError } from './errors.ts';
import { migrationTables, pendingMigrations } from './migration-files.ts';
import { assertServerVersion } from './server.ts';
import { assertTransactions } from './transactions.ts';

/**
 * What the caller is going to do: only `read`; write `rows`; also make `partitions`, which only an
 * owner of the tables may do; or `migrate`.
 */
export type Purpose = 'read' | 'rows' | 'partitions' | 'migrate';

export type OwnTable = {
  name: string;
  owner: string;
  /**
   * Membership in a superuser's role gives every right on the server, so it is not proposed as a
   * fix.
   */
  ownerIsSuperuser?: boolean;
  /**
   * The role has the owner's rights: it is the owner, an inheriting member of the owner's role, or
   * a superuser.
   */
  owned: boolean;
  /** It may select, insert, update and delete. */
  usable: boolean;
  /** Policies of the table hide rows from this role. */
  hidesRows: boolean;
  /** The name belongs to a table, and not to a view or a foreign table. */
  plain: boolean;
};

export type Ground = {
  encoding: string;
  /** `libc`, `icu` or `builtin`. */
  provider: string;
  locale: string;
  role: string;
  database: string;
  /** Where new tables are made; null if no schema of the search path exists and may be used. */
  schema: string | null;
  searchPath: string;
  mayCreate: boolean;
  isStandby: boolean;
  readOnly: boolean;
  replicationRole: string;
  /** Functions of PostgreSQL that the server lacks, or that the role may not call. */
  forbidden: string[];
  /** The tables that Twinbox has or will make, as far as they exist. */
  tables: OwnTable[];
  /**
   * Sequences of those tables from which the role may not draw, or which it may not set, although
   * every writer or relay has to.
   */
  sequences: { name: string }[];
};

/** With these functions the relay recognises its server (db/relay/identity.ts). */
const NEEDED_FUNCTIONS = ['pg_control_system()', 'pg_current_wal_lsn()', 'pg_walfile_name(pg_lsn)'];

// pg_database's column for the locale was renamed in versions 15 and 17, so the row is read as
// jsonb.
const groundSql = `
select current_setting('server_encoding') as encoding,
  case d.row ->> 'datlocprovider' when 'i' then 'icu' when 'b' then 'builtin' else 'libc' end as provider,
  coalesce(d.row ->> 'datlocale', d.row ->> 'daticulocale', d.row ->> 'datcollate') as locale,
  current_user::text as role, current_database()::text as database, current_schema()::text as schema,
  current_setting('search_path') as "searchPath",
  coalesce(has_schema_privilege(current_schema(), 'create'), false) as "mayCreate",
  pg_is_in_recovery() as "isStandby", current_setting('transaction_read_only') = 'on' as "readOnly",
  current_setting('session_replication_role') as "replicationRole",
  array(select f from unnest(:functions::text[]) f
        where to_regprocedure(f) is null or not has_function_privilege(to_regprocedure(f), 'execute')) as forbidden
from (select to_jsonb(p) as row from pg_database p where p.datname = current_database()) d`;

const tablesSql = `
select c.relname::text as name, pg_get_userbyid(c.relowner)::text as owner,
  coalesce((select r.rolsuper from pg_roles r where r.oid = c.relowner), false) as "ownerIsSuperuser", pg_has_role(c.relowner, 'usage') as owned,
  has_table_privilege(c.oid, 'select') and has_table_privilege(c.oid, 'insert') and has_table_privilege(c.oid, 'update')
    and has_table_privilege(c.oid, 'delete') as usable,
  row_security_active(c.oid) as "hidesRows", c.relkind in ('r', 'p') as plain
from pg_class c
where c.relnamespace = current_schema()::regnamespace and c.relname = any(:names) and c.relkind in ('r', 'p', 'v', 'm', 'f')
order by c.relname`;

// The sequence that a column owns, and the one that its default names, whatever its owner is. A
// process that writes an event or saves the relay's position may have to move the first two
// forward.
const sequencesSql = `
select c.oid::regclass::text as name
from pg_class c
where case when c.relkind <> 'S' then false
    when c.relnamespace = current_schema()::regnamespace and c.relname in ('sync_event_ids', 'relay_floor')
    then not (has_sequence_privilege(c.oid, 'usage') and has_sequence_privilege(c.oid, 'update'))
    else not has_sequence_privilege(c.oid, 'usage') and (
      exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i')
              and d.refobjid = any(:tables::regclass[]))
      or exists (select from pg_depend d join pg_attrdef v on v.oid = d.objid where d.classid = 'pg_attrdef'::regclass
                 and d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid and v.adrelid = any(:tables::regclass[]))) end
order by 1`;

export async function readGround(db: Db | Tx, entities: readonly EntityTable[]): Promise<Ground> {
  const names = [...(await migrationTables()), 'schema_migrations', ...entities.map(({ table }) => table)];
  type Facts = Omit<Ground, 'tables' | 'sequences'>;
  const { rows } = await db.raw<{ rows: Facts[] }>(groundSql, { functions: NEEDED_FUNCTIONS });
  const { rows: tables } = await db.raw<{ rows: OwnTable[] }>(tablesSql, { names });
  const { rows: sequences } = await db.raw<{ rows: Ground['sequences'] }>(sequencesSql, {
    tables: tables.map(({ name }) => quoted(name)),
  });
  if (!rows[0]) throw new Error('readGround: PostgreSQL returned no row');
  return { ...rows[0], tables, sequences };
}

/**
 * The reasons against the database: one sentence each, with what to do. `pending`: tables of
 * migrations that have not run yet.
 */
export function judgeGround(ground: Ground, purpose: Purpose, pending: ReadonlySet<string>): string[] {
  return [
    judgeEncoding(ground),
    judgeSchema(ground, purpose),
    ...(purpose === 'read' ? [] : [judgeFunctions(ground), judgeReplicationRole(ground)]),
    ...judgeTables(ground, purpose, pending),
  ].filter((sentence) => sentence !== null);
}

/**
 * Why the database accepts no writes; null if it does. Not a fault of the database: the address
 * leads to the wrong server.
 */
export function judgeWritable({ isStandby, readOnly, role, database }: Ground): string | null {
  if (isStandby) return 'the server is a standby and accepts no writes: set DATABASE_URL to the primary';
  if (!readOnly) return null;
  return (
    'sessions in this database accept no writes (default_transaction_read_only is on): run ' +
    `alter database ${quoted(database)} reset default_transaction_read_only and alter role ${quoted(role)} reset default_transaction_read_only, ` +
    'or let DATABASE_URL name the primary'
  );
}

function judgeEncoding({ encoding }: Ground): string | null {
  if (encoding === 'UTF8') return null;
  return (
    `its encoding is ${encoding}, and Twinbox needs UTF8, so that every name can be stored: make a database by ` +
    'createdb --encoding UTF8 --template template0 --locale C.UTF-8, move the tables into it (pg_dump converts them), and set DATABASE_URL to it'
  );
}

function judgeSchema(ground: Ground, purpose: Purpose): string | null {
  const { schema, searchPath, role, mayCreate } = ground;
  if (schema === null)
    return (
      `no schema of search_path (${searchPath}) exists and may be used by the role ${role}: create schema twinbox authorization ${quoted(role)}; ` +
      `alter role ${quoted(role)} set search_path = twinbox`
    );
  if (mayCreate || purpose === 'read' || purpose === 'rows') return null;
  return (
    `the role ${role} may not make tables in the schema ${schema}: grant create on schema ${quoted(schema)} to ${quoted(role)}, ` +
    `or give it a schema of its own: create schema twinbox authorization ${quoted(role)}; alter role ${quoted(role)} set search_path = twinbox`
  );
}

function judgeFunctions({ forbidden, role }: Ground): string | null {
  if (forbidden.length === 0) return null;
  return (
    `the role ${role} may not call ${forbidden.join(', ')}, which distinguish a restored copy from the original: ` +
    forbidden.map((name) => `grant execute on function ${name} to ${quoted(role)}`).join('; ')
  );
}

function judgeReplicationRole({ replicationRole, role, database }: Ground): string | null {
  if (replicationRole !== 'replica') return null;
  return (
    'session_replication_role is replica, so the triggers that guard every change do not run: ' +
    `alter role ${quoted(role)} reset session_replication_role; alter database ${quoted(database)} reset session_replication_role`
  );
}

function judgeTables(ground: Ground, purpose: Purpose, pending: ReadonlySet<string>): (string | null)[] {
  const { tables, role, schema } = ground;
  const place = schema === null ? '' : `${quoted(schema)}.`;
  const taken = tables.filter(({ name }) => pending.has(name));
  const own = tables.filter(({ name }) => !pending.has(name));
  const foreign = own.filter(({ owned, plain }) => !owned && plain);
  const needsOwner = purpose === 'migrate' || purpose === 'partitions';
  return [
    purpose === 'migrate' && taken.length > 0
      ? `${list(taken)} ${taken.length === 1 ? 'exists already, a table' : 'exist already, tables'} that Twinbox would make: rename ${
          taken.length === 1 ? 'it' : 'them'
        }, or give Twinbox a schema of its own`
      : null,
    needsOwner && foreign.length > 0 ? sayForeign(foreign, { role, place }) : null,
    needsOwner ? saySequences(ground) : sayUnusable(ground, purpose, own),
    ...own
      .filter(({ hidesRows }) => hidesRows)
      .map(
        ({ name }) =>
          `row security hides rows of ${name} from the role ${role}: alter role ${quoted(role)} bypassrls, or ` +
          `alter table ${place}${quoted(name)} no force row level security and let the role own the table`,
      ),
  ];
}

function sayForeign(foreign: OwnTable[], { role, place }: { role: string; place: string }): string {
  const owners = [...new Set(foreign.map(({ owner }) => owner))];
  const one = foreign.length === 1 ? foreign[0] : undefined;
  const ofSuperusers = foreign.filter(({ ownerIsSuperuser }) => ownerIsSuperuser === true);
  const others = [
    ...new Set(foreign.filter((table) => !ofSuperusers.includes(table)).map(({ owner }) => owner)),
  ];
  const granted = `grant ${others.map(quoted).join(', ')} to ${quoted(role)}`;
  const given = (tables: OwnTable[]): string =>
    tables.map(({ name }) => `alter table ${place}${quoted(name)} owner to ${quoted(role)}`).join('; ');
  if (one !== undefined)
    return (
      `the table ${one.name} belongs to ${one.owner}, and only an owner may change it, not the role ${role}: ${given([one])}` +
      (others.length > 0 ? `, or ${granted}` : '')
    );
  const commands = [
    ...(others.length > 0 ? [granted] : []),
    ...(ofSuperusers.length > 0 ? [given(ofSuperusers)] : []),
  ];
  return `${foreign.length} tables (${list(foreign.slice(0, 3))}${foreign.length > 3 ? ', …' : ''}) belong to ${owners.join(', ')}, and only an owner may change them, not the role ${role}: ${commands.join('; ')}`;
}

function sayUnusable({ role, schema, sequences }: Ground, purpose: Purpose, own: OwnTable[]): string | null {
  const unusable = own.filter(({ usable }) => !usable);
  if (purpose === 'read' || (unusable.length === 0 && sequences.length === 0)) return null;
  const where = `in schema ${quoted(schema ?? 'public')} to ${quoted(role)}`;
  return (
    `the role ${role} may not read and write ${list([...unusable, ...sequences])}: ` +
    `grant select, insert, update, delete on all tables ${where}; grant usage, select, update on all sequences ${where}`
  );
}

/**
 * If a table is given to another owner, the sequence that its column owns goes with it, but a
 * sequence that its default only names does not.
 */
function saySequences({ role, sequences }: Ground): string | null {
  if (sequences.length === 0) return null;
  return (
    `the role ${role} may not draw from ${list(sequences)}, which give rows their ids: ` +
    sequences
      .map(({ name }) => `grant usage, select, update on sequence ${name} to ${quoted(role)}`)
      .join('; ')
  );
}

function list(things: { name: string }[]): string {
  return things.map(({ name }) => name).join(', ');
}

/** As an SQL identifier. */
function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/**
 * Throws `no_transactions`, `server_too_old`, `ground_unfit` with all reasons, or `read_only` if
 * that is the only one.
 */
export async function assertGround(
  db: Db | Tx,
  purpose: Purpose,
  entities: readonly EntityTable[] = [customerTable],
): Promise<Ground> {
  await assertTransactions(db);
  await assertServerVersion(db);
  const ground = await readGround(db, entities);
  const pending = new Set(await pendingTables(db, ground));
  const found = judgeGround(ground, purpose, pending);
  const readOnly = purpose === 'read' ? null : judgeWritable(ground);
  if (readOnly !== null) found.push(readOnly);
  if (found.length === 0) return ground;
  throw new DbError(
    readOnly !== null && found.length === 1 ? 'read_only' : 'ground_unfit',
    `the database ${ground.database} cannot be used as it is${purpose === 'migrate' ? ', and nothing was changed' : ''}: ${
      found.length === 1 ? found[0] : found.map((sentence, at) => `\n  ${at + 1}. ${sentence}`).join('')
    }`,
  );
}

/** Tables of migrations that have not run in this database. */
export async function pendingTables(db: Db | Tx, { tables }: Ground): Promise<string[]> {
  const noted = tables.find(({ name }) => name === 'schema_migrations');
  if (noted === undefined) return await migrationTables();
  const { rows } = await db.raw<{ rows: { may: boolean }[] }>(
    `select has_table_privilege('schema_migrations', 'select') as may`,
  );
  // The role may not read which migrations have run: that is one of the reasons already.
  if (rows[0]?.may !== true) return [];
  return await migrationTables(await pendingMigrations(db));
}
