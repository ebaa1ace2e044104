// The time zone in which the times of a table that is taken over are read, if its columns have none
// (migrations/0002-customers.sql).
import type { Tx } from './connection.ts';
import { DbError } from './errors.ts';

/** A column of a table customers that is not taken over yet, with times or dates without a zone. */
export type ZonelessColumn = {
  name: string;
  /** Of the newest row: the stored value, and the new one. */
  example: { stood: string; becomes: string };
};

/**
 * `isDefault`: no setting of ours names the zone, so it comes from the server, the database, the
 * role or the connection.
 */
export type TakenZone = { zone: string; isDefault: boolean; columns: ZonelessColumn[] };

/**
 * Sets the zone for the rest of the transaction: the given one, or the session's own. Throws
 * `time_zone_unknown`. The migrations must not have run yet.
 */
export async function takeTimeZone(tx: Tx, asked: string | undefined): Promise<TakenZone> {
  const zone = asked === undefined ? await ownZone(tx) : await findZone(tx, asked);
  await tx.raw(`select set_config('TimeZone', :zone, true)`, { zone });
  return { zone, isDefault: asked === undefined, columns: await readZoneless(tx) };
}

/** For people. Empty if there is nothing to report. */
export function saidOfZone({ zone, isDefault, columns }: TakenZone): string[] {
  if (columns.length === 0)
    return isDefault
      ? []
      : [
          '--time-zone was not needed: no column of customers that is taken over has times without a time zone.',
        ];
  const why = isDefault
    ? `${zone}, the TimeZone of this session; --time-zone names another one`
    : `${zone}, as --time-zone says`;
  return columns.map(
    ({ name, example: { stood, becomes } }) =>
      `customers.${name} has times without a time zone. They are read as times of ${why}: ${stood} becomes ${becomes}.`,
  );
}

/** The zone at the start of the session; a program may have set another one since. */
async function ownZone(tx: Tx): Promise<string> {
  const { rows } = await tx.raw<{ rows: { zone: string }[] }>(
    `select reset_val as zone from pg_settings where name = 'TimeZone'`,
  );
  return rows[0]?.zone ?? 'UTC';
}

/**
 * Only by a zone's name: PostgreSQL accepts much more, and takes UTC+2 for two hours behind UTC.
 */
async function findZone(tx: Tx, asked: string): Promise<string> {
  const { rows } = await tx.raw<{ rows: { name: string }[] }>(
    `select name from pg_timezone_names where lower(name collate "C") = lower(:asked::text collate "C")`,
    { asked },
  );
  const [found] = rows;
  if (found) return found.name;
  throw new DbError(
    'time_zone_unknown',
    `--time-zone: this PostgreSQL has no time zone of the name ${JSON.stringify(asked)}. ` +
      'Give one as Europe/Berlin, America/New_York or UTC; pg_timezone_names lists them. Nothing was changed',
  );
}

async function readZoneless(tx: Tx): Promise<ZonelessColumn[]> {
  const { rows } = await tx.raw<{ rows: { name: string }[] }>(
    `select a.attname as name from pg_attribute a join pg_class c on c.oid = a.attrelid
     where c.oid = to_regclass('customers') and c.relkind = 'r' and not a.attisdropped and a.attname in ('created_at', 'updated_at')
       and a.atttypid in ('timestamp'::regtype, 'date'::regtype)
       and not exists (select from pg_attribute o where o.attrelid = c.oid and o.attname = 'last_event_id' and not o.attisdropped)
     order by a.attnum`,
  );
  const columns: ZonelessColumn[] = [];
  for (const { name } of rows) {
    // The migration itself refuses a time that no timestamptz can store.
    const found = await tx.raw<{ rows: ZonelessColumn['example'][] }>(
      `select :name:::text as stood, to_char(:name:::timestamptz at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as becomes from customers
       where :name: between '0001-01-02' and '9999-12-30' order by :name: desc limit 1`,
      { name },
    );
    const [example] = found.rows;
    if (example) columns.push({ name, example });
  }
  return columns;
}
