// Builds what the engine is given, from the settings: the integrations, the policy, the clock, the
// log.
import type { Db } from '../../db/server/connection.ts';
import { readInstanceId } from '../../db/connections.ts';
import { systemClock } from '../clock.ts';
import type { WhichCredential } from '../../db/credentials.ts';
import { integrateOffline, integrateWith } from '../credentials/integrate.ts';
import { customerOf } from '../config/entity.ts';
import type { Config } from '../config/config.ts';
import type { Intake, SystemAccess, SystemDefinition } from '../integrations/definition.ts';
import { systems, type Registry } from '../integrations/registry.ts';
import { traceCalls } from '../integrations/traced.ts';
import type { Logger } from '../log.ts';
import type { Measures } from '../measures.ts';
import type { SyncDeps } from '../sync/step.ts';
import { noTracing, type Tracing } from '../tracing/tracing.ts';

export type SyncParts = {
  db: Db;
  /** The key and the address of the system. */
  access: SystemAccess;
  log: Logger;
  tracing?: Tracing;
  nudge: () => void;
  /** Whose credential is used, where it is stored; `offline`: no system is called. Default: `bound`. */
  credential?: WhichCredential | 'offline';
  measures?: Measures | undefined;
};

/** What the engine is given for one system. */
export async function createSyncDeps(
  config: Config,
  parts: SyncParts,
  registry: Registry = systems,
): Promise<SyncDeps> {
  const { db, access, log, nudge, credential = 'bound', measures, tracing = noTracing } = parts;
  const called = { db, clock: systemClock, log, keys: config.secretKeys, measures };
  const instanceId = await readInstanceId(db);
  const integration =
    credential === 'offline'
      ? await integrateOffline(access, instanceId)
      : await integrateWith(access, instanceId, { ...called, which: credential });
  const { rates, ...settings } = access.system.settings(config);
  return {
    db,
    clock: systemClock,
    entity: customerOf(config),
    integration: traceCalls(integration, tracing),
    ...{ log, tracing },
    nudge,
    measures,
    policy: {
      environment: config.env,
      instanceId,
      ...settings,
      deletesIn: registry.inboundDeletes(config, access.system),
      parkAfterMs: config.parkAfterHours * 3_600_000,
      backoff: { baseMs: 500, capMs: 300_000 },
      rates: {
        account: rates.account ?? integration.capabilities.rates.account,
        endpoint: rates.endpoint ?? integration.capabilities.rates.endpoint,
      },
    },
  };
}

/** For a process that asks what would be done, and calls no system: it needs no key. */
export async function createOfflineDeps(
  config: Config,
  parts: Pick<SyncParts, 'db' | 'log'>,
  registry: Registry = systems,
): Promise<SyncDeps[]> {
  return Promise.all(
    registry.enabled(config).map((system) => {
      const access = system.findAccess(config) ?? system.standInAt(NEVER_CALLED, config.catalogue);
      const offline = { access, nudge: () => undefined, credential: 'offline' } as const;
      return createSyncDeps(config, { ...parts, ...offline }, registry);
    }),
  );
}

/** The address in place of the system's. */
const NEVER_CALLED = 'http://127.0.0.1:1';

/** What receives the events of one system, and the secrets that sign its webhooks. */
export type SecretIntake = { intake: Intake; secrets: string[] };

/** For a process that only receives events, such as the API: one intake for each system in use. */
export async function createIntakes(
  config: Config,
  db: Db,
  registry: Registry = systems,
): Promise<SecretIntake[]> {
  const instanceId = await readInstanceId(db);
  return Promise.all(
    registry.enabled(config).map(async (system: SystemDefinition) => ({
      intake: await system.intake(instanceId, config.catalogue),
      secrets: system.webhookSecrets(config),
    })),
  );
}
