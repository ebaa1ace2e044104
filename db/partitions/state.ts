// The facts from which upkeep decides: the partitions that exist, and the newest ids and times.
import type { Db, Tx } from '../server/connection.ts';
import {
  AHEAD,
  BELIEVED_AHEAD_MS,
  BLOCK,
  DAY_MS,
  findGaps,
  partitionedTables,
  periodLength,
  periodStart,
  uuidBound,
  uuidPlace,
  type Partition,
  type PartitionedTable,
  type Range,
} from './plan.ts';

export type PartitionState = {
  now: Date;
  /** In order, without the default partition. */
  partitions: Map<string, Partition[]>;
  /** The newest plausible time in each table that is partitioned by time. */
  newest: Map<string, number>;
  /** The lowest id in the default partitions of the tables that are partitioned by id. */
  lowestInDefault: Map<string, number>;
  /** The next id to be drawn, and whether one has been drawn from its block. */
  nextId: number;
  blockUsed: boolean;
  /** When upkeep first saw the sequence in a block, newest first. */
  blocks: { firstId: number; openedAt: Date }[];
};

const catalogueSql = `
select p.relname as "table", c.relname as name, pg_get_expr(c.relpartbound, c.oid) as bound
from unnest(:tables::text[]) t join pg_inherits i on i.inhparent = t::regclass
join pg_class p on p.oid = i.inhparent join pg_class c on c.oid = i.inhrelid`;

// Each figure reads the end of an index. Of idempotent_writes there is none: its rows are found by key, and
// a row from the future stays in the default partition.
const placesSql = `
select
  (select event_id from inbound_event_ids where event_id < :believed::uuid order by event_id desc limit 1) as inbound_event_ids,
  (select event_id from sync_deliveries where event_id < :believed::uuid order by event_id desc limit 1) as sync_deliveries,
  (select id from sync_intents where id < :believed::uuid order by id desc limit 1) as sync_intents,
  (select id from sync_attempts where id < :believed::uuid order by id desc limit 1) as sync_attempts,
  (select min(id) from sync_events_default) as sync_events,
  (select min(first_id) from relay_batches_default) as relay_batches,
  s.last_value, s.is_called,
  (select coalesce(jsonb_agg(jsonb_build_array(first_id, opened_at) order by first_id desc), '[]') from event_blocks) as blocks
from sync_event_ids s`;

type Places = Record<string, unknown> & {
  last_value: number;
  is_called: boolean;
  blocks: [number, string][];
};

export async function readPartitionState(db: Db | Tx, now: Date): Promise<PartitionState> {
  const tables = partitionedTables.map(({ name }) => name);
  const catalogue = await db.raw<{ rows: { table: string; name: string; bound: string | null }[] }>(
    catalogueSql,
    { tables },
  );
  const partitions = new Map<string, Partition[]>(tables.map((name) => [name, []]));
  for (const { table, name, bound } of catalogue.rows) {
    const range = parseBound(bound);
    if (range) partitions.get(table)?.push({ name, ...range });
  }
  for (const list of partitions.values()) list.sort((a, b) => a.from - b.from);
  const believed = uuidBound(now.getTime() + BELIEVED_AHEAD_MS);
  const { rows } = await db.raw<{ rows: Places[] }>(placesSql, { believed });
  const places = rows[0];
  if (!places) throw new Error('readPartitionState: the sequence has no row');
  const newest = new Map<string, number>();
  const lowestInDefault = new Map<string, number>();
  for (const { name, line } of partitionedTables) {
    const value = places[name];
    if (line !== 'id' && typeof value === 'string') newest.set(name, uuidPlace(value));
    if (line === 'id' && typeof value === 'number') lowestInDefault.set(name, value);
  }
  const nextId = places.last_value + (places.is_called ? 1 : 0);
  return {
    now,
    partitions,
    newest,
    lowestInDefault,
    nextId,
    blockUsed: places.is_called && places.last_value >= periodStart('id', nextId),
    blocks: places.blocks.map(([firstId, openedAt]) => ({ firstId, openedAt: new Date(openedAt) })),
  };
}

