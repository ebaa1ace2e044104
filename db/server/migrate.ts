import { createHash } from 'node:crypto';
import type { Db, Tx } from './connection.ts';
import { DbError, sqlState } from './errors.ts';
import {
  appliedNames,
  MIGRATION_TABLE,
  migrationNames,
  pendingMigrations,
  readMigration,
} from './migration-files.ts';
import { assertGround } from './preflight.ts';
import { attachCatalogue, isAttachedAs, statementsOf } from '../entities/attach.ts';
import { attachedTables, readAttached, readMapped } from '../entities/attached.ts';
import { closeToOthers, noteNumber, raiseNumber, reachOf, readNumber } from '../entities/catalogue-number.ts';
import {
  findCatalogueChange,
  type CatalogueChange,
  type TableCatalogue,
} from '../entities/catalogue-change.ts';
import { findLost } from '../entities/column-problems.ts';
import { findIndexChanges, settleFilterIndexes } from '../entities/filter-indexes.ts';
import { customerTable } from '../entities/entity-table.ts';
import { readWorkingByCatalogue } from '../health/role-signs.ts';
import { recordAction } from '../operator-actions.ts';
import { isDatabaseAway } from '../health/readiness.ts';
import { assertServerVersion } from './server.ts';
import { saidOfZone, takeTimeZone } from './time-zone.ts';

export { migrationNames } from './migration-files.ts';

/** Any fixed number: the process that holds this advisory lock migrates the database. */
const MIGRATE_LOCK = 7_240_113;

/** Since this migration the catalogue has a number. */
const NUMBERED = '0037-catalogue-number.sql';

const MIGRATED = { action: 'migrate', system: '', reason: null };

/** The catalogue that stands without a configuration. */
const builtIn: TableCatalogue = { entities: [customerTable], mappings: [] };

interface MigrateOptions {
  /** The entities whose tables are made, taken over or changed, and what systems have of them. */
  catalogue?: TableCatalogue;
  timeZone?: string | undefined;
  say?: (sentence: string) => void;
  /** Who asks, for the record of operations; without one nothing is recorded. */
  actor?: string;
}

/**
 * Brings the database up to this program's schema and to the catalogue; returns the names of the
 * files that were run, and of the tables that were changed. All of it but the indexes of filters is
 * one transaction: a crash leaves the earlier state, knex's lock row included. The indexes come
 * afterwards, and a crash among them is repaired by the next run (filter-indexes.ts).
 *
 * `timeZone`: the zone for the times of an existing table whose columns have no zone; the session's
 * zone by default. `say` receives what a person has to know, one sentence at a time, before it is
 * done. Throws `time_zone_unknown`, `table_unfit`, and `ground_unfit` and similar errors
 * (preflight.ts) before anything is changed; `still_running` where a change with consequences finds
 * processes at work.
 */
export async function migrate(
  db: Db,
  { catalogue = builtIn, timeZone, say = () => undefined, actor }: MigrateOptions = {},
): Promise<string[]> {
  const { entities } = catalogue;
  await assertGround(db, 'migrate', entities);
  const names = await db.transaction(async (tx) => {
    await tx.raw('set local statement_timeout = 0');
    await tx.raw('select pg_advisory_xact_lock(?)', [MIGRATE_LOCK]);
    await assertNotNewer(tx);
    for (const sentence of saidOfZone(await takeTimeZone(tx, timeZone, entities))) say(sentence);
    await keepOwnNumbers(tx);
    const [, names] = (await tx.migrate.latest({ tableName: MIGRATION_TABLE, migrationSource })) as [
      number,
      string[],
    ];
    const change = await findCatalogueChange(tx, catalogue, { isPlan: false });
    if (change.problems.length > 0) throw new DbError('table_unfit', change.problems.join('; '));
    const all = [...names, ...(await changeCatalogue(tx, catalogue, change, say))];
    if (actor !== undefined && all.length > 0)
      await recordAction(tx, { ...MIGRATED, actor, detail: { changed: all }, at: new Date() });
    return all;
  });
  return [...new Set([...names, ...(await settleFilterIndexes(db, entities, say))])];
}

/**
 * Whoever works by the catalogue of before is stopped first where the change has consequences. What
 * was not seen to run, or starts just now, is kept out by the number (catalogue-number.ts).
 */
async function changeCatalogue(
  tx: Tx,
  catalogue: TableCatalogue,
  change: CatalogueChange,
  say: (sentence: string) => void,
): Promise<string[]> {
  if (await isAttachedAs(tx, catalogue)) return attachCatalogue(tx, catalogue, change, say);
  const attached = await readAttached(tx);
  const reach = reachOf(catalogue, { attached, mapped: await readMapped(tx) });
  if (reach === 'rows' || change.consequences.length > 0) await assertNobodyWorks(tx, change);
  change.additions.forEach(say);
  const tablesNow = catalogue.entities.map(({ table }) => table);
  await closeToOthers(tx, reach, [...(await attachedTables(tx)), ...tablesNow]);
  const tables = await attachCatalogue(tx, catalogue, change, say);
  if (attached.size > 0) await raiseNumber(tx, reach);
  return tables;
}

async function assertNobodyWorks(tx: Tx, { consequences }: CatalogueChange): Promise<void> {
  const working = await readWorkingByCatalogue(tx);
  if (working.length === 0) return;
  const names = [
    ...new Set(working.map(({ role, owner }) => `${role} ${owner.split(':').slice(0, 2).join(':')}`)),
  ];
  throw new DbError(
    'still_running',
    `nothing was changed, since ${names.length === 1 ? 'a process works' : 'processes work'} by the catalogue of before: ${names.join(', ')}. ` +
      `${consequences.length === 0 ? 'The rows of a table are to be other ones' : 'The change has consequences'}: stop every API and every worker, ` +
      'then migrate, then start them with the new configuration. A process that was killed counts as running for 15 s',
  );
}

