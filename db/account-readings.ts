// How far the records of an account have been read at its first contact
// (lib/intake/account-reading.ts).
import type { Db, Tx } from './server/connection.ts';
import type { RecordPlace } from './external-records.ts';

export type AccountReading = {
  startedAt: Date;
  /**
   * Unmatched records become customers when they are read: the table was empty when the reading
   * began.
   */
  imports: boolean;
  /** The reading goes from new to old: records created later than this have been read. */
  readTo: Date | null;
  records: number;
  doneAt: Date | null;
};

const columns = `started_at as "startedAt", imports, read_to as "readTo", records, done_at as "doneAt"`;
const ofPlace = `where system = :system and account = :account and external_type = :externalType`;

/** Null before the first contact has begun. */
export async function readReading(db: Db | Tx, place: RecordPlace): Promise<AccountReading | null> {
  const { rows } = await db.raw<{ rows: AccountReading[] }>(
    `select ${columns} from account_readings ${ofPlace}`,
    pick(place),
  );
  return rows[0] ?? null;
}

// A table is empty if it has no customer and no mapping names one: a deleted customer counts too,
// because its record may still exist at the system.
const importsSql = `:imports and not exists (select from entity_rows()) and not exists (
  select from external_mappings m where m.system = :system and m.internal_id is not null)`;

const beginSql = `
insert into account_readings (system, account, external_type, started_at, imports)
select :system, :account, :externalType, :now::timestamptz, ${importsSql}
on conflict do nothing`;

/**
 * Begins the reading, once; a repeated call changes nothing. `imports`: the settings let unmatched
 * records become customers.
 */
export async function beginReading(
  db: Db | Tx,
  place: RecordPlace & { imports: boolean; now: Date },
): Promise<void> {
  await db.raw(beginSql, { ...pick(place), imports: place.imports, now: place.now });
}

/** Whether a reading that is not done yet makes customers of the unmatched records that it finds. */
export async function isToImport(db: Db, place: RecordPlace, imports: boolean): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { imports: boolean }[] }>(
    `select coalesce((select imports and done_at is null from account_readings ${ofPlace}), ${importsSql}) as imports`,
    { ...pick(place), imports },
  );
  return rows[0]?.imports === true;
}

/** Stores how far the reading has come; `more` is the number of records read since. */
export async function saveReading(
  tx: Db | Tx,
  place: RecordPlace,
  { readTo, more }: { readTo: Date | null; more: number },
): Promise<void> {
  await tx.raw(
    `update account_readings set read_to = coalesce(:readTo::timestamptz, read_to), records = records + :more ${ofPlace}`,
    { ...pick(place), readTo, more },
  );
}

/** Every record of the account was read. */
export async function endReading(tx: Db | Tx, place: RecordPlace, now: Date): Promise<void> {
  await tx.raw(`update account_readings set done_at = coalesce(done_at, :now::timestamptz) ${ofPlace}`, {
    ...pick(place),
    now,
  });
}

function pick({ system, account, externalType }: RecordPlace): RecordPlace {
  return { system, account, externalType };
}
