// What nearly every command begins with: settings read, a log, the database open; and at the end everything closed again.
import { loadConfig, type Config } from '../lib/config.ts';
import { createLogger, type Logger } from '../lib/log.ts';
import type { SyncDeps } from '../lib/sync/step.ts';
import { openDatabase, type OpenDatabase, type OpenOptions } from './database.ts';
import { findStripe } from './stripe.ts';
import { createSyncDeps } from './sync.ts';

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
  options: OpenOptions & { config?: Config } = {},
): Promise<T> {
  const config = options.config ?? loadConfig();
  const log = quietLog(config);
  const database = await openDatabase(config, log, options);
  try {
    return await work({ config, log, database });
  } finally {
    await database.close();
  }
}

/** As above, with Stripe at hand: the real one, the running simulator, or its state for a moment. */
export async function withSync<T>(
  work: (session: Session & { sync: SyncDeps; simulatorUrl: string | null }) => Promise<T>,
  options: OpenOptions & { config?: Config } = {},
): Promise<T> {
  return withDatabase(async (session) => {
    const stripe = await findStripe(session.config, session.log);
    try {
      const { db } = session.database;
      const sync = await createSyncDeps(session.config, {
        db,
        stripe,
        log: session.log,
        nudge: () => undefined,
      });
      return await work({ ...session, sync, simulatorUrl: stripe.simulatorUrl });
    } finally {
      await stripe.close();
    }
  }, options);
}