/**
 * The default partition has no range, nor has a partition that was dropped meanwhile. A missing
 * bound is infinite.
 */
function parseBound(bound: string | null): Range | null {
  const [, from, to] = /^FOR VALUES FROM \('?([^')]+)'?\) TO \('?([^')]+)'?\)$/.exec(bound ?? '') ?? [];
  return from === undefined || to === undefined ? null : { from: parsePlace(from), to: parsePlace(to) };
}

function parsePlace(text: string): number {
  if (text === 'MINVALUE') return -Infinity;
  if (text === 'MAXVALUE') return Infinity;
  return text.includes('-') && text.length === 36 ? uuidPlace(text) : Number(text);
}

/** The newest place in use: partitions must be ready ahead of it. */
export function newestPlace(table: PartitionedTable, { now, newest, nextId }: PartitionState): number {
  return table.line === 'id' ? nextId : Math.max(now.getTime(), newest.get(table.name) ?? 0);
}

/** Rows from before it have left, as soon as their whole partition is from before it. */
export function cutoffOf({ keptDays }: PartitionedTable, now: Date, retentionDays: number): number {
  return now.getTime() - (keptDays ?? retentionDays) * DAY_MS;
}

/**
 * The range that must have partitions: from the oldest row that is kept to two periods after the
 * newest place. Once partitions exist the range only grows forward, so that partitions that
 * retention has dropped are not made again.
 */
export function wantedRange(table: PartitionedTable, state: PartitionState, retentionDays: number): Range {
  const { line, name } = table;
  const lowest = state.partitions.get(name)?.[0]?.from;
  const to = periodStart(line, newestPlace(table, state)) + (AHEAD + 1) * periodLength(line);
  if (line === 'id') {
    const first = Math.min(state.nextId, state.lowestInDefault.get(name) ?? Infinity);
    return { from: lowest ?? periodStart(line, first), to };
  }
  const oldest = periodStart(line, cutoffOf(table, state.now, retentionDays));
  return { from: Math.max(oldest, lowest ?? oldest), to };
}

/**
 * The parts of a range that are in use. After a restore the sequence goes on far ahead
 * (db/sequences/after-restore.ts): for the blocks between there is no note, no id is ever drawn
 * from them, and they need no partition.
 */
function inUse(table: PartitionedTable, { blocks }: PartitionState, wanted: Range): Range[] {
  if (table.line !== 'id') return [wanted];
  const noted = blocks.map(({ firstId }) => firstId).sort((a, b) => a - b);
  const parts: Range[] = [];
  let { from } = wanted;
  noted.forEach((firstId, at) => {
    const next = noted[at + 1] ?? firstId;
    if (next <= firstId + BLOCK || next <= from || firstId + BLOCK > wanted.to) return;
    if (firstId + BLOCK > from) parts.push({ from, to: firstId + BLOCK });
    from = next;
  });
  return [...parts, { from, to: wanted.to }];
}

export function nextGap(
  table: PartitionedTable,
  state: PartitionState,
  retentionDays: number,
): Range | undefined {
  const existing = state.partitions.get(table.name) ?? [];
  for (const part of inUse(table, state, wantedRange(table, state, retentionDays))) {
    const [gap] = findGaps(table.line, existing, part);
    if (gap !== undefined) return gap;
  }
  return undefined;
}

/**
 * The partitions that are wholly older than the retention, oldest first. Whether they may be
 * dropped yet is decided elsewhere.
 */
export function outdated(table: PartitionedTable, state: PartitionState, retentionDays: number): Partition[] {
  const cutoff = cutoffOf(table, state.now, retentionDays);
  // For ids the notes give the time: ids below a block were drawn before that block was opened.
  const openedBefore =
    state.blocks.find(({ openedAt }) => openedAt.getTime() <= cutoff)?.firstId ?? -Infinity;
  const end = table.line === 'id' ? openedBefore : cutoff;
  return (state.partitions.get(table.name) ?? []).filter(({ to }) => to <= end);
}

/** The first id of the block of the next id. */
export function currentBlock({ nextId }: PartitionState): number {
  return Math.floor(nextId / BLOCK) * BLOCK;
}
