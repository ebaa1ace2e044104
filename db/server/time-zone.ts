// The time zone in which the times of a table that is taken over are read, if its columns have none
// (db/entities/take-over.ts).
import { tableOf, type EntityTable } from '../entities/entity-table.ts';
import { findTable, isAttached } from '../entities/found-table.ts';
import type { Tx } from './connection.ts';
import { DbError } from './errors.ts';

/** A column of a table that is not taken over yet, with times or dates without a zone. */
export type ZonelessColumn = {
  table: string;
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
 * `time_zone_unknown`. The entities must not be attached yet.
 */
export async function takeTimeZone(
  tx: Tx,
  asked: string | undefined,
  entities: readonly EntityTable[],
): Promise<TakenZone> {
  const zone = asked === undefined ? await ownZone(tx) : await findZone(tx, asked);
  await tx.raw(`select set_config('TimeZone', :zone, true)`, { zone });
  return { zone, isDefault: asked === undefined, columns: await readZoneless(tx, entities) };
}

/** For people. Empty if there is nothing to report. */
export function saidOfZone({ zone, isDefault, columns }: TakenZone): string[] {
  if (columns.length === 0)
    return isDefault
      ? []
      : [
          '--time-zone was not needed: no column of a table that is taken over has times without a time zone.',
        ];
  const why = isDefault
    ? `${zone}, the TimeZone of this session; --time-zone names another one`
    : `${zone}, as --time-zone says`;
  return columns.map(
    ({ table, name, example: { stood, becomes } }) =>
      `${table}.${name} has times without a time zone. They are read as times of ${why}: ${stood} becomes ${becomes}.`,
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

async function readZoneless(tx: Tx, entities: readonly EntityTable[]): Promise<ZonelessColumn[]> {
  const columns: ZonelessColumn[] = [];
  for (const entity of entities) {
    const found = await findTable(tx, entity.table);
    if (found === null || !found.isPlain || isAttached(found)) continue;
    for (const name of ['created_at', 'updated_at']) {
      if (!['timestamp', 'date'].includes(found.columns.get(name)?.typname ?? '')) continue;
      // The take-over itself refuses a time that no timestamptz can store.
      const { rows } = await tx.raw<{ rows: ZonelessColumn['example'][] }>(
        `select :name:::text as stood, to_char(:name:::timestamptz at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as becomes
         from ${tableOf(entity)} where :name: between '0001-01-02' and '9999-12-30' order by :name: desc limit 1`,
        { name },
      );
      const [example] = rows;
      if (example) columns.push({ table: entity.table, name, example });
    }
  }
  return columns;
}
