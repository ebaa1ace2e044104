// The relay divided into shards: the events of one entity belong to one shard, by a hash of its key (the function
// relay_shard). Each shard has a row of relay_cursor, a lease with its fence, and pages and saves of its own.
//
// The number of shards changes in one transaction, which a crash leaves done or undone:
//   lock         no cursor is saved until the end of the transaction
//   leases       the fences of the old and of the new number are raised: whoever holds one of these leases can neither
//                renew it nor save. The new ones are taken until the last old one has run out, so no two relays publish
//                the events of one entity at a time
//   cursors      each new one stands where all old ones have passed (./standing.ts): nothing is left out, and what some
//                had passed is published again
// With one shard the lease is called `relay`, as in versions without shards; with more of them it is taken for ever, so
// a process of such a version stands by.
import { recordAction } from '../operator-actions.ts';
import type { Db, Tx } from '../server/connection.ts';
import { commonStanding, type Standing } from './standing.ts';

/** One shard, from 0 on, of so many. */
export type Shard = { shard: number; shards: number };

export const WHOLE: Shard = { shard: 0, shards: 1 };

/** More processes than that share one database badly: each reads all rows of the outbox. */
export const MOST_SHARDS = 16;

export function leaseOf({ shard, shards }: Shard): string {
  return shards === 1 ? 'relay' : `relay.${shard}`;
}

/** True for a lease under which events are published. */
export function isRelayLease(name: string): boolean {
  return name === 'relay' || name.startsWith('relay.');
}

/** A process that shares the work with others holds one of as many seats as there are shards. */
export function seatOf(seat: number): string {
  return `relay-seat.${seat}`;
}

export type Held = {
  /** The number in force; 0 before the relay's first start. */
  shards: number;
  /** Names of the leases and seats that some process holds. */
  names: string[];
};

const heldSql = `
select (select count(*)::integer from relay_cursor) as shards, coalesce(array_agg(name), '{}') as names
from leases where name = any(:names) and until > clock_timestamp()`;

export async function readHeld(db: Db, shards: number): Promise<Held> {
  const numbers = Array.from({ length: shards }, (_, shard) => shard);
  const names = numbers.flatMap((shard) => [leaseOf({ shard, shards }), seatOf(shard)]);
  const { rows } = await db.raw<{ rows: Held[] }>(heldSql, { names });
  return rows[0] ?? { shards: 0, names: [] };
}

/** 0 before the relay's first start. */
export async function readShards(db: Db | Tx): Promise<number> {
  const { rows } = await db.raw<{ rows: { shards: number }[] }>(
    'select count(*)::integer as shards from relay_cursor',
  );
  return rows[0]?.shards ?? 0;
}

const standingsSql = `
select seen::text, win::text, last_id as "lastId", floor, pending_floor as "pendingFloor", late_floors::text as "lateFloors",
  restored_to as "restoredTo", published, unrouted
from relay_cursor order by shard`;

type Row = Standing & { published: number; unrouted: number };

/** Null if nothing has changed: there are as many shards already, or no relay has started yet. */
export async function divideRelay(tx: Tx, shards: number): Promise<{ before: number } | null> {
  await tx.raw('lock table relay_cursor in exclusive mode');
  const { rows } = await tx.raw<{ rows: Row[] }>(standingsSql);
  const [first, ...others] = rows;
  const before = rows.length;
  if (first === undefined || before === shards) return null;
  const fences = await raiseFences(tx, { before, after: shards });
  await writeCursors(tx, {
    ...commonStanding([first, ...others]),
    ...{ shards, fences },
    published: rows.reduce((sum, { published }) => sum + published, 0),
    unrouted: rows.reduce((sum, { unrouted }) => sum + unrouted, 0),
  });
  return { before };
}

// A renewal between the two would not be noticed by the second.
const lockLeasesSql = `select from leases where name = any(:names) order by name for update`;

const raiseSql = `
insert into leases as l (name, owner, until, fence)
select n.name, 'change of the shards', case
    when n.name = any(:after) then greatest(clock_timestamp(), (select max(until) from leases where name = any(:before) and until < 'infinity'))
    when n.name = 'relay' then 'infinity'
    else clock_timestamp() end, 1
from unnest(:names::text[]) n(name)
on conflict (name) do update set owner = excluded.owner, until = excluded.until, fence = l.fence + 1
returning name, fence`;

/** The fences of the new shards, in their order. */
async function raiseFences(tx: Tx, numbers: { before: number; after: number }): Promise<number[]> {
  const before = leasesOf(numbers.before);
  const after = leasesOf(numbers.after);
  const names = [...new Set([...before, ...after])];
  await tx.raw(lockLeasesSql, { names });
  const { rows } = await tx.raw<{ rows: { name: string; fence: number }[] }>(raiseSql, {
    ...{ names, before, after },
  });
  return after.map((name) => rows.find((row) => row.name === name)?.fence ?? 0);
}

const leasesOf = (shards: number): string[] =>
  Array.from({ length: shards }, (_, shard) => leaseOf({ shard, shards }));

const passedColumns = `
  seen = :seen::pg_snapshot, win = :win::pg_snapshot, last_id = :lastId, floor = :floor, pending_floor = :pendingFloor,
  late_floors = :lateFloors::jsonb, restored_to = :restoredTo`;

const keptSql = `
update relay_cursor set ${passedColumns}, shards = :shards, fence = (:fences::bigint[])[shard + 1],
  published = case when shard = 0 then :published else 0 end, unrouted = case when shard = 0 then :unrouted else 0 end`;

const addedSql = `
insert into relay_cursor (shard, shards, seen, win, last_id, floor, pending_floor, late_floors, restored_to, fence, bus,
  system_identifier, timeline, address_hash, generation, xid, ahead)
select n, c.shards, c.seen, c.win, c.last_id, c.floor, c.pending_floor, c.late_floors, c.restored_to, (:fences::bigint[])[n + 1], c.bus,
  c.system_identifier, c.timeline, c.address_hash, c.generation, pg_current_xact_id(), c.ahead
from relay_cursor c, generate_series((select count(*) from relay_cursor), :shards - 1) n where c.shard = 0`;

async function writeCursors(
  tx: Tx,
  { shards, fences, ...rest }: Row & { shards: number; fences: number[] },
): Promise<void> {
  await tx.raw('delete from relay_cursor where shard >= :shards', { shards });
  await tx.raw(keptSql, { ...rest, shards, fences });
  await tx.raw(addedSql, { shards, fences });
}

/** The same as an operation of a person. */
export async function changeShards(
  db: Db,
  { shards, actor }: { shards: number; actor: string },
): Promise<{ before: number } | null> {
  return await db.transaction(async (tx) => {
    const changed = await divideRelay(tx, shards);
    if (changed === null) return null;
    await recordAction(tx, {
      ...{ action: 'divide_relay', system: '', actor, reason: null, at: new Date(), detail: {} },
      ...{ before: { shards: changed.before }, after: { shards } },
    });
    return changed;
  });
}