export interface MigrationPlan extends CatalogueChange {
  /** The files that would be run. */
  files: string[];
}

/** What `migrate` would do; reads only. */
export async function planMigration(db: Db, catalogue: TableCatalogue = builtIn): Promise<MigrationPlan> {
  await assertNotNewer(db);
  const change = await findCatalogueChange(db, catalogue, { isPlan: true });
  const indexes = change.problems.length > 0 ? [] : await saidOfIndexes(db, catalogue);
  return {
    files: await pendingMigrations(db),
    ...change,
    additions: [...change.additions, ...indexes],
  };
}

/**
 * The list of migrations that have run may have come without its sequence, in a cut-over or a
 * restore of data alone: the sequence goes on after the rows.
 */
async function keepOwnNumbers(tx: Tx): Promise<void> {
  if ((await appliedNames(tx)).size === 0) return;
  await tx.raw(
    `select setval(pg_get_serial_sequence('${MIGRATION_TABLE}', 'id'), max(id)) from ${MIGRATION_TABLE}`,
  );
}

/**
 * Throws `server_too_old`, `not_migrated`, `newer_than_program`, `table_unfit` or `catalogue_changed`,
 * with what to do; changes nothing.
 */
export async function assertMigrated(db: Db, catalogue: TableCatalogue = builtIn): Promise<void> {
  const applied = await assertNotNewer(db);
  const number = applied.has(NUMBERED) ? await readNumber(db) : null;
  const missing = (await migrationNames()).filter((name) => !applied.has(name));
  if (missing.length > 0)
    throw new DbError(
      'not_migrated',
      `the database lacks ${missing.length} migration(s), from ${missing[0]} on. Run: npx twinbox migrate`,
    );
  const isAttached = await isAttachedAs(db, catalogue);
  const lost = await findLost(db, isAttached ? catalogue.entities : []);
  if (lost.problems.length > 0) throw new DbError('table_unfit', `${lost.problems.join('; ')}. ${REPAIR}`);
  if (isAttached && lost.lacking.length === 0) {
    // Read before the catalogue: one that changes in between is another number.
    if (number !== null) noteNumber(db, number);
    return;
  }
  const { additions, consequences, problems } = await findCatalogueChange(db, catalogue, { isPlan: false });
  const indexes = await saidOfIndexes(db, catalogue);
  throw new DbError(
    'catalogue_changed',
    (lost.lacking.length > 0
      ? 'the tables are not as the configuration says:\n'
      : 'the configuration is another one than this database was migrated with:\n') +
      [...problems, ...consequences, ...additions, ...indexes].map((sentence) => `  ${sentence}\n`).join('') +
      'Run: npx twinbox migrate (npx twinbox migrate --plan shows it first)',
  );
}

const REPAIR = 'Correct the table or the configuration, then run: npx twinbox migrate';

async function saidOfIndexes(db: Db, { entities }: TableCatalogue): Promise<string[]> {
  return (await findIndexChanges(db, entities)).map(({ says }) => says);
}

/** A fingerprint of all migrations and of the built-in tables: the same text, the same schema. */
export async function migrationsHash(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of await migrationNames()) hash.update(name).update(await readMigration(name));
  for (const statement of statementsOf(customerTable)) hash.update(statement);
  return hash.digest('hex').slice(0, 12);
}

async function assertNotNewer(db: Db | Tx): Promise<Set<string>> {
  await assertServerVersion(db);
  const applied = await appliedNames(db);
  const known = new Set(await migrationNames());
  const unknown = [...applied].find((name) => !known.has(name));
  if (unknown === undefined) return applied;
  throw new DbError(
    'newer_than_program',
    `the database has run the migration ${unknown}, which this program does not have: it belongs to a newer ` +
      'Twinbox. Run that version, or use another database with this one',
  );
}

/**
 * The one function of a pg connection that is used: several statements in one text, without
 * bindings.
 */
type Connection = { query(sql: string): Promise<unknown> };

const migrationSource = {
  getMigrations: migrationNames,
  getMigrationName: (name: unknown) => String(name),
  getMigration: async (name: unknown) => {
    const sql = await readMigration(String(name));
    return {
      // Sent on the connection itself: knex's raw() would treat every question mark as a binding.
      up: async (tx: Db) => {
        const connection = await (
          tx.client as { acquireConnection(): Promise<Connection> }
        ).acquireConnection();
        await connection.query(sql).catch((error: unknown) => {
          throw refused(String(name), error) ?? error;
        });
      },
      down: () => Promise.reject(new DbError('migration_invalid', 'migrations only go forward')),
    };
  },
};

/**
 * The error of PostgreSQL for a statement of a migration, with the name of the migration: a person
 * reads it, and nothing was changed.
 */
function refused(name: string, error: unknown): DbError | null {
  const state = sqlState(error);
  if (!(error instanceof Error) || state === undefined || isDatabaseAway(error)) return null;
  const hint = 'hint' in error && typeof error.hint === 'string' ? `. ${error.hint}` : '';
  return new DbError(
    'migration_refused',
    `PostgreSQL refused the migration ${name}, and nothing was changed: ${error.message} (${state})${hint}`,
    { cause: error },
  );
}
