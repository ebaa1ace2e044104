// Drops partitions that are older than the retention, one at a time, once no part of the engine
// needs their rows any more.
//
// Guarantees: no event is dropped that the relay has not published or that the receive-gap walk of
// a connected system has not passed; an open delivery that is dropped leaves a row that says so; a
// mapping whose unread inbound event is dropped will read the record instead.
import type { Db, Tx } from '../server/connection.ts';
import { defaultOf, deliveriesTable, eventsTable, type Partition, type PartitionedTable } from './plan.ts';
import { runStep, type Pass, type StepOutcome } from './step.ts';
import { publishedUpTo } from '../relay/receive-gap.ts';

export type Dropped = { name: string; closed: number } | 'held';

export type Passed = {
  /**
   * Every event up to this id has been published, and every walk has passed it; no event can get
   * such an id any more.
   */
  upTo: number;
  /** When the oldest event above it was written; null if there is none. */
  oldestLeft: Date | null;
};

// A system that has never walked counts as being at 0.
const walkedSql = `
select min(coalesce(w.position, 0)) as walked
from connections c left join walk_positions w on w.name = 'receive-gap:' || c.system`;

const oldestLeftSql = `select created_at as "oldestLeft" from sync_events where id > :upTo order by id limit 1`;

export async function readPassed(db: Db | Tx): Promise<Passed> {
  const published = await publishedUpTo(db);
  const walks = await db.raw<{ rows: { walked: number | null }[] }>(walkedSql);
  const upTo = Math.min(published, walks.rows[0]?.walked ?? Infinity);
  const { rows } = await db.raw<{ rows: { oldestLeft: Date }[] }>(oldestLeftSql, { upTo });
  return { upTo, oldestLeft: rows[0]?.oldestLeft ?? null };
}

/**
 * Whether a partition may be dropped, as far as this is known without a lock: checked each round,
 * so the check is cheap.
 */
export function mayGo(table: PartitionedTable, { to }: Partition, { oldestLeft }: Passed): boolean {
  if (table.keptDays !== undefined) return true;
  return table.line === 'id' || oldestLeft === null || oldestLeft.getTime() >= to;
}

const OPEN = `status in ('queued', 'waiting', 'parked')`;

// The inbound event is dropped with the delivery, so these mappings have to read their records.
// State and reason stay as they are. This statement locks mappings in a transaction of its own: a
// worker locks a mapping before it locks the deliveries of that mapping.
const mustReadSql = (name: string) => `
update external_mappings m set must_read = true, updated_at = now()
from (
  select id from external_mappings
  where id in (select mapping_id from ${name} where inbound is not null and ${OPEN})
    and not must_read and state not in ('alias', 'detached', 'tombstoned')
  order by id for update
) locked
where m.id = locked.id`;

const closeSql = (name: string) => `
insert into closed_deliveries (event_id, target, mapping_id, event_type, version, status, last_code, attempts, created_at, closed_at)
select event_id, target, mapping_id, event_type, version, status, last_error ->> 'code', attempts, created_at, :now::timestamptz
from ${name} where ${OPEN}
on conflict (event_id, target) do update set status = excluded.status, last_code = excluded.last_code, closed_at = excluded.closed_at`;

// The age of a block is decided by the clock of the process that wrote its last row.
const neededSql = (table: PartitionedTable, name: string) => `
select exists (select from ${name} where ${table.key} > :upTo) ${
  table === eventsTable
    ? `or (select created_at > :cutoff::timestamptz from ${name} order by id desc limit 1) is true`
    : ''
} as needed`;

export async function dropPartition(
  db: Db,
  table: PartitionedTable,
  { name }: Partition,
  { now, cutoff, pass }: { now: Date; cutoff: Date; pass: Pass },
): Promise<StepOutcome<Dropped>> {
  if (table === deliveriesTable) {
    const raised = await runStep(db, async (tx) => {
      if (!(await isPartition(tx, name))) return 'busy';
      await tx.raw(mustReadSql(name));
      return name;
    });
    if (raised.kind !== 'done') return raised;
    await pass('must-read');
  }
  return await runStep(db, async (tx): Promise<Dropped | 'busy'> => {
    if (!(await isPartition(tx, name))) return 'busy';
    // First a cheap check without a lock: a partition that is held is checked each round.
    if (table.line === 'id' && (await isNeeded(tx, table, name, cutoff))) return 'held';
    await tx.raw(`lock table only ${table.name}, ${defaultOf(table)}, ${name} in access exclusive mode`);
    await pass('drop-locked');
    if (table.line === 'id' && (await isNeeded(tx, table, name, cutoff))) return 'held';
    const closed = table === deliveriesTable ? await closeDeliveries(tx, name, now) : 0;
    await pass('closed');
    await tx.raw(`alter table ${table.name} detach partition ${name}`);
    await pass('detached');
    await tx.raw(`drop table ${name}`);
    await pass('dropped');
    return { name, closed };
  });
}

async function isPartition(tx: Tx, name: string): Promise<boolean> {
  const { rows } = await tx.raw<{ rows: unknown[] }>(
    `select from pg_class where oid = to_regclass(:name) and relispartition`,
    { name },
  );
  return rows.length > 0;
}

async function isNeeded(tx: Tx, table: PartitionedTable, name: string, cutoff: Date): Promise<boolean> {
  const { upTo } = await readPassed(tx);
  const { rows } = await tx.raw<{ rows: { needed: boolean }[] }>(neededSql(table, name), {
    upTo,
    ...(table === eventsTable ? { cutoff } : {}),
  });
  return rows[0]?.needed !== false;
}

async function closeDeliveries(tx: Tx, name: string, now: Date): Promise<number> {
  const { rowCount } = await tx.raw<{ rowCount: number }>(closeSql(name), { now });
  return rowCount;
}
