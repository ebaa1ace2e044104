// What a contestant has asked PostgreSQL to do, from the server's own counters.
import { createDb } from '../../db/server/connection.ts';

export type DatabaseCounts = {
  /** Of all sessions of this database, `begin` and `commit` too; without those inside functions. */
  statements: number;
  /** Row versions that an update or a delete has left behind, vacuumed or not. */
  dead: number;
};

const countsSql = `
select (select coalesce(sum(calls), 0) from bench.pg_stat_statements s join pg_database d on d.oid = s.dbid
    where d.datname = current_database())::float8 as statements,
  (select coalesce(sum(n_tup_upd + n_tup_del), 0) from pg_stat_user_tables)::float8 as dead`;

export async function readCounts(databaseUrl: string): Promise<DatabaseCounts> {
  const db = createDb({ url: databaseUrl, poolSize: 1, applicationName: 'bench' });
  try {
    await db.raw('create schema if not exists bench');
    await db.raw('create extension if not exists pg_stat_statements schema bench');
    const { rows } = await db.raw<{ rows: [DatabaseCounts] }>(countsSql);
    return rows[0];
  } finally {
    await db.destroy();
  }
}
