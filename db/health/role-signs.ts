// Signs of life of the roles: every process writes its own rows, and any process reads all of them.
import type { Db, Tx } from '../server/connection.ts';

export type RoleName = 'api' | 'relay' | 'worker' | 'housekeeping';

/**
 * Settings that must be the same in every process of a role, by name, as text; empty if a setting
 * is not set.
 */
export type Alike = Readonly<Record<string, string>>;

/** The state of a role at one sign of life. */
export type RoleState = {
  role: RoleName;
  state: string | null;
  problem: string | null;
  /** Null for a role that has no such settings. */
  settings: Alike | null;
};

export type RoleSign = RoleState & {
  /** `host:pid:random`. */
  owner: string;
  startedAt: Date;
  seenAt: Date;
  /** Set if the process was asked to stop. */
  stoppedAt: Date | null;
  /** Since the last sign of life, by the database's clock. */
  ageMs: number;
  /** Of the program; null if it is older than the column. */
  version: string | null;
};

const saveSql = `
insert into role_signs (role, owner, state, problem, settings, version)
select role, :owner, state, problem, settings, :version
from jsonb_to_recordset(:roles::jsonb) as r(role text, state text, problem text, settings jsonb)
on conflict (role, owner) do update
set seen_at = clock_timestamp(), stopped_at = null, state = excluded.state, problem = excluded.problem, settings = excluded.settings, version = excluded.version`;

/** One statement for all roles of a process. */
export async function saveRoleSigns(
  db: Db,
  owner: string,
  roles: RoleState[],
  version: string | null = null,
): Promise<void> {
  await db.raw(saveSql, { owner, roles: JSON.stringify(roles), version });
}

/** Stores that the process ends because it was asked to. */
export async function endRoleSigns(db: Db, owner: string): Promise<void> {
  await db.raw(
    `update role_signs set stopped_at = clock_timestamp(), state = null, problem = null where owner = :owner`,
    { owner },
  );
}

/**
 * Deletes rows of processes that ended a day ago, except the newest of each role, which says since
 * when the role is missing.
 */
export async function forgetRoleSigns(db: Db): Promise<void> {
  await db.raw(
    `delete from role_signs s where seen_at < clock_timestamp() - interval '1 day'
       and exists (select from role_signs n where n.role = s.role and (n.seen_at, n.owner) > (s.seen_at, s.owner))`,
  );
}

const readSql = `
select role, owner, started_at as "startedAt", seen_at as "seenAt", stopped_at as "stoppedAt", state, problem, settings, version,
       (extract(epoch from clock_timestamp() - seen_at) * 1000)::float8 as "ageMs"
from role_signs s
where seen_at > clock_timestamp() - interval '1 hour'
   or not exists (select from role_signs n where n.role = s.role and (n.seen_at, n.owner) > (s.seen_at, s.owner))
order by role, started_at, owner`;

/** The signs of life of the last hour, and the newest of each role, however old. */
export async function readRoleSigns(db: Db): Promise<RoleSign[]> {
  const { rows } = await db.raw<{ rows: RoleSign[] }>(readSql);
  return rows;
}

/**
 * Three signs of life missed: with the time between two checks a missing role is seen within 30 s.
 */
export const ALIVE_MS = 15_000;

/** The living processes that work by the catalogue, by role and owner: a relay only passes events on. */
export async function readWorkingByCatalogue(db: Db | Tx): Promise<Pick<RoleSign, 'role' | 'owner'>[]> {
  const { rows } = await db.raw<{ rows: Pick<RoleSign, 'role' | 'owner'>[] }>(
    `select role, owner from role_signs
     where role in ('api', 'worker') and stopped_at is null and seen_at > clock_timestamp() - :alive * interval '1 millisecond'
     order by role, owner`,
    { alive: ALIVE_MS },
  );
  return rows;
}
