// Nearly every command begins with this: it reads the settings, opens a log and the database, and
// closes them at the end. What that needs is loaded then: a wrong argument is answered before.
import type { Config } from '../lib/config/config.ts';
import { createLogger, type Logger } from '../lib/log.ts';
import { NeedsDatabase } from './exit.ts';
import type { OpenDatabase, OpenOptions } from './database.ts';

export type Session = {
  config: Config;
  log: Logger;
  database: OpenDatabase;
};

/**
 * A log for short commands: warnings and errors only, or all if LOG_LEVEL is debug. `up` follows
 * LOG_LEVEL.
 */
export function quietLog(config: Config): Logger {
  return createLogger({ ...config.log, level: config.log.level === 'debug' ? 'debug' : 'warn' });
}

export async function withDatabase<T>(
  work: (session: Session) => Promise<T>,
  options: OpenOptions & {
    config?: Config;
    /**
     * True if the command is for a copied or restored database, or reports such a database itself.
     */
    mayBeOther?: boolean;
  } = {},
): Promise<T> {
  const [{ loadConfigAndCatalogue }, { openDatabase }, { isStandby }, { assertSameDatabase }] =
    await Promise.all([
      import('../lib/process/load-config.ts'),
      import('./database.ts'),
      import('../db/server/database-place.ts'),
      import('../lib/process/database-identity.ts'),
    ]);
  const config = options.config ?? loadConfigAndCatalogue();
  if (config.remote) throw new NeedsDatabase();
  const log = quietLog(config);
  const database = await openDatabase(config, log, options);
  try {
    // The same check as in a long-running process: a copy must not write to the original's
    // customers, and must not be mistaken for the original.
    if (options.mayBeOther !== true && options.asItIs !== true && !(await isStandby(database.db)))
      await assertSameDatabase(database.db, database.address, { remember: false });
    return await work({ config, log, database });
  } finally {
    await database.close();
  }
}
