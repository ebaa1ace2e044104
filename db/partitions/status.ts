// The state of the partitions, for /ready and `twinbox doctor`.
import type { Db } from '../server/connection.ts';
import { countAhead, defaultOf, partitionedTables } from './plan.ts';
import { newestPlace, readPartitionState } from './state.ts';

export type PartitionStatus = {
  table: string;
  /**
   * How many whole periods after the one in use have partitions. Fewer than two deserve a warning.
   */
  ahead: number;
  /** Rows in the default partition, counted up to 1000. A few old ones do no harm; growth does. */
  inDefault: number;
  /**
   * The beginning of the oldest partition; for a block of ids, when it came into use. Null if that
   * is not known.
   */
  oldest: Date | null;
};

const COUNTED = 1_000;

const defaultsSql = partitionedTables
  .map(
    (table) =>
      `select '${table.name}' as "table", (select count(*) from (select from ${defaultOf(table)} limit ${COUNTED}) d) as count`,
  )
  .join('\nunion all ');

export async function partitionStatus(db: Db, now: Date): Promise<PartitionStatus[]> {
  const state = await readPartitionState(db, now);
  const { rows } = await db.raw<{ rows: { table: string; count: number }[] }>(defaultsSql);
  return partitionedTables.map((table) => {
    const partitions = state.partitions.get(table.name) ?? [];
    const from = partitions[0]?.from;
    const openedAt = state.blocks.find(({ firstId }) => firstId === from)?.openedAt ?? null;
    const startsAt = from === undefined || !Number.isFinite(from) ? null : new Date(from);
    return {
      table: table.name,
      ahead: countAhead(table.line, partitions, newestPlace(table, state)),
      inDefault: rows.find((row) => row.table === table.name)?.count ?? 0,
      oldest: table.line === 'id' ? openedAt : startsAt,
    };
  });
}
