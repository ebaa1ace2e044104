import { readConnection } from '../db/connections.ts';
import type { Config } from '../lib/config/config.ts';
import { paced } from '../lib/limits/paced.ts';
import type { SyncDeps } from '../lib/sync/step.ts';
import type { OpenOptions } from './database.ts';
import { CliError, exit } from './exit.ts';
import { readPatiently } from '../lib/limits/patient.ts';
import { withDatabase, type Session } from './session.ts';
import { findHost } from './hosts.ts';
import { systems } from '../lib/integrations/registry.ts';
import type { SystemDefinition } from '../lib/integrations/definition.ts';
import { createSyncDeps } from '../lib/process/systems.ts';

/** `system`: the system that is called; by default the first that is kept in step. */
type SyncOptions = OpenOptions & {
  config?: Config;
  system?: SystemDefinition;
  /** Of stored credentials the one that was set last, also if it is of another account. */
  newestCredential?: boolean;
  /** Its reads leave a part of each quota to edits. */
  background?: boolean;
};

/**
 * A session with access to a system: the real one, the running simulator, or one for this command.
 */
export async function withSync<T>(
  work: (session: Session & { sync: SyncDeps; simulatorUrl: string | null }) => Promise<T>,
  options: SyncOptions = {},
): Promise<T> {
  return withDatabase(async (session) => {
    const host = await findHost(options.system ?? firstOf(session.config), session.config, session.log);
    try {
      const { db } = session.database;
      const sync = await createSyncDeps(session.config, {
        db,
        access: host,
        log: session.log,
        nudge: () => undefined,
        ...(options.newestCredential === true && { credential: 'newest' }),
      });
      const bound = await readConnection(db, sync.integration.system);
      const { rates } = sync.policy;
      // The command shares the rate tokens with the workers. Before an account is bound no worker
      // makes calls.
      const limited = !bound?.account
        ? sync.integration
        : paced(sync.integration, {
            ...{ db, clock: sync.clock, account: bound.account, rates, log: session.log },
            background: options.background ?? false,
          });
      const patient = { ...sync, integration: readPatiently(limited) };
      return await work({ ...session, sync: patient, simulatorUrl: host.simulatorUrl });
    } finally {
      await host.close();
    }
  }, options);
}

/**
 * A session in which the engine decides and calls no system: it needs no reachable system and no
 * key.
 */
export async function withSyncOffline<T>(
  work: (session: Session & { sync: SyncDeps }) => Promise<T>,
  options: SyncOptions = {},
): Promise<T> {
  return withDatabase(async (session) => {
    const { config, database, log } = session;
    const system = options.system ?? firstOf(config);
    const access = system.findAccess(config) ?? system.standInAt(NEVER_CALLED, config.catalogue);
    const parts = { db: database.db, access, log, nudge: () => undefined, credential: 'offline' } as const;
    const sync = await createSyncDeps(config, parts);
    return work({ ...session, sync });
  }, options);
}

function firstOf(config: Config): SystemDefinition {
  const [first] = systems.enabled(config);
  if (!first) throw new CliError(exit.settings, 'No external system is kept in step.');
  return first;
}

/** The address in place of the system's; it is never called. */
const NEVER_CALLED = 'http://127.0.0.1:1';
