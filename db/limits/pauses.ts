// Pauses of one direction of a system, and of one row at a system. A pause of a whole system is in
// `connections`. The claim of a mapping (mappings/claims.ts) reads both in its own statement.
import { byIndexes } from '../server/by-indexes.ts';
import type { Db, Tx } from '../server/connection.ts';

/** `outbound`: to the system. `inbound`: from the system into our tables. */
export const directions = ['outbound', 'inbound'] as const;
export type Direction = (typeof directions)[number];

export type Pause = { since: Date; why: string | null; by: string };
export type LanePause = Pause & { system: string; direction: Direction };
export type RowOfLane = { system: string; entityType: string; rowId: number };
export type RowPause = Pause & RowOfLane;

const columns = `since, why, paused_by as "by"`;

/** The pauses of directions that hold. */
export async function readLanePauses(db: Db | Tx, system: string): Promise<LanePause[]> {
  const { rows } = await db.raw<{ rows: LanePause[] }>(
    `select system, direction, ${columns} from lane_pauses where system = :system order by direction desc`,
    { system },
  );
  return rows;
}

/** A pause that holds already, which stays; null if this one begins now. */
export async function pauseLane(
  tx: Tx,
  pause: { system: string; direction: Direction; why: string | null; by: string; now: Date },
): Promise<Pause | null> {
  const { rowCount } = await tx.raw<{ rowCount: number }>(
    `insert into lane_pauses (system, direction, since, why, paused_by)
     values (:system, :direction, :now::timestamptz, :why, :by) on conflict do nothing`,
    pause,
  );
  if (rowCount === 1) return null;
  const held = (await readLanePauses(tx, pause.system)).find((each) => each.direction === pause.direction);
  // It ended between the two statements, so it begins anew.
  return held ?? pauseLane(tx, pause);
}

/**
 * Ends it; null if there is none. A step that is about to note a pair as waiting for the pause
 * (`holdsLane`) is waited for, so the caller finds that pair when it raises those that wait.
 */
export async function endLanePause(
  tx: Tx,
  { system, direction }: { system: string; direction: Direction },
): Promise<Pause | null> {
  const { rows } = await tx.raw<{ rows: Pause[] }>(
    `delete from lane_pauses where system = :system and direction = :direction returning ${columns}`,
    { system, direction },
  );
  return rows[0] ?? null;
}

/** Whether the pause still holds; it then holds until the transaction ends. Locked before any mapping. */
export async function holdsLane(
  tx: Tx,
  { system, direction }: { system: string; direction: Direction },
): Promise<boolean> {
  const { rows } = await tx.raw<{ rows: unknown[] }>(
    `select 1 from lane_pauses where system = :system and direction = :direction for share`,
    { system, direction },
  );
  return rows.length === 1;
}

/** As `pauseLane`, for the pairs of one row. */
export async function pauseRow(
  tx: Tx,
  pause: RowOfLane & { why: string | null; by: string; now: Date },
): Promise<Pause | null> {
  const { rowCount } = await tx.raw<{ rowCount: number }>(
    `insert into row_pauses (system, entity_type, row_id, since, why, paused_by)
     values (:system, :entityType, :rowId, :now::timestamptz, :why, :by) on conflict do nothing`,
    pause,
  );
  if (rowCount === 1) return null;
  return (await readRowPause(tx, pause)) ?? pauseRow(tx, pause);
}

// The time of the pause is no time of failing: a pair that was failing has as long left as before.
const endRowSql = `
with ended as (
  delete from row_pauses where system = :system and entity_type = :entityType and row_id = :rowId returning ${columns}
), aged as (
  update external_mappings m
  set first_failed_at = m.first_failed_at + (:now::timestamptz - greatest(e.since, m.first_failed_at))
  from ended e
  where m.system = :system and m.entity_type = :entityType and m.internal_id = :rowId
    and m.first_failed_at is not null and greatest(e.since, m.first_failed_at) < :now::timestamptz
)
select since, why, "by" from ended`;

