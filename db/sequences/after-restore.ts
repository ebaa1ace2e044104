// What a database gives out after an older state was put back: event ids, versions and customer ids
// that are above all that may have been given out since that state. The older state cannot know how
// far the lost one had come, so the clock says it: fewer than a million events a second, and fewer
// than a thousand changes of one row, were made since 1970. That holds for a second restore of the
// same backup, too.
import type { Tx } from '../server/handles.ts';
import { BLOCK } from '../partitions/plan.ts';
import { readTableSequences } from './state.ts';

// Waits for every writer that may hold an id drawn here, and keeps new ones out.
export const lockWritersSql = `lock table customers, sync_events in share mode`;

export type Restored = {
  kind: 'move' | 'fail_over';
  /** What was seen, for whoever looks later; null: a person said it. */
  noticed: string | null;
  /** The newest event of the older state. */
  eventsTo: number;
};

// If the clock was set back, still ahead of what the last restore had begun with.
const noteSql = `
insert into restores (kind, noticed, events_to, events_from, versions_from)
select :kind, :noticed, :eventsTo,
  greatest(floor(extract(epoch from clock_timestamp()) * 1000000)::bigint, :eventsTo::bigint + 1000000000),
  greatest(floor(extract(epoch from clock_timestamp()) * 1000)::bigint, (select max(versions_from) from restores) + 1000000)
returning events_from as "eventsFrom"`;

const jumpSql = `select setval('sync_event_ids', :eventsFrom::bigint, false)`;

// The blocks in between are never drawn from: without these notes, upkeep would take each of them
// for one that was in use.
const openBlockSql = `
insert into event_blocks (first_id, opened_at)
select id / ${BLOCK} * ${BLOCK}, clock_timestamp() from unnest(array[:eventsTo, :eventsFrom]::bigint[]) id on conflict do nothing`;

// Ids of customers stay small enough for the integer columns that other tables refer to them with,
// so the clock cannot be used here. The distance is drawn by chance: after a second restore of one
// backup, the ids of the first do not come again. Steps of more than one, and downward ones, are
// kept: another server may give out the ids between.
async function passOverCustomerIds(tx: Tx): Promise<void> {
  for (const { sequence, column, last, newest, increment } of await readTableSequences(tx)) {
    if (column !== 'customers.id') continue;
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
 * After a fail-over to a server that lacks what others have seen. Keeps writers out for as long as
 * the transaction lasts.
 */
export async function beginAboveLost(tx: Tx, noticed: string): Promise<void> {
  await tx.raw(lockWritersSql);
  const { rows } = await tx.raw<{ rows: { eventsTo: number }[] }>(newestSql);
  await beginAbove(tx, { kind: 'fail_over', noticed, eventsTo: rows[0]?.eventsTo ?? 0 });
}

const leaveRoomSql = `select setval('sync_event_ids', last_value + 1000000, true) from sync_event_ids`;

/**
 * After a fail-over of which nothing is known to be missing: ids that were given out in the last
 * moments are passed over.
 */
export async function leaveRoom(tx: Tx): Promise<void> {
  await tx.raw(leaveRoomSql);
}

// A customer that was made after the older state has a record at the system that our table does not
// know. Creates wait until every record was read again, and find it by its email then.
const readAgainSql = `update account_readings set done_at = null, read_to = null, records = 0, imports = false`;

/**
 * Moves the numbers forward and notes it. In a transaction that keeps writers of customers and
 * events out.
 */
export async function beginAbove(tx: Tx, restored: Restored): Promise<void> {
  const { rows } = await tx.raw<{ rows: { eventsFrom: number }[] }>(noteSql, restored);
  const eventsFrom = rows[0]?.eventsFrom;
  if (eventsFrom === undefined) throw new Error('beginAbove: the restore was not noted');
  await tx.raw(jumpSql, { eventsFrom });
  await tx.raw(openBlockSql, { eventsTo: restored.eventsTo, eventsFrom });
  await passOverCustomerIds(tx);
  await tx.raw(readAgainSql);
}
