// After a restore (`--after-restore move|copy`): the cursor is made again by id, because the
// transaction ids of the rows belong to another cluster.
import type { Db, Tx } from '../server/connection.ts';
import { forgetPlace } from '../server/database-place.ts';
import { endRoles } from '../lease-owners.ts';
import { detachCopied } from '../mappings/writes/accounts.ts';
import { endWalks } from './floor-walk.ts';
import { beginAbove, lockWriters } from '../sequences/after-restore.ts';
import { recordAction, type Recorded } from '../operator-actions.ts';
import { readInstanceId } from '../connections.ts';
import { compareMappings, createCursor, readRestoreSigns, type Address } from './identity.ts';

// The oldest row that was not delivered in the database in which the cursor was made. Rows and
// cursor come from the same cluster, so between them the old transaction ids still have their
// meaning. Every row from that one on is delivered again, some for the second time. pending_floor
// is the newest id: every transaction of this cluster draws above it.
const reseedSql = `
with drawn as (
  -- A sequence may have stayed behind where only rows were carried over.
  select greatest(last_value - case when is_called then 0 else 1 end, (select max(id) from sync_events)) as newest from sync_event_ids
), undelivered as (
  select coalesce(min(e.id), d.newest + 1) as first
  from drawn d, relay_cursor c left join sync_events e on e.id > least(c.floor, (select min(value::bigint) from jsonb_each_text(c.late_floors)))
    and not pg_visible_in_snapshot(e.xid, c.seen)
    and (c.win is null or not pg_visible_in_snapshot(e.xid, c.win) or e.id > c.last_id)
  group by d.newest
)
update relay_cursor c set
  seen = '1:1:', win = null, last_id = 0, late_floors = '{}',
  floor = case when :skip then d.newest else u.first - 1 end, pending_floor = d.newest, restored_to = d.newest,
  system_identifier = here.system_identifier, timeline = here.timeline, address_hash = :address,
  generation = relay_cursor_generation(), ahead = null
from drawn d, undelivered u, (
  select system_identifier, ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint as timeline
  from pg_control_system()) here
returning u.first as "firstId", d.newest as "newestId"`;

export type Reseeded = { firstId: number; newestId: number };

async function reseed(tx: Tx, address: Address, skip: boolean): Promise<Reseeded> {
  // Every id at or below the newest is then committed, and every later one is above it.
  await lockWriters(tx);
  // The older state may be from before the first relay.
  await createCursor(tx, address);
  const { rows } = await tx.raw<{ rows: Reseeded[] }>(reseedSql, { address, skip });
  if (rows[0] === undefined) throw new Error('reseed: the relay cursor that was just made does not exist');
  await forgetPlace(tx);
  return rows[0];
}

/**
 * The original is gone and this database replaces it: delivers what was not delivered, gives out no
 * number a second time, and compares every mapping once.
 */
export async function moveDatabase(
  db: Db,
  address: Address,
  actor = 'unknown',
): Promise<Reseeded & { mappings: number }> {
  return await db.transaction(async (tx) => {
    const signs = await readRestoreSigns(tx);
    const reseeded = await reseed(tx, address, false);
    await beginAbove(tx, { kind: 'move', noticed: signs?.by ?? null, eventsTo: reseeded.newestId });
    const moved = { ...reseeded, mappings: await compareMappings(tx) };
    await note(tx, { action: 'declare_move', actor, detail: moved });
    return moved;
  });
}

const newInstanceSql = `
update instance set created_at = now(), copied_from = copied_from || id,
  id = substr(translate(encode(uuid_send(gen_random_uuid()), 'base64'), '+/=ABCDEFGHIJKLMNOPQRSTUVWXYZ', '012abcdefghijklmnopqrstuvwxyz'), 1, 8)
returning id`;

const closeDeliveriesSql = `
update sync_deliveries set status = 'closed', last_error = '{"code": "copied"}', settled_at = now()
where status in ('queued', 'waiting', 'parked')`;

// The original delivers its undelivered events itself; the walks of the copy begin after them.
// The log of operations walks over other numbers.
const walkOnSql = `update walk_positions set position = greatest(position, :newestId), updated_at = now() where name <> 'operator-log'`;

// Two installations in the topics of one Kafka would read each other's events, so the copy must be
// bound to its bus by a command.
const unbindSql = `update relay_cursor set bus = 'original:' || bus where bus like 'kafka:%'`;

/**
 * The original stays in use: this copy gets an instance id of its own, detaches every external
 * record and leaves earlier work to the original, so that the two never write to the same record.
 */
export async function copyDatabase(
  db: Db,
  address: Address,
  actor = 'unknown',
): Promise<Reseeded & { instance: string; mappings: number }> {
  return await db.transaction(async (tx) => {
    const reseeded = await reseed(tx, address, true);
    const before = await readInstanceId(tx);
    const { rows } = await tx.raw<{ rows: { id: string }[] }>(newInstanceSql);
    // A copy of a copy has to count and be allowed again.
    await tx.raw('delete from copy_accounts');
    // The original renews them: a renewal by the copy would replace what the original has.
    await tx.raw('delete from system_credentials');
    // They are of processes of the original: none of them runs on this database.
    await endRoles(tx);
    const rowCount = await detachCopied(tx);
    await tx.raw(closeDeliveriesSql);
    await tx.raw(walkOnSql, { newestId: reseeded.newestId });
    await endWalks(tx);
    await tx.raw(unbindSql);
    const copied = { ...reseeded, instance: rows[0]?.id ?? '', mappings: rowCount };
    const change = { before: { instance: before }, after: { instance: copied.instance } };
    await note(tx, { action: 'declare_copy', actor, detail: copied, ...change });
    return copied;
  });
}

async function note(tx: Tx, asked: Omit<Recorded, 'system' | 'reason' | 'at'>): Promise<void> {
  await recordAction(tx, { ...asked, system: '', reason: null, at: new Date() });
}
