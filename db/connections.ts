// The identity of an installation, and the account of each system that it belongs to.
import { publishedUpToSql } from './relay/publication.ts';
import { walkNames } from './relay/receive-gap.ts';
import type { Db, Tx } from './server/connection.ts';

export type Connection = {
  system: string;
  account: string | null;
  livemode: boolean | null;
  pausedAt: Date | null;
  pausedWhy: string | null;
  deletesOutHeldAt: Date | null;
  deletesOutCountedFrom: Date | null;
  deletesInHeldAt: Date | null;
  deletesInCountedFrom: Date | null;
};

/** `out`: our row was deleted, then the record. `in`: the record was deleted, then our row. */
export type DeleteDirection = 'out' | 'in';

const readSql = `
select system, account, livemode, paused_at as "pausedAt", paused_why as "pausedWhy", deletes_out_held_at as "deletesOutHeldAt",
       nullif(deletes_out_counted_from, '-infinity') as "deletesOutCountedFrom", deletes_in_held_at as "deletesInHeldAt",
       nullif(deletes_in_counted_from, '-infinity') as "deletesInCountedFrom"
from connections where system = :system`;

export async function readInstanceId(db: Db): Promise<string> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(`select id from instance`);
  if (!rows[0]) throw new Error('the instance row is missing: was the database emptied by hand?');
  return rows[0].id;
}

/**
 * An id that no other database has: the installation's id, which a copy has too, and the number of
 * the database on its server. A process that has stored both can tell whether a later connection
 * leads to the same database.
 */
export async function readDatabaseId(db: Db): Promise<string> {
  const { rows } = await db.raw<{ rows: { id: string; oid: number }[] }>(
    `select i.id, d.oid from instance i, pg_database d where d.datname = current_database()`,
  );
  if (!rows[0]) throw new Error('the instance row is missing: was the database emptied by hand?');
  return `${rows[0].id}/${rows[0].oid}`;
}

// What a system finds when it comes is stored in the same statement, and once. Systems that come
// together see the same database: none of them is bound yet. The walk for events that the bus lost
// begins where the relay is now: what was published before is about rows that wait.
const comeSql = `
with come as (
  insert into connections (system) select unnest(:systems::text[]) on conflict do nothing returning system
), found as (
  select e.name as entity_type,
         case when exists (select from connections where account is not null) then (select max(r.id) from entity_rows() r where r.entity_type = e.name)
              else (select t.up_to from taken_over_rows t where t.entity_type = e.name) end as up_to
  from attached_entities e
), rows as (
  insert into existing_rows (system, entity_type, up_to)
  select c.system, f.entity_type, f.up_to from come c cross join found f where f.up_to is not null
  on conflict do nothing
  returning system
)
insert into walk_positions (name, position)
select w.name, w.position from unnest(:walks::jsonb[]) x
cross join lateral (select x ->> 'system' as system, x ->> 'name' as name, ${publishedUpToSql} as position) w
join (select distinct system from rows) r on r.system = w.system
where w.position > 0
on conflict do nothing`;

/**
 * Stores that these systems have come to this database, if they have not yet, and which rows were
 * there before them (decision 0065). A worker calls this once for all its systems, before
 * anything is received.
 */
export async function ensureConnections(db: Db | Tx, systems: readonly string[]): Promise<void> {
  const walks = systems.flatMap((system) =>
    walkNames(system).map((name) => JSON.stringify({ system, name })),
  );
  await db.raw(comeSql, { systems: [...systems], walks });
}

export async function ensureConnection(db: Db | Tx, system: string): Promise<void> {
  await ensureConnections(db, [system]);
}

export async function readConnection(db: Db | Tx, system: string): Promise<Connection | null> {
  const { rows } = await db.raw<{ rows: Connection[] }>(readSql, { system });
  return rows[0] ?? null;
}

