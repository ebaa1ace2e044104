// Which partitions should exist: arithmetic on ranges, without a database.
//
// The rows of every partitioned table have a place on a line of whole numbers: milliseconds, for
// keys that are uuids of version 7, or ids. The line is cut into periods: weeks from Monday to
// Monday (UTC), days (UTC) where rows are kept for a day, or blocks of ids.

/** From `from`, included, to `to`, excluded. */
export type Range = { from: number; to: number };

export type Partition = Range & { name: string };

/** `day`: as `time`, in shorter periods. */
export type Line = 'time' | 'day' | 'id';

export type PartitionedTable = {
  name: string;
  /** The column by which the rows are partitioned. */
  key: string;
  line: Line;
  /** Rows of this table are kept for so many days, whatever the retention is, and nothing reads them later. */
  keptDays?: number;
  /** The trigger that refuses DELETE; it is off while upkeep moves rows. */
  appendOnly?: string;
};

export const eventsTable: PartitionedTable = {
  name: 'sync_events',
  key: 'id',
  line: 'id',
  appendOnly: 'sync_events_append_only',
};
export const deliveriesTable: PartitionedTable = { name: 'sync_deliveries', key: 'event_id', line: 'time' };

export const partitionedTables: readonly PartitionedTable[] = [
  eventsTable,
  { name: 'relay_batches', key: 'first_id', line: 'id' },
  { name: 'inbound_event_ids', key: 'event_id', line: 'time' },
  deliveriesTable,
  { name: 'sync_intents', key: 'id', line: 'time' },
  { name: 'sync_attempts', key: 'id', line: 'time' },
  { name: 'idempotent_writes', key: 'id', line: 'day', keptDays: 1 },
];

export const DAY_MS = 86_400_000;
export const WEEK_MS = 7 * DAY_MS;
/**
 * Ids in a block. More than the traffic of most weeks: the sequence leaves a block after a week.
 */
export const BLOCK = 100_000_000;
/** How many whole periods must have partitions after the one in use. */
export const AHEAD = 2;
/**
 * A time further ahead than this is a mistake (a random uuid, a wrong clock) and not an event's:
 * its row stays in the default partition.
 */
export const BELIEVED_AHEAD_MS = 8 * WEEK_MS;

// 1970-01-01 was a Thursday.
const FIRST_MONDAY = 4 * DAY_MS;

/** The beginning of the period with this number. */
export function periodStart(line: Line, place: number): number {
  const [length, first] = [periodLength(line), line === 'time' ? FIRST_MONDAY : 0];
  return Math.floor((place - first) / length) * length + first;
}

export function periodLength(line: Line): number {
  return { id: BLOCK, time: WEEK_MS, day: DAY_MS }[line];
}

export function defaultOf(table: PartitionedTable): string {
  return `${table.name}_default`;
}

/**
 * The parts of `wanted` that no partition covers, in order; no part crosses the border of two
 * periods.
 */
export function findGaps(line: Line, existing: readonly Range[], wanted: Range): Range[] {
  const gaps: Range[] = [];
  const sorted = [...existing].sort((a, b) => a.from - b.from);
  let at = wanted.from;
  while (at < wanted.to) {
    const cover = sorted.find(({ from, to }) => from <= at && at < to);
    if (cover) {
      at = cover.to;
      continue;
    }
    const next = sorted.find(({ from }) => from > at)?.from ?? Infinity;
    const to = Math.min(next, wanted.to, periodStart(line, at) + periodLength(line));
    gaps.push({ from: at, to });
    at = to;
  }
  return gaps;
}

/**
 * How many whole periods after the one with this place have partitions without a gap; 0 if that one
 * has none itself.
 */
export function countAhead(line: Line, existing: readonly Range[], place: number): number {
  const start = periodStart(line, place);
  const length = periodLength(line);
  for (let ahead = 0; ; ahead += 1) {
    const from = start + ahead * length;
    if (findGaps(line, existing, { from, to: from + length }).length > 0) return Math.max(0, ahead - 1);
    // A partition without an upper bound covers everything after it.
    if (ahead > 1_000) return ahead;
  }
}

/**
 * `sync_deliveries_20260105`, or with the time of day if a period had to be cut;
 * `sync_events_100000000`.
 */
export function partitionName(table: PartitionedTable, { from }: Range): string {
  if (table.line === 'id') return `${table.name}_${from}`;
  const [day = '', time = ''] = new Date(from)
    .toISOString()
    .replaceAll(/[-:.Z]/g, '')
    .split('T');
  return Number(time) === 0 ? `${table.name}_${day}` : `${table.name}_${day}_${time}`;
}

/** A place on the table's line as SQL. */
export function boundLiteral(table: PartitionedTable, place: number): string {
  return table.line === 'id' ? String(place) : `'${uuidBound(place)}'`;
}

/** The smallest value that sorts at or below every uuid of version 7 of that millisecond. */
export function uuidBound(ms: number): string {
  const hex = ms.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** The milliseconds a uuid begins with, whatever its version. */
export function uuidPlace(uuid: string): number {
  return Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16);
}
