// What a session works on. With --scratch: a whole system in this process, in a folder that begins
// empty. Otherwise, as every command: DATABASE_URL or the embedded database of the data folder, and
// the simulator of a running `twinbox up` or its stored state.
import { createWriteStream } from 'node:fs';
import { join, relative } from 'node:path';
import { finished } from 'node:stream/promises';
import { readConnection } from '../../db/connections.ts';
import type { Config } from '../../lib/config/config.ts';
import { loadConfigAndCatalogue } from '../../lib/process/load-config.ts';
import { createCustomerStore, type CustomerStore } from '../../lib/customers/customers.ts';
import { createLogger } from '../../lib/log.ts';
import type { SyncDeps } from '../../lib/sync/step.ts';
import { emptyFolder } from '../embedded/empty.ts';
import { startSystem } from '../embedded/system.ts';
import { claimFolder, findRunning } from '../running.ts';
import { withSync } from '../sync-session.ts';
import { createEngine } from './engine.ts';
import { assertDevelopment, assertTestAccount, scratchConfig } from './settings.ts';

export type Place = {
  config: Config;
  sync: SyncDeps;
  store: CustomerStore;
  /** Where the database is, for people; without the password. */
  database: string;
  /** Null if no `twinbox up` runs on the folder. */
  apiUrl: string | null;
  /** Null if the real Stripe is used. */
  simulatorUrl: string | null;
  /** What runs beside the session, as a sentence. */
  about: string;
  /** Resolves when a part of the system can no longer work. */
  failed: Promise<Error>;
};

export async function withScratch<T>(work: (place: Place) => Promise<T>): Promise<T> {
  const config = scratchConfig();
  assertDevelopment(config);
  const folder = config.dataDir;
  const claim = await claimFolder(folder);
  try {
    await emptyFolder(folder);
    const file = join(folder, 'twinbox.log');
    const stream = createWriteStream(file, { mode: 0o600 });
    try {
      const log = createLogger({ ...config.log, stream });
      const system = await startSystem({ config, log, ports: { api: 0, simulator: 0 } });
      const { sync, store, url: apiUrl, simulatorUrl, failed } = system;
      try {
        await claim.announce({ apiUrl, simulatorUrl });
        // Waits for the first contact, so that the first customer of the session need not wait for
        // it.
        await createEngine(sync).quiet();
        const where = relative('.', file);
        return await work({
          ...{ config, sync, store, apiUrl, simulatorUrl, failed },
          database: relative('.', system.databasePlace),
          about: `A scratch system runs in this process, with an empty database at each start; its log is ${where}.`,
        });
      } finally {
        await system.stop();
      }
    } finally {
      stream.end();
      await finished(stream);
    }
  } finally {
    await claim.release();
  }
}

export async function withSettings<T>(work: (place: Place) => Promise<T>): Promise<T> {
  const config = loadConfigAndCatalogue();
  assertDevelopment(config);
  return await withSync(
    async ({ database, sync, simulatorUrl }) => {
      const { db, clock, nudge } = sync;
      assertTestAccount(await readConnection(db, sync.integration.system));
      const running = await findRunning(config.dataDir);
      return await work({
        ...{ config, sync, simulatorUrl, database: database.place },
        store: createCustomerStore({ db, clock, entity: sync.entity, nudge }),
        apiUrl: running?.apiUrl ?? null,
        about: running
          ? `\`twinbox up\` runs beside this session as process ${running.pid}.`
          : 'No relay and no worker runs: only the functions that you call do something. `twinbox repl --scratch` starts a whole system.',
        failed: Promise.withResolvers<Error>().promise,
      });
    },
    { config, mayCreate: false },
  );
}
