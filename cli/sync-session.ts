import { readConnection } from '../db/connections.ts';
import type { Config } from '../lib/config/config.ts';
import { paced } from '../lib/limits/paced.ts';
import type { SyncDeps } from '../lib/sync/step.ts';
import type { OpenOptions } from './database.ts';
import { readPatiently } from './patient.ts';
import { withDatabase, type Session } from './session.ts';
import { findStripe } from './stripe.ts';
import { findStripeAccess, simulatorAccess } from '../lib/process/requirements.ts';
import { createSyncDeps } from '../lib/process/systems.ts';

/**
 * A session with access to Stripe: the real one, the running simulator, or one for this command.
 */
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
      const bound = await readConnection(db, sync.integration.system);
      const { rates } = sync.policy;
      // The command shares the rate tokens with the workers. Before an account is bound no worker
      // makes calls.
      const limited = !bound?.account
        ? sync.integration
        : paced(sync.integration, { db, account: bound.account, rates, log: session.log });
      const patient = { ...sync, integration: readPatiently(limited) };
      return await work({ ...session, sync: patient, simulatorUrl: stripe.simulatorUrl });
    } finally {
      await stripe.close();
    }
  }, options);
}

/**
 * A session in which the engine decides and calls no system: it needs no reachable Stripe and no
 * key.
 */
export async function withSyncOffline<T>(
  work: (session: Session & { sync: SyncDeps }) => Promise<T>,
  options: OpenOptions & { config?: Config } = {},
): Promise<T> {
  return withDatabase(async (session) => {
    const { config, database, log } = session;
    const stripe = findStripeAccess(config) ?? simulatorAccess(NEVER_CALLED);
    const sync = await createSyncDeps(config, { db: database.db, stripe, log, nudge: () => undefined });
    return work({ ...session, sync });
  }, options);
}

/** The address in place of Stripe's; it is never called. */
const NEVER_CALLED = 'http://127.0.0.1:1';
