// Which database the cursor was made in. Snapshots and transaction ids mean nothing in another
// cluster, and two living copies of one database would both write to the same external customers.
import { createHash } from 'node:crypto';
import type { Db, Tx } from '../server/connection.ts';
import { beginAboveLost, leaveRoom } from '../sequences/after-restore.ts';
import { raisedUrgency, urgencies } from '../urgency.ts';

/** Where this database is, as a hash: host names do not belong in tables. */
export type Address = string;

export type Verdict =
  /** No relay has started here yet. */
  | 'first'
  | 'same'
  /** A new timeline at the same address: another server of the same cluster has taken over. */
  | 'failed_over'
  | 'other_cluster'
  | 'other_address'
  /** An older state was put back in place (docs/restore.md): see readRestoreSigns. */
  | 'restored';

/**
 * The address of a database: the host list with ports, and the database's name. An embedded server
 * passes its data directory instead, since its port changes from start to start.
 */
export function addressOf(where: { url: string } | { dataDirectory: string; database: string }): Address {
  if ('dataDirectory' in where) return hash(`${where.dataDirectory}\n${where.database}`);
  // A list of hosts is no URL by the book, so the host part is cut out by hand: between the
  // credentials and the path.
  const [, hosts = '', rest = ''] = /^\w+:\/\/(?:[^@/]*@)?([^/?]*)(.*)$/.exec(where.url) ?? [];
  const path = rest.split('?')[0] ?? '';
  const socket = new URLSearchParams(rest.slice(path.length)).get('host') ?? '';
  return hash(
    `${hosts.toLowerCase().split(',').sort().join(',')}\n${socket}\n${decodeURIComponent(path.slice(1))}`,
  );
}

