import { randomBytes } from 'node:crypto';
import type { TableCatalogue } from '../../db/entities/catalogue-change.ts';
import { customerTable } from '../../db/entities/entity-table.ts';
import { createDb, type Db } from '../../db/server/connection.ts';
import { migrate, migrationsHash } from '../../db/server/migrate.ts';
import { databaseUrl, dropDatabase, ensureDatabase, renameDatabase } from '../../db/server/server.ts';
import { keepDatabase } from './kept.ts';
import { testServerUrl } from './server.ts';

export type TestDatabase = {
  readonly url: string;
  readonly name: string;
  readonly db: Db;
};

/**
 * A migrated database of its own for the tests of one `describe`: call it in the body, use the properties in
 * hooks and tests. `catalogue`: it is migrated with this one. It is removed at the end, or kept and named if a test failed and KEEP=1 is set.
 */
export function useDatabase({
  poolSize = 10,
  catalogue,
}: { poolSize?: number; catalogue?: TableCatalogue } = {}): TestDatabase {
  let current: (TestDatabase & { drop(): Promise<void> }) | undefined;
  let failed = false;
  const ready = () => {
    if (current === undefined) throw new Error('useDatabase: only inside hooks and tests');
    return current;
  };

  before('create a database', async function () {
    // A table of another name is made, and not taken for the built-in one under a new name.
    const isBuiltIn = catalogue?.entities.every(({ table }) => table === customerTable.table) ?? true;
    current = await createTestDatabase({ poolSize, migrated: isBuiltIn });
    if (catalogue) await migrate(current.db, { catalogue });
  });
  afterEach('look whether the test failed', function () {
    failed ||= this.currentTest?.state === 'failed';
  });
  after('remove the database', async () => {
    await current?.db.destroy();
    if (current !== undefined && !(failed && keepDatabase(current.name, current.url))) await current.drop();
  });

  return {
    get url() {
      return ready().url;
    },
    get name() {
      return ready().name;
    },
    get db() {
      return ready().db;
    },
  };
}

/** The same without hooks: the caller destroys `db` and calls `drop`. */
export async function createTestDatabase({ poolSize = 10, migrated = true } = {}) {
  const server = await testServerUrl();
  const name = `test_${process.pid}_${randomBytes(4).toString('hex')}`;
  await ensureDatabase(server, name, migrated ? await template(server) : 'template0');
  const url = databaseUrl(server, name);
  const db = createDb({ url, poolSize, applicationName: name });
  return { url, name, db, drop: () => dropDatabase(server, name) };
}

let known: Promise<string> | undefined;

/**
 * One migrated database for each state of the migrations; a clone of it costs a tenth of a
 * migration.
 */
function template(server: string): Promise<string> {
  known ??= makeTemplate(server);
  return known;
}

async function makeTemplate(server: string): Promise<string> {
  const name = `template_${await migrationsHash()}`;
  const draft = `${name}_${process.pid}`;
  if (await ensureDatabase(server, draft, 'template0')) {
    const db = createDb({ url: databaseUrl(server, draft), poolSize: 1, applicationName: draft });
    try {
      await migrate(db);
    } finally {
      await db.destroy();
    }
  }
  // Renamed when it is complete: of two mocha processes one is first, and the other's copy is
  // dropped.
  if (!(await renameDatabase(server, draft, name))) await dropDatabase(server, draft);
  return name;
}
