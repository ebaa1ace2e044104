// The database that a command works on: that of DATABASE_URL, or the embedded database of the data
// folder, which its first process starts and its last process stops.
import { existsSync } from 'node:fs';
import type { TableCatalogue } from '../db/entities/catalogue-change.ts';
import { tableCatalogueOf } from '../lib/process/table-catalogue.ts';
import { join } from 'node:path';
import { createDb, type Db } from '../db/server/connection.ts';
import { assertMigrated, migrate, migrationNames, planMigration } from '../db/server/migrate.ts';
import { assertGround, type Purpose } from '../db/server/preflight.ts';
import { addressOf } from '../db/relay/identity.ts';
import type { Config } from '../lib/config/config.ts';
import type { Logger } from '../lib/log.ts';
import { placeOf } from '../lib/process/database.ts';
import { startSequences } from '../lib/process/sequences.ts';
import { inspectFolder } from './embedded/folder.ts';
import { startEmbeddedPostgres } from './embedded/postgres.ts';
import { CliError, exit } from './exit.ts';

export type OpenDatabase = {
  db: Db;
  address: ReturnType<typeof addressOf>;
  /** Where the database is, for people; without the password. */
  place: string;
  embedded: boolean;
  close(): Promise<void>;
};

export type OpenOptions = {
  /** False if the command must not create an embedded database that does not exist yet. */
  mayCreate?: boolean;
  /** Leaves the schema as it is, since `migrate` itself migrates it. */
  asItIs?: boolean;
  /** What the database must allow; by default only reading. */
  purpose?: Purpose;
};

export async function openDatabase(
  config: Config,
  log: Logger,
  { mayCreate = true, asItIs = false, purpose = 'read' }: OpenOptions = {},
): Promise<OpenDatabase> {
  const { url, poolSize } = config.database;
  const catalogue = tableCatalogueOf(config);
  if (url !== undefined) {
    const db = createDb({ url, poolSize, applicationName: 'twinbox' });
    const opened = {
      db,
      address: addressOf({ url }),
      place: placeOf(url),
      embedded: false,
      close: () => db.destroy(),
    };
    return await closeIfFails(opened, async () => {
      if (asItIs) return;
      await assertGround(db, purpose, catalogue.entities);
      await assertMigrated(db, catalogue);
      await startSequences({ db, log });
    });
  }
  const dataDir = join(config.dataDir, 'postgres');
  if (!mayCreate && !existsSync(join(dataDir, 'password'))) {
    await inspectFolder(config.dataDir);
    throw new CliError(
      exit.unavailable,
      `There is no database in ${config.dataDir} yet. Start Twinbox first: npx twinbox up   (or set DATABASE_URL)`,
    );
  }
  const postgres = await startEmbeddedPostgres({
    dataDir,
    log: (text) => log.info('postgres.embedded', { text }),
  });
  const db = createDb({ url: postgres.url, poolSize, applicationName: 'twinbox' });
  const opened = {
    db,
    address: addressOf({ dataDirectory: postgres.dataDir, database: 'twinbox' }),
    place: postgres.dataDir,
    embedded: true,
    close: async () => {
      await db.destroy();
      await postgres.stop();
    },
  };
  return await closeIfFails(opened, async () => {
    if (asItIs) return;
    if (purpose !== 'read' || (await isNew(db, catalogue))) {
      await assertUnasked(db, catalogue);
      await migrate(db, { catalogue });
    }
    await assertMigrated(db, catalogue);
    await startSequences({ db, log });
  });
}

/** Without a single migration: whoever opens it first makes its tables. */
async function isNew(db: Db, catalogue: TableCatalogue): Promise<boolean> {
  const [{ files }, all] = await Promise.all([planMigration(db, catalogue), migrationNames()]);
  return files.length === all.length;
}

/**
 * An embedded database follows the configuration by itself when Twinbox starts on it, as long as no person
 * has to be asked. A command that reads changes nothing, and ends no process that runs.
 */
async function assertUnasked(db: Db, catalogue: TableCatalogue): Promise<void> {
  const { problems, consequences } = await planMigration(db, catalogue);
  const sentences = [...problems, ...consequences];
  if (sentences.length === 0) return;
  throw new CliError(
    exit.settings,
    `The configuration is another one than this database was migrated with:\n${sentences.map((sentence) => `  ${sentence}\n`).join('')}Run: npx twinbox migrate`,
  );
}

async function closeIfFails(opened: OpenDatabase, prepare: () => Promise<void>): Promise<OpenDatabase> {
  try {
    await prepare();
    return opened;
  } catch (error) {
    await opened.close();
    throw error;
  }
}