function hash(text: string): Address {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

// The timeline of the write-ahead log as it is being written; the control file names it only from
// the next checkpoint on.
const hereSql = `
  select system_identifier, ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint as timeline
  from pg_control_system()`;

// By what the database itself shows, first; what another system has shown comes second. A logical
// backup brings the old generation into tables with new numbers. Rows that were loaded into the
// same table were written by another transaction than they say.
function restoreSigns(cursor: string): string {
  return `case
    when ${cursor}.generation <> relay_cursor_generation() then '{"by": "tables"}'
    when ${cursor}.xid is not null and ${cursor}.xmin::text::bigint <> ${cursor}.xid::text::bigint % 4294967296 then '{"by": "rows"}'
    else ${cursor}.ahead end`;
}

const verdictSql = `
with here as (${hereSql})
select case
  when c.only_one is null then 'first'
  when c.system_identifier <> here.system_identifier then 'other_cluster'
  when c.address_hash <> :address::text then 'other_address'
  when ${restoreSigns('c')} is not null then 'restored'
  when c.timeline <> here.timeline then 'failed_over'
  else 'same' end as verdict
from here left join relay_cursor c on true`;

/**
 * Changes nothing. `null` where the address is known to be one of its names. Throws while the
 * server is a standby.
 */
export async function judgeIdentity(db: Db | Tx, address: Address | null): Promise<Verdict> {
  const { rows } = await db.raw<{ rows: { verdict: Verdict }[] }>(verdictSql, { address });
  return rows[0]?.verdict ?? 'first';
}

/**
 * Why a database counts as restored. `by`: what shows it. The other two: how much of it, and an
 * example for people.
 */
export type RestoreSigns = {
  by: 'tables' | 'rows' | 'bus' | 'requests';
  count?: number;
  example?: string;
};

/** Null where nothing says that an older state was put back. */
export async function readRestoreSigns(db: Db | Tx): Promise<RestoreSigns | null> {
  const { rows } = await db.raw<{ rows: { signs: RestoreSigns | null }[] }>(
    `select (${restoreSigns('c')})::jsonb as signs from relay_cursor c`,
  );
  return rows[0]?.signs ?? null;
}

// Only the first to see it: what is there is more than nothing, and a second sign says no more.
const noteAheadSql = `update relay_cursor set ahead = :signs::jsonb where ahead is null`;

/**
 * Notes what another system has shown that this database lacks: from now on every process refuses
 * to start.
 */
export async function noteAhead(db: Db | Tx, signs: RestoreSigns): Promise<boolean> {
  const { rowCount } = await db.raw<{ rowCount: number }>(noteAheadSql, { signs: JSON.stringify(signs) });
  return rowCount > 0;
}

// What was published before the last restore that a person confirmed is known to be missing; what
// was published before the oldest event that is here, or has a lower id (it may have been published
// late), may have left with its partition.
const lostSql = `
select r.event_id as "eventId"
from jsonb_to_recordset(:records::jsonb) as r(event_id uuid, id bigint, published_at timestamptz), lateral (
  select id, created_at from sync_events order by id limit 1) oldest
where r.published_at > oldest.created_at and (r.id is null or r.id > oldest.id)
  and r.published_at > coalesce((select max(at) from restores), '-infinity')
  and not exists (select from sync_events e where e.event_id = r.event_id)
order by r.published_at`;

/** Of events that another system holds, those that are missing here though they should be here. */
export async function findLostEvents(
  db: Db | Tx,
  records: readonly { eventId: string; syncEventId: number | null; publishedAt: Date }[],
): Promise<string[]> {
  if (records.length === 0) return [];
  const { rows } = await db.raw<{ rows: { eventId: string }[] }>(lostSql, {
    records: JSON.stringify(
      records.map(({ eventId, syncEventId, publishedAt }) => ({
        event_id: eventId,
        id: syncEventId,
        published_at: publishedAt,
      })),
    ),
  });
  return rows.map(({ eventId }) => eventId);
}

// Nothing is seen, nothing is below the floor: the first window holds every row there is.
const createSql = `
insert into relay_cursor (seen, system_identifier, timeline, address_hash, generation, xid)
select '1:1:', here.system_identifier, here.timeline, :address, relay_cursor_generation(), pg_current_xact_id() from (${hereSql}) here
on conflict do nothing`;

export async function createCursor(db: Db | Tx, address: Address): Promise<void> {
  await db.raw(createSql, { address });
}

const acceptTimelineSql = `
update relay_cursor c set timeline = here.timeline from (${hereSql}) here
where c.timeline <> here.timeline and c.system_identifier = here.system_identifier`;

/**
 * Notes a fail-over, once, and has every mapping compared: the new server may lack what the old one
 * had sent to other systems. `lost`: it does, as another system has shown, so it gives out no
 * number a second time.
 */
export async function acceptFailover(
  tx: Tx,
  lost: RestoreSigns | null = null,
): Promise<{ noted: boolean; mappings: number }> {
  const { rowCount } = await tx.raw<{ rowCount: number }>(acceptTimelineSql);
  if (rowCount === 0) return { noted: false, mappings: 0 };
  if (lost === null) await leaveRoom(tx);
  else await beginAboveLost(tx, lost.by);
  return { noted: true, mappings: await compareMappings(tx) };
}

const compareSql = `
update external_mappings m set must_read = true, dirty = dirty + 1, urgency = ${raisedUrgency(`${urgencies.housekeeping}::smallint`)},
  updated_at = now()
from (
  select id from external_mappings where state not in ('alias', 'detached', 'tombstoned') order by id for update
) locked
where m.id = locked.id`;

/**
 * Marks every mapping that is in use for one comparison. Times of next attempts stay: a crowd must
 * not come at once.
 */
export async function compareMappings(tx: Tx): Promise<number> {
  const { rowCount } = await tx.raw<{ rowCount: number }>(compareSql);
  return rowCount;
}

const adoptBusSql = `update relay_cursor set bus = :bus`;

/**
 * Binds the cursor to another bus (`--adopt-bus`). What the old one still held is found again by
 * the receive gap check.
 */
export async function adoptBus(db: Db, bus: string): Promise<void> {
  await db.raw(adoptBusSql, { bus });
}
