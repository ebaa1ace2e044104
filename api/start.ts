// The API as a separate process. It needs PostgreSQL alone: the relay finds in the database what
// the API accepts.
import { systemClock } from '../lib/clock.ts';
import { tableCatalogueOf } from '../lib/process/table-catalogue.ts';
import { customerOf } from '../lib/config/entity.ts';
import { createCustomerStore } from '../lib/customers/customers.ts';
import { connectDatabase } from '../lib/process/database.ts';
import { watchIdentity } from '../lib/process/identity-watch.ts';
import { metricsOf, openMetricsPort } from '../lib/process/metrics.ts';
import { requireClosedApi, requireShared } from '../lib/process/requirements.ts';
import type { Running, Start } from '../lib/process/run.ts';
import { createAnnouncer } from '../lib/process/waking.ts';
import { compareAtStart } from '../lib/health/alike.ts';
import { startRoleSigns } from '../lib/health/role-signs.ts';
import { createIntakes, createOfflineDeps } from '../lib/process/systems.ts';
import { deafWarning } from '../lib/health/intake.ts';
import { createWebhookTally, flushAll } from '../lib/health/webhook-tally.ts';
import { createApiKeys } from '../lib/keys/api-keys.ts';
import { composeApi } from './compose.ts';
import { listenWithConsole } from './console-door.ts';
import type { listen } from './server.ts';
import { answerStarting } from './starting.ts';

/** A stop may take 10 s in all; the open requests may take this much of it. */
const FINISH_REQUESTS_MS = 5_000;

export const startApi: Start = async ({ config, log, tracing }): Promise<Running> => {
  const { databaseUrl } = requireShared(config, 'api');
  // The port comes first: the likeliest reason for a failed start is another process on the port,
  // and it is found fastest.
  let app: Parameters<typeof listen>[0] = answerStarting;
  const { server, door } = await listenWithConsole(config, config.api.port, (req, res) => app(req, res));
  const { metrics, settings } = metricsOf(config);
  const port = await openMetricsPort(config, metrics, config.api.workers);
  const { poolSize } = config.database;
  const known = { url: databaseUrl, catalogue: tableCatalogueOf(config), poolSize, log };
  const database = await connectDatabase({ role: 'api', ...known });
  const { db } = database;
  metrics.watch(db, settings);
  await requireClosedApi(config, db);
  const { nudge, settle } = createAnnouncer({ db, log });
  const clock = systemClock;
  const keys = createApiKeys({ db, clock, fixed: config.api.keys, keySecrets: config.api.keySecrets });
  const systems = (await createIntakes(config, db)).map((each) => ({
    ...each,
    tally: createWebhookTally({ db, clock, log, system: each.intake.system }),
  }));
  // A system that signs nothing needs no secret: an ingest key proves who sends.
  const deaf = systems.filter(
    ({ intake, secrets }) => secrets.length === 0 && intake.ingress?.verify !== null,
  );
  const problem = deaf.map(({ intake }) => deafWarning(intake.system)).join('; ') || null;
  const signs = await startRoleSigns({
    db,
    log,
    roles: [{ name: 'api', look: () => ({ state: server.url, problem }), settings: config.alike.api }],
    onBeat: () => flushAll([...systems.map(({ tally }) => tally), keys]),
  });
  await compareAtStart(db, signs.owner, log);
  const identity = watchIdentity({ db, address: database.address, steps: false });
  app = composeApi({
    config,
    door,
    owner: signs.owner,
    ...{ db, clock, log, tracing, keys },
    store: createCustomerStore({ db, clock, entity: customerOf(config), nudge }),
    systems,
    planners: await createOfflineDeps(config, { db, log }),
    nudge,
    metrics,
  });
  return {
    facts: {
      url: server.url,
      ...(door && { console: door.url }),
      metrics: port.url ?? `${server.url}/metrics`,
      database: database.place,
    },
    // /ready shows an outage of the database, which ends by itself; the wrong database does not.
    failed: identity.failed,
    async stop() {
      await identity.stop();
      await Promise.all([server.close(FINISH_REQUESTS_MS), door?.close(FINISH_REQUESTS_MS)]);
      await Promise.all([signs.stop(), settle()]);
      await database.close();
      await port.close();
    },
  };
};