/** Ends it; null if there is none. */
export async function endRowPause(tx: Tx, row: RowOfLane & { now: Date }): Promise<Pause | null> {
  const { rows } = await tx.raw<{ rows: Pause[] }>(endRowSql, row);
  return rows[0] ?? null;
}

export async function readRowPause(db: Db | Tx, row: RowOfLane): Promise<Pause | null> {
  const { rows } = await db.raw<{ rows: Pause[] }>(
    `select ${columns} from row_pauses where system = :system and entity_type = :entityType and row_id = :rowId`,
    row,
  );
  return rows[0] ?? null;
}

/** The rows that are paused at a system, the longest first, and how many there are. */
export async function listRowPauses(
  db: Db | Tx,
  system: string,
  limit: number,
): Promise<{ count: number; rows: RowPause[] }> {
  const { rows } = await db.raw<{ rows: RowPause[] }>(
    `select system, entity_type as "entityType", row_id as "rowId", ${columns}
     from row_pauses where system = :system order by since, entity_type, row_id limit :limit`,
    { system, limit },
  );
  if (rows.length < limit) return { count: rows.length, rows };
  const { rows: counted } = await db.raw<{ rows: { count: number }[] }>(
    `select count(*) as count from row_pauses where system = :system`,
    { system },
  );
  return { count: counted[0]?.count ?? rows.length, rows };
}

/** The pairs of a row at a system, and how many of them a worker has in hand now. */
export async function readPairsOfRow(
  tx: Tx,
  row: RowOfLane,
): Promise<{ mappingId: number; inProgress: boolean }[]> {
  const { rows } = await tx.raw<{ rows: { mappingId: number; inProgress: boolean }[] }>(
    `select id as "mappingId", coalesce(lease_until > clock_timestamp(), false) as "inProgress" from external_mappings
     where system = :system and entity_type = :entityType and internal_id = :rowId order by id`,
    row,
  );
  return rows;
}

/**
 * Whether a mapping waits for the end of a pause of a direction, or for its first step after that end. One that waits
 * since a setting is off waits for no pause.
 */
export const waitsForPauseSql = (mapping: string): string =>
  `(${mapping}.state = 'waiting' and ${mapping}.reason in ('writes_off', 'pulls_off') and (${mapping}.dirty <> ${mapping}.clean or exists (
     select from lane_pauses paused where paused.system = ${mapping}.system
       and paused.direction = case ${mapping}.reason when 'writes_off' then 'outbound' else 'inbound' end)))`;

export type Pending = {
  /** Pairs whose row has a version that the system lacks, and that a worker may take. */
  outbound: number;
  /** Pairs that a worker is to look at for another reason. */
  inbound: number;
  /** Pairs that wait since writes to the system, or into our tables, are off or paused. */
  waitingOutbound: number;
  waitingInbound: number;
};

/** A person needs no exact count of what is more than this. */
const MOST_COUNTED = 10_000;

// The order is that of the index of due pairs: without it the planner, which takes nearly every pair for a due
// one, would read all of them.
const pendingSql = `
with due as (
  select wanted_version is distinct from pushed_version as outbound from external_mappings
  where system = :system and dirty <> clean order by account limit ${MOST_COUNTED}
), waiting as (
  select reason from external_mappings
  where system = :system and state = 'waiting' and reason in ('writes_off', 'pulls_off') limit ${MOST_COUNTED}
)
select (select count(*) from due where outbound) as outbound, (select count(*) from due where not outbound) as inbound,
  (select count(*) from waiting where reason = 'writes_off') as "waitingOutbound",
  (select count(*) from waiting where reason = 'pulls_off') as "waitingInbound"`;

/** At most 10,000 pairs are counted. */
export async function countPending(db: Db, system: string): Promise<Pending> {
  const rows = await byIndexes(db, async (tx) => {
    const found = await tx.raw<{ rows: Pending[] }>(pendingSql, { system });
    return found.rows;
  });
  return rows[0] ?? { outbound: 0, inbound: 0, waitingOutbound: 0, waitingInbound: 0 };
}