export async function lockConnection(tx: Tx, system: string): Promise<Connection | null> {
  const { rows } = await tx.raw<{ rows: Connection[] }>(`${readSql} for update`, { system });
  return rows[0] ?? null;
}

/** Locks the connections of all systems, always in the same order, and returns that of one. */
export async function lockConnections(tx: Tx, system: string): Promise<Connection | null> {
  await tx.raw(`select from connections order by system for update`);
  return readConnection(tx, system);
}

/**
 * Binds the database to an account, once; mappings made before that get the account too. Returns
 * the binding in force.
 */
export async function bindConnection(
  tx: Tx,
  binding: { system: string; account: string; livemode: boolean; now: Date },
): Promise<Connection | null> {
  const { rowCount } = await tx.raw<{ rowCount: number }>(
    `update connections set account = :account, livemode = :livemode, bound_at = :now::timestamptz where system = :system and account is null`,
    binding,
  );
  if (rowCount === 1) {
    await tx.raw(`update external_mappings set account = :account where system = :system and account = ''`, {
      system: binding.system,
      account: binding.account,
    });
  }
  return readConnection(tx, binding.system);
}

/** A second pause changes nothing: the time and the reason of the first one stay. */
export async function pauseConnection(
  db: Db | Tx,
  system: string,
  why: string | null,
  now: Date,
): Promise<void> {
  await db.raw(
    `update connections set paused_at = :now::timestamptz, paused_why = :why where system = :system and paused_at is null`,
    { system, why, now },
  );
}

/**
 * Ends a pause. Its time does not count as failing: a pair that was failing has as long left as
 * before.
 */
export async function resumeConnection(db: Db | Tx, system: string, now = new Date()): Promise<void> {
  await db.raw(
    `with was as (
       select paused_at from connections where system = :system and paused_at is not null for update
     ), resumed as (
       update connections set paused_at = null, paused_why = null from was where system = :system
     )
     insert into stoppages (system, began_at, ended_at)
     select :system, paused_at, :now::timestamptz from was where paused_at < :now::timestamptz`,
    { system, now },
  );
}

export async function holdDeletes(
  tx: Tx,
  system: string,
  direction: DeleteDirection,
  now: Date,
): Promise<void> {
  await tx.raw(
    direction === 'out'
      ? `update connections set deletes_out_held_at = coalesce(deletes_out_held_at, :now::timestamptz) where system = :system`
      : `update connections set deletes_in_held_at = coalesce(deletes_in_held_at, :now::timestamptz) where system = :system`,
    { system, now },
  );
}

/** Releases held deletes; the fuse counts anew from this moment. */
export async function releaseDeletes(tx: Tx, system: string, now: Date): Promise<void> {
  await tx.raw(
    `update connections set deletes_out_held_at = null, deletes_out_counted_from = :now::timestamptz,
       deletes_in_held_at = null, deletes_in_counted_from = :now::timestamptz where system = :system`,
    { system, now },
  );
}

/**
 * If no delete of a direction is held any more, the fuse counts that direction anew from this
 * moment.
 */
export async function settleHold(db: Db | Tx, system: string, now: Date): Promise<void> {
  await db.raw(
    `with waiting as not materialized (
       select reason_detail ->> 'direction' as direction
       from external_mappings where system = :system and state = 'waiting' and reason = 'fuse' and decision is null
     ), held as (
       select exists (select from waiting where direction = 'out') as out, exists (select from waiting where direction = 'in') as into
     )
     update connections c
     set deletes_out_counted_from = case when c.deletes_out_held_at is null or held.out then c.deletes_out_counted_from else :now::timestamptz end,
         deletes_out_held_at = case when held.out then c.deletes_out_held_at end,
         deletes_in_counted_from = case when c.deletes_in_held_at is null or held.into then c.deletes_in_counted_from else :now::timestamptz end,
         deletes_in_held_at = case when held.into then c.deletes_in_held_at end
     from held where c.system = :system`,
    { system, now },
  );
}
