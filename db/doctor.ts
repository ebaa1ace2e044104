// What `twinbox doctor` asks the database about itself and about what is heard.
import type { Db } from './connection.ts';

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

/** How far back the newest external event is looked for; a scan without an end would cost more than the answer is worth. */
const LOOK_BACK = 100_000;

/** When an event of a system was last stored, of whatever type; null if none is among the newest events. */
export async function readLastHeard(db: Db, system: string): Promise<Date | null> {
  const { rows } = await db.raw<{ rows: { at: Date | null }[] }>(
    `select max(e.created_at) as at from sync_events e
     where e.id > (select coalesce(max(id), 0) - ${LOOK_BACK} from sync_events) and e.source = :system and e.version is null
       and (starts_with(e.event_type, :system || '.') or starts_with(e.event_type, 'unknown.' || :system || '.'))`,
    { system },
  );
  return rows[0]?.at ?? null;
}

export type RefusalCount = { reason: string; count: number };

/** What came in since then and was not taken, by reason, most first. */
export async function countRefusals(db: Db, system: string, since: Date): Promise<RefusalCount[]> {
  const { rows } = await db.raw<{ rows: RefusalCount[] }>(
    `select reason, count(*) as count from inbound_refusals where system = :system and created_at >= :since::timestamptz
     group by reason order by count desc, reason`,
    { system, since },
  );
  return rows;
}
