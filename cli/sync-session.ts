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

/** A session with Stripe at hand: the real one, the running simulator, or its state for a moment. */
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
      // Beside the workers it takes rate tokens as they do; before an account is bound no worker
      // shares them.
      const inTurn = !bound?.account
        ? sync.integration
        : paced(sync.integration, { db, clock: sync.clock, account: bound.account, rates, log: session.log });
      const patient = { ...sync, integration: readPatiently(inTurn) };
      return await work({ ...session, sync: patient, simulatorUrl: stripe.simulatorUrl });
    } finally {
      await stripe.close();
    }
  }, options);
}

/**
 * A session that decides as the engine does and calls no system: Stripe need not be reachable, nor
 * its key be known.
 */
export async function withSyncUncalled<T>(
  work: (session: Session & { sync: SyncDeps }) => Promise<T>,
  options: OpenOptions & { config?: Config } = {},
): Promise<T> {
  return withDatabase(async (session) => {
    const { config, database, log } = session;
    const stripe = findStripeAccess(config) ?? simulatorAccess(NOWHERE);
    const sync = await createSyncDeps(config, { db: database.db, stripe, log, nudge: () => undefined });
    return work({ ...session, sync });
  }, options);
}

/** An address for what is never called. */
const NOWHERE = 'http://127.0.0.1:1';
