// What `twinbox doctor` reads from the database about the database itself and about inbound events.
import type { Db } from '../server/connection.ts';

export type DatabaseFacts = {
  /** Such as 18.4. */
  version: string;
  /** The server's clock, at the moment of the answer. */
  now: Date;
  bytes: number;
  readOnly: boolean;
};

export async function readDatabaseFacts(db: Db): Promise<DatabaseFacts> {
  const { rows } = await db.raw<{ rows: DatabaseFacts[] }>(
    `select current_setting('server_version') as version, clock_timestamp() as now, pg_database_size(current_database()) as bytes,
            current_setting('transaction_read_only') = 'on' as "readOnly"`,
  );
  if (!rows[0]) throw new Error('readDatabaseFacts: PostgreSQL returned no row');
  return rows[0];
}

/**
 * How far back the newest inbound event is looked for; a scan without a limit would cost more than
 * its answer is worth.
 */
const LOOK_BACK = 100_000;

/**
 * When an event of a system was last stored, of any type; null if none is among the newest events.
 */
export async function readLastReceived(db: Db, system: string): Promise<Date | null> {
  const { rows } = await db.raw<{ rows: { at: Date | null }[] }>(
    `select max(e.created_at) as at from sync_events e
     where e.id > (select coalesce(max(id), 0) - ${LOOK_BACK} from sync_events) and e.source = :system and e.version is null
       and (starts_with(e.event_type, :system || '.') or starts_with(e.event_type, 'unknown.' || :system || '.'))`,
    { system },
  );
  return rows[0]?.at ?? null;
}

export type RefusalCount = { reason: string; count: number };

/** How many inbound events were refused since then, by reason, the most frequent first. */
export async function countRefusals(db: Db, system: string, since: Date): Promise<RefusalCount[]> {
  const { rows } = await db.raw<{ rows: RefusalCount[] }>(
    `select reason, count(*) as count from inbound_refusals where system = :system and created_at >= :since::timestamptz
     group by reason order by count desc, reason`,
    { system, since },
  );
  return rows;
}

// Random numbers between the least and the greatest id, and the next record after each number: by
// the primary key, however large the table is.
const sampleSql = `
with bounds as (select coalesce(min(id), 0) as least, coalesce(max(id), 0) as most from external_mappings)
select distinct m."externalId" from bounds
cross join lateral (select least + floor(random() * (most - least + 1))::bigint as at from generate_series(1, :tries)) picks
cross join lateral (
  select external_id as "externalId" from external_mappings
  where id >= picks.at and system = :system and external_id is not null and internal_id is not null
    and state in ('linked', 'parked', 'waiting')
    and account = (select account from connections where system = :system)
  order by id limit 1
) m
limit :limit`;

/** External ids of some pairs of the bound account, at most `limit`, picked at random. */
export async function sampleKnown(db: Db, system: string, limit: number): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { externalId: string }[] }>(sampleSql, {
    system,
    limit,
    tries: limit * 3,
  });
  return rows.map(({ externalId }) => externalId);
}
