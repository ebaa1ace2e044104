// Other names of one database. The address that the cursor stores is a setting, and one database
// has many: localhost and 127.0.0.1, a pooler's port, a name that was added later. The start time
// of the server distinguishes another name from a copy: a row that was written through a known
// address stores when that server was started, to the microsecond, and which oid the database has.
// A copy contains that row too, but it has another oid (in the same cluster) or a server that was
// started at another time (everywhere else).
//
// After a restart of the server nothing is proved until a process has connected by a known address;
// a running relay does so within seconds. A name under which a process has run stays known: an
// installation that has moved to a pooler must not have to confirm that again after the next
// restart. One copy is not distinguished: a machine that was copied with its memory while it ran.
import type { Db, Tx } from './connection.ts';
import type { Address } from '../relay/identity.ts';

const hereSql = `
select d.oid as database_oid, pg_postmaster_start_time() as server_started_at from pg_database d where d.datname = current_database()`;

const knowsSql = `
select exists (
  select from database_place p join (${hereSql}) here using (database_oid)
  where p.server_started_at = here.server_started_at or :address = any (p.aliases)
) as answer`;

/**
 * Whether an address that is not the cursor's still leads to the same database. Changes nothing.
 */
export async function isOtherName(db: Db | Tx, address: Address): Promise<boolean> {
  return await ask(db, knowsSql, address);
}

const isNotedSql = `
select exists (
  select from database_place p join (${hereSql}) here using (database_oid, server_started_at), relay_cursor c
  where not :remember or c.address_hash = :address or :address = any (p.aliases)
) as answer`;

// Two processes that start at once both run this: the second finds the row of the first and adds
// its own name.
const noteSql = `
insert into database_place as p (database_oid, server_started_at, aliases)
select here.database_oid, here.server_started_at, case when :remember and c.address_hash <> :address then array[:address] else '{}' end
from (${hereSql}) here, relay_cursor c where c.shard = 0
on conflict (only_one) do update
set database_oid = excluded.database_oid, server_started_at = excluded.server_started_at,
    aliases = case when excluded.aliases <@ p.aliases then p.aliases else p.aliases || excluded.aliases end`;

/**
 * The database was reached by an address that is its own: from now on the running server proves
 * other addresses. With `remember` this address stays known, also after a restart of the server:
 * for processes that run for long, not for a single command from another machine.
 */
export async function notePlace(
  db: Db | Tx,
  address: Address,
  { remember }: { remember: boolean },
): Promise<void> {
  // Nearly always all of this is stored already; and a database that accepts no writes can still be
  // read.
  if (!(await ask(db, isNotedSql, address, remember))) await db.raw(noteSql, { address, remember });
}

/** After a move or a copy: the names of the original are not names of this database. */
export async function forgetPlace(tx: Tx): Promise<void> {
  await tx.raw('delete from database_place');
}

async function ask(db: Db | Tx, sql: string, address: Address, remember = false): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { answer: boolean }[] }>(sql, { address, remember });
  return rows[0]?.answer === true;
}

/** A standby accepts no writes, and cannot say which timeline is being written. */
export async function isStandby(db: Db): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { standby: boolean }[] }>('select pg_is_in_recovery() as standby');
  return rows[0]?.standby === true;
}
