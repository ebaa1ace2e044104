// What nearly every command begins with: settings read, a log, the database open; and at the end
// everything closed again.
import { loadConfig, type Config } from '../lib/config/config.ts';
import { createLogger, type Logger } from '../lib/log.ts';
import { isStandby } from '../db/server/database-place.ts';
import { assertSameDatabase } from '../lib/process/database-identity.ts';
import { openDatabase, type OpenDatabase, type OpenOptions } from './database.ts';

export type Session = {
  config: Config;
  log: Logger;
  database: OpenDatabase;
};

/** Commands that come and go only log what is wrong; `up` logs as LOG_LEVEL says. */
export function quietLog(config: Config): Logger {
  return createLogger({ ...config.log, level: config.log.level === 'debug' ? 'debug' : 'warn' });
}

export async function withDatabase<T>(
  work: (session: Session) => Promise<T>,
  options: OpenOptions & {
    config?: Config;
    /** True where a copy or a restored database is what the command is for, or where it says so itself. */
    mayBeOther?: boolean;
  } = {},
): Promise<T> {
  const config = options.config ?? loadConfig();
  const log = quietLog(config);
  const database = await openDatabase(config, log, options);
  try {
    // The same verdict as that of what runs for long: a copy must not write to the original's
    // customers, nor be taken for it.
    if (options.mayBeOther !== true && options.asItIs !== true && !(await isStandby(database.db)))
      await assertSameDatabase(database.db, database.address, { remember: false });
    return await work({ config, log, database });
  } finally {
    await database.close();
  }
}
