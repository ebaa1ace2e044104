// The connection of a separate process to its database. The process waits while the database does
// not answer, and refuses a database that is not migrated or is not the one that was used before.
import { createDb, leavesEncryptionOpen, type Db } from '../../db/server/connection.ts';
import type { TableCatalogue } from '../../db/entities/catalogue-change.ts';
import { assertMigrated } from '../../db/server/migrate.ts';
import { assertGround } from '../../db/server/preflight.ts';
import { isConnectionRefused, isDatabaseAway, isInClearText } from '../../db/health/readiness.ts';
import { addressOf, type Address } from '../../db/relay/identity.ts';
import { assertSameDatabase } from './database-identity.ts';
import { startSequences } from './sequences.ts';
import type { Logger } from '../log.ts';
import { sleep } from '../loop.ts';
import type { Role } from './run.ts';

export type ProcessDatabase = {
  db: Db;
  address: Address;
  /** Where the database is, for people; without the password. */
  place: string;
  close(): Promise<void>;
};

export type ConnectOptions = {
  role: Role;
  url: string;
  catalogue: TableCatalogue;
  poolSize: number;
  log: Logger;
  /** How long the process waits for a database that does not answer; default 30 s. */
  patienceMs?: number;
};

export async function connectDatabase(options: ConnectOptions): Promise<ProcessDatabase> {
  const { role, url, catalogue, poolSize, log, patienceMs = 30_000 } = options;
  const db = createDb({ url, poolSize, applicationName: `twinbox ${role}` });
  const address = addressOf({ url });
  try {
    const purpose = role === 'worker' ? 'partitions' : 'rows';
    const assertUsable = async (): Promise<void> => {
      await assertGround(db, purpose, catalogue.entities);
      await assertMigrated(db, catalogue);
    };
    await waitFor(assertUsable, { log, patienceMs });
    // Before anything runs: a copy must not write to the original's customers.
    await assertSameDatabase(db, address);
    await startSequences({ db, log });
    // psql would encrypt this connection if the server can, and pg does not: the log says so, or
    // the operator would not expect it.
    if (leavesEncryptionOpen(url) && (await isInClearText(db)))
      log.warn('database.clear_text', { place: placeOf(url), fix: CLEAR_TEXT });
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return { db, address, place: placeOf(url), close: () => db.destroy() };
}

const CLEAR_TEXT =
  'customers are sent over the network unencrypted: add sslmode=verify-full to DATABASE_URL, or sslmode=disable if you want no encryption';

/** In a deployment all processes start at once, and the database is seldom the first to answer. */
async function waitFor(
  ask: () => Promise<void>,
  { log, patienceMs }: { log: Logger; patienceMs: number },
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (let isLogged = false; ; isLogged = true) {
    try {
      await ask();
      return;
    } catch (error) {
      const worthWaiting = isDatabaseAway(error) && !isConnectionRefused(error);
      if (!worthWaiting || performance.now() > deadline) throw error;
      if (!isLogged)
        log.warn('database.waiting', { why: error instanceof Error ? error.message : String(error) });
      await sleep(500);
    }
  }
}

/** Host, port and name of a database, without user and password. */
export function placeOf(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `${hostname}${port === '' ? '' : `:${port}`}${pathname}`;
}
