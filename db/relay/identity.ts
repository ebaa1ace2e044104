// In which database the cursor was made. Snapshots and transaction ids mean nothing in another
// cluster, and two databases that are copies of each other would both write to the same external
// customers.
import { createHash } from 'node:crypto';
import type { Db, Tx } from '../server/connection.ts';
import { recordAction } from '../operator-actions.ts';
import { beginAboveLost, leaveRoom } from '../sequences/after-restore.ts';
import { raisedUrgency, urgencies } from '../urgency.ts';

/** The address of this database, as a hash: host names must not be stored in tables. */
export type Address = string;

export type Verdict =
  /** No relay has started on this database yet. */
  | 'first'
  | 'same'
  /** A new timeline at the same address: another server of the same cluster has taken over. */
  | 'failed_over'
  | 'other_cluster'
  | 'other_address'
  /** An older state was put back in place (docs/restore.md): see readRestoreSigns. */
  | 'restored';

/**
 * The address of a database: the list of hosts with ports, and the database's name. An embedded
 * server gives its data directory instead, since its port changes from start to start.
 */
export function addressOf(where: { url: string } | { dataDirectory: string; database: string }): Address {
  if ('dataDirectory' in where) return hash(`${where.dataDirectory}\n${where.database}`);
  // A list of hosts is not a valid URL, so the host part is cut out here: between the credentials
  // and the path.
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

// The timeline of the write-ahead log that is being written; the control file names that timeline
// only from the next checkpoint on.
const hereSql = `
  select system_identifier, ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint as timeline
  from pg_control_system()`;

// First what the database itself shows, then what another system has shown. A logical backup
// restores the old generation into tables with new numbers. Rows that were loaded into the same
// table were written by another transaction than the one that their columns name.
function restoreSigns(cursor: string): string {
  return `case
    when ${cursor}.generation <> relay_cursor_generation() then '{"by": "tables"}'
    when ${cursor}.xid is not null and ${cursor}.xmin::text::bigint <> ${cursor}.xid::text::bigint % 4294967296 then '{"by": "rows"}'
    else ${cursor}.ahead end`;
}

const verdictSql = `
with here as (${hereSql})
select case
  when count(c.shard) = 0 then 'first'
  when bool_or(c.system_identifier <> here.system_identifier) then 'other_cluster'
  when bool_or(c.address_hash <> :address::text) then 'other_address'
  when bool_or(${restoreSigns('c')} is not null) then 'restored'
  when bool_or(c.timeline <> here.timeline) then 'failed_over'
  else 'same' end as verdict
from here left join relay_cursor c on true`;

/**
 * Changes nothing. `null` if the address is known as a name of this database. Throws while the
 * server is a standby.
 */
export async function judgeIdentity(db: Db | Tx, address: Address | null): Promise<Verdict> {
  const { rows } = await db.raw<{ rows: { verdict: Verdict }[] }>(verdictSql, { address });
  return rows[0]?.verdict ?? 'first';
}

/**
 * Why a database counts as restored. `by` is the sign; the other two say how much is affected, with
 * an example for people.
 */
export type RestoreSigns = {
  by: 'tables' | 'rows' | 'bus' | 'requests';
  count?: number;
  example?: string;
};

/** Null if nothing shows that an older state was restored. */
export async function readRestoreSigns(db: Db | Tx): Promise<RestoreSigns | null> {
  const { rows } = await db.raw<{ rows: { signs: RestoreSigns | null }[] }>(
    `select (${restoreSigns('c')})::jsonb as signs from relay_cursor c where ${restoreSigns('c')} is not null order by shard limit 1`,
  );
  return rows[0]?.signs ?? null;
}

// Only the first sign is stored: one sign is enough.
const noteAheadSql = `update relay_cursor set ahead = :signs::jsonb where ahead is null`;

/**
 * Stores that another system has events that this database lacks: from now on every process refuses
 * to start.
 */
export async function noteAhead(db: Db | Tx, signs: RestoreSigns): Promise<boolean> {
  const { rowCount } = await db.raw<{ rowCount: number }>(noteAheadSql, { signs: JSON.stringify(signs) });
  return rowCount > 0;
}

// Events that were published before the last restore that a person confirmed are known to be
// missing; events that were published before the oldest event in the table, or have a lower id
// (published late), may have been dropped with their partition.
const lostSql = `
select r.event_id as "eventId"
from jsonb_to_recordset(:records::jsonb) as r(event_id uuid, id bigint, published_at timestamptz), lateral (
  select id, created_at from sync_events order by id limit 1) oldest
where r.published_at > oldest.created_at and (r.id is null or r.id > oldest.id)
  and r.published_at > coalesce((select max(at) from restores), '-infinity')
  and not exists (select from sync_events e where e.event_id = r.event_id)
order by r.published_at`;

/** Of events that another system has, those that are missing in this database and should not be. */
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

// No transaction is seen, and no id is below the floor: the first window contains every row.
const createSql = `
insert into relay_cursor (seen, system_identifier, timeline, address_hash, generation, xid)
select '1:1:', here.system_identifier, here.timeline, :address, relay_cursor_generation(), pg_current_xact_id() from (${hereSql}) here
on conflict do nothing`;

/** One cursor for all events; `divideRelay` makes more of it. */
export async function createCursor(db: Db | Tx, address: Address): Promise<void> {
  await db.raw(createSql, { address });
}

const acceptTimelineSql = `
update relay_cursor c set timeline = here.timeline from (${hereSql}) here
where c.timeline <> here.timeline and c.system_identifier = here.system_identifier`;

/**
 * Stores a fail-over, once, and has every mapping compared: the new server may lack changes that
 * the old one had sent to other systems. `lost`: another system has shown that it does lack some,
 * so the new server gives out no number a second time.
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
 * Raises every mapping that is in use for one comparison. The times of next attempts stay, so that
 * the mappings do not all come at once.
 */
export async function compareMappings(tx: Tx): Promise<number> {
  const { rowCount } = await tx.raw<{ rowCount: number }>(compareSql);
  return rowCount;
}

const adoptBusSql = `update relay_cursor set bus = :bus`;

/**
 * Binds the cursor to another bus (`--adopt-bus`). Events that only the old bus still had are found
 * by the receive-gap walk.
 */
export async function adoptBus(db: Db, bus: string, actor = 'unknown'): Promise<void> {
  await db.transaction(async (tx) => {
    const { rows } = await tx.raw<{ rows: { bus: string | null }[] }>(
      `select bus from relay_cursor order by shard for update`,
    );
    await tx.raw(adoptBusSql, { bus });
    await recordAction(tx, {
      ...{ action: 'adopt_bus', system: '', actor, reason: null, at: new Date(), detail: {} },
      ...{ before: { bus: rows[0]?.bus ?? null }, after: { bus } },
    });
  });
}
