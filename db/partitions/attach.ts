// Makes one partition: first as a separate table; then, under a short lock, it gets the rows of its
// range from the default partition, and is attached.
//
// Guarantees: a row is in the default partition or in its own, in exactly one of them, for every
// reader and after a crash between any two lines; only this transaction can delete from
// sync_events.
//
// Why the lock is on the whole table: a statement that was planned before the attach does not look
// into the new partition, but its snapshot, taken later, would see the default partition without
// the rows that have moved. The relay would never publish those rows. With ACCESS EXCLUSIVE on the
// parent every planned statement either ends before the move or begins after it. The lock also
// saves writers that were about to write to the default partition from an error (23514). It is held
// for milliseconds: no scan, and a bounded move.
import type { Db, Tx } from '../server/connection.ts';
import {
  boundLiteral,
  defaultOf,
  partitionName,
  uuidPlace,
  type PartitionedTable,
  type Range,
} from './plan.ts';
import { runStep, type Pass, type StepOutcome } from './step.ts';

export type Made = { name: string; moved: number };

/**
 * Makes a partition that begins at `gap.from`; it ends earlier than the gap if the default
 * partition has too many rows to move at once.
 */
export async function makePartition(
  db: Db,
  table: PartitionedTable,
  gap: Range,
  { moveLimit, pass }: { moveLimit: number; pass: Pass },
): Promise<StepOutcome<Made>> {
  const prepared = await runStep(db, async (tx) => {
    await dropLeftovers(tx, pass);
    const range = await cutRange(tx, table, gap, moveLimit);
    const name = await freeName(tx, table, range);
    if (name === null) return 'busy';
    await pass('make');
    await tx.raw(createSql(table, name, range));
    await pass('made');
    return { name, range };
  });
  if (prepared.kind !== 'done') return prepared;
  await pass('prepared');
  const { name, range } = prepared.value;
  return await runStep(db, (tx) => attach(tx, table, name, range, pass));
}

// The comment on a table distinguishes a table that waits to be attached from one that an operator
// has detached and wants to keep.
const noteOf = (range: Range) => `made ahead by upkeep for ${range.from} to ${range.to}`;

const leftoversSql = `
select c.oid::regclass::text as name from pg_class c join pg_description d on d.objoid = c.oid and d.classoid = 'pg_class'::regclass and d.objsubid = 0
where c.relkind = 'r' and not c.relispartition and d.description like 'made ahead by upkeep for %'`;

/**
 * Drops tables of a round that ended before it attached them: they are empty, and were perhaps made
 * before a migration changed the columns.
 */
async function dropLeftovers(tx: Tx, pass: Pass): Promise<void> {
  const { rows } = await tx.raw<{ rows: { name: string }[] }>(leftoversSql);
  for (const { name } of rows) {
    await tx.raw(`drop table ${name}`);
    await pass('leftover-dropped');
  }
}

// The first row after those that may be moved at once.
const cutSql = (table: PartitionedTable, range: Range) => `
select ${table.key}::text as key from ${defaultOf(table)} where ${within(table, range)}
order by ${table.key} offset :moveLimit limit 1`;

async function cutRange(tx: Tx, table: PartitionedTable, range: Range, moveLimit: number): Promise<Range> {
  const { rows } = await tx.raw<{ rows: { key: string }[] }>(cutSql(table, range), { moveLimit });
  const key = rows[0]?.key;
  if (key === undefined) return range;
  const place = table.line === 'id' ? Number(key) : uuidPlace(key);
  return { from: range.from, to: Math.max(place, range.from + 1) };
}

const nameSql = `
select coalesce(c.relispartition, false) as attached, c.oid is not null as taken
from (select to_regclass(:name) as oid) n left join pg_class c on c.oid = n.oid`;

/**
 * Null if the partition exists by now. A partition that an operator detached may still have the
 * name.
 */
async function freeName(tx: Tx, table: PartitionedTable, range: Range): Promise<string | null> {
  for (let n = 1; ; n += 1) {
    const name = partitionName(table, range) + (n === 1 ? '' : `_${n}`);
    const { rows } = await tx.raw<{ rows: { attached: boolean; taken: boolean }[] }>(nameSql, { name });
    if (rows[0]?.attached === true) return null;
    if (rows[0]?.taken !== true) return name;
  }
}

const within = (table: PartitionedTable, { from, to }: Range) =>
  `${table.key} >= ${boundLiteral(table, from)} and ${table.key} < ${boundLiteral(table, to)}`;

// The constraint states the same bounds as the partition, so that attaching need not read the rows.
const createSql = (table: PartitionedTable, name: string, range: Range) => `
create table ${name} (like ${table.name} including all, constraint ${name}_range check (${within(table, range)}));
comment on table ${name} is '${noteOf(range)}'`;

const isWaitingSql = `select obj_description(to_regclass(:name), 'pg_class') is not distinct from :note as waiting`;

const anyInDefaultSql = (table: PartitionedTable, range: Range) => `
select exists (select from ${defaultOf(table)} where ${within(table, range)}) as any`;

const moveSql = (table: PartitionedTable, name: string, range: Range) => `
with moved as (delete from ${defaultOf(table)} where ${within(table, range)} returning *)
insert into ${name} select * from moved`;

const attachSql = (table: PartitionedTable, name: string, { from, to }: Range) => `
alter table ${table.name} attach partition ${name} for values from (${boundLiteral(table, from)}) to (${boundLiteral(table, to)})`;

async function attach(
  tx: Tx,
  table: PartitionedTable,
  name: string,
  range: Range,
  pass: Pass,
): Promise<Made | 'busy'> {
  // Another process may have made the partition between our two steps, or made it again.
  const { rows } = await tx.raw<{ rows: { waiting: boolean }[] }>(isWaitingSql, {
    name,
    note: noteOf(range),
  });
  if (rows[0]?.waiting !== true) return 'busy';
  await tx.raw(`lock table only ${table.name}, ${defaultOf(table)} in access exclusive mode`);
  await pass('locked');
  const moved = await moveFromDefault(tx, table, name, range, pass);
  await tx.raw(attachSql(table, name, range));
  await pass('attached');
  await tx.raw(`alter table ${name} drop constraint ${name}_range; comment on table ${name} is null`);
  await pass('before-commit');
  return { name, moved };
}

async function moveFromDefault(
  tx: Tx,
  table: PartitionedTable,
  name: string,
  range: Range,
  pass: Pass,
): Promise<number> {
  const { rows } = await tx.raw<{ rows: { any: boolean }[] }>(anyInDefaultSql(table, range));
  if (rows[0]?.any !== true) return 0;
  // Off for the default partition alone, under its exclusive lock, and in a transaction that turns
  // it on again or is rolled back: at no moment can another session delete.
  const trigger = table.appendOnly;
  if (trigger) await tx.raw(`alter table ${defaultOf(table)} disable trigger ${trigger}`);
  const { rowCount } = await tx.raw<{ rowCount: number }>(moveSql(table, name, range));
  await pass('moved');
  if (trigger) await tx.raw(`alter table ${defaultOf(table)} enable trigger ${trigger}`);
  return rowCount;
}
