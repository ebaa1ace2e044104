// The numbers that a database gives out after an older state was restored: event ids, versions and
// customer ids that are above all that may have been given out since that state. The older state
// does not show how far the lost one had come, so the clock decides: fewer than a million events a
// second, and fewer than a thousand changes of one row a second, were made since 1970. This is true
// after a second restore of the same backup too.
import type { Tx } from '../server/handles.ts';
import { BLOCK } from '../partitions/plan.ts';
import { attachedTables } from '../entities/attached.ts';
import { readTableSequences } from './state.ts';

/** Waits for every writer that may have drawn an id, and keeps new writers out. */
export async function lockWriters(tx: Tx): Promise<void> {
  const tables = await attachedTables(tx);
  await tx.raw(
    `lock table ${[...tables.map((table) => `"${table}"`), 'sync_events'].join(', ')} in share mode`,
  );
}

export type Restored = {
  kind: 'move' | 'fail_over';
  /** What showed the restore, for later; null: a person said that it was one. */
  noticed: string | null;
  /** The newest event of the older state. */
  eventsTo: number;
};

// If the clock was set back, the numbers still begin above those of the last restore.
const noteSql = `
insert into restores (kind, noticed, events_to, events_from, versions_from)
select :kind, :noticed, :eventsTo,
  greatest(floor(extract(epoch from clock_timestamp()) * 1000000)::bigint, :eventsTo::bigint + 1000000000),
  greatest(floor(extract(epoch from clock_timestamp()) * 1000)::bigint, (select max(versions_from) from restores) + 1000000)
returning events_from as "eventsFrom"`;

const jumpSql = `select setval('sync_event_ids', :eventsFrom::bigint, false)`;

// No id is ever drawn from the blocks in between: without these notes, upkeep would treat each of
// them as a block that was in use.
const openBlockSql = `
insert into event_blocks (first_id, opened_at)
select id / ${BLOCK} * ${BLOCK}, clock_timestamp() from unnest(array[:eventsTo, :eventsFrom]::bigint[]) id on conflict do nothing`;

// Ids of rows must stay small enough for the integer columns of other tables that refer to
// them, so the clock cannot be used here. The distance is random: after a second restore of one
// backup, the ids of the first restore do not come again. Steps of more than one, and downward
// ones, are kept: another server may give out the ids between.
async function passOverRowIds(tx: Tx): Promise<void> {
  const ids = (await attachedTables(tx)).map((table) => `${table}.id`);
  for (const { sequence, column, last, newest, increment } of await readTableSequences(tx)) {
    if (!ids.includes(column)) continue;
    const { rows } = await tx.raw<{ rows: { end: number }[] }>(endSql, { sequence });
    const furthest = increment > 0 ? Math.max(last, newest ?? last) : Math.min(last, newest ?? last);
    const room = Math.abs((rows[0]?.end ?? furthest) - furthest);
    const distance = Math.min(1_000_000 + Math.floor(Math.random() * 100_000_000), Math.floor(room / 2));
    const steps = Math.ceil((Math.abs(furthest - last) + distance) / Math.abs(increment));
    await tx.raw('select setval(:sequence::text::regclass, :to)', { sequence, to: last + steps * increment });
  }
}

const endSql = `
select case when seqincrement > 0 then least(seqmax, 9007199254740991) else greatest(seqmin, -9007199254740991) end as end
from pg_sequence where seqrelid = :sequence::text::regclass`;

const newestSql = `
select greatest(last_value - case when is_called then 0 else 1 end, (select max(id) from sync_events)) as "eventsTo" from sync_event_ids`;

/**
 * After a fail-over to a server that lacks events that other systems have. Keeps writers out until
 * the transaction ends.
 */
export async function beginAboveLost(tx: Tx, noticed: string): Promise<void> {
  await lockWriters(tx);
  const { rows } = await tx.raw<{ rows: { eventsTo: number }[] }>(newestSql);
  await beginAbove(tx, { kind: 'fail_over', noticed, eventsTo: rows[0]?.eventsTo ?? 0 });
}

const leaveRoomSql = `select setval('sync_event_ids', last_value + 1000000, true) from sync_event_ids`;

/**
 * After a fail-over without a sign that something is missing: ids that may have been given out in
 * the last moments are skipped.
 */
export async function leaveRoom(tx: Tx): Promise<void> {
  await tx.raw(leaveRoomSql);
}

// A customer that was created after the older state has a record at the system that our table does
// not know. Creates wait until every record was read again, and then find that record by its email.
const readAgainSql = `update account_readings set done_at = null, read_to = null, records = 0, imports = false`;

/**
 * Moves the numbers forward and stores that. In a transaction that keeps out writers of customers
 * and events.
 */
export async function beginAbove(tx: Tx, restored: Restored): Promise<void> {
  const { rows } = await tx.raw<{ rows: { eventsFrom: number }[] }>(noteSql, restored);
  const eventsFrom = rows[0]?.eventsFrom;
  if (eventsFrom === undefined) throw new Error('beginAbove: the restore was not noted');
  await tx.raw(jumpSql, { eventsFrom });
  await tx.raw(openBlockSql, { eventsTo: restored.eventsTo, eventsFrom });
  await passOverRowIds(tx);
  await tx.raw(readAgainSql);
}
