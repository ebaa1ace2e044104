// Starts the relay as a separate process: one is active, and a standby takes over when its lease
// ends.
import type { Alike } from '../db/health/role-signs.ts';
import { tableCatalogueOf } from '../lib/process/table-catalogue.ts';
import { compareAtStart } from '../lib/health/alike.ts';
import { systemClock } from '../lib/clock.ts';
import { openBus } from '../lib/bus/open-bus.ts';
import { assertOwnTopics } from '../lib/bus/own-topics.ts';
import { createRouting, topics } from '../lib/events/routing.ts';
import { systems } from '../lib/integrations/registry.ts';
import { connectDatabase } from '../lib/process/database.ts';
import { startHealthServer } from '../lib/process/health-server.ts';
import { metricsOf } from '../lib/process/metrics.ts';
import { requireShared } from '../lib/process/requirements.ts';
import type { Running, Start } from '../lib/process/run.ts';
import { listenForEvents } from '../lib/process/waking.ts';
import { busPart, databasePart, relayPart } from '../lib/health/readiness.ts';
import { refusedPart } from '../lib/health/refused.ts';
import { startRoleSigns, type Role } from '../lib/health/role-signs.ts';
import { rolesPart } from '../lib/health/roles.ts';
import { sequencesPart } from '../lib/process/sequences.ts';
import type { Bus } from '../lib/bus/bus.ts';
import { createRelays, type Relays } from './shards.ts';

/**
 * The longest time that the first event after a rest waits: while announcements are received, only one that was
 * written by hand or by another program; otherwise every one.
 */
const IDLE_MS = { listening: 1_000, deaf: 50 };

const TOPICS = Object.values(topics);

export const startRelay: Start = async ({ config, log, tracing }): Promise<Running> => {
  const { databaseUrl } = requireShared(config, 'relay');
  const { metrics, settings } = metricsOf(config);
  const health = await startHealthServer('relay', config, metrics);
  // The relay of a shard reads with one connection, reads ahead with a second, and renews its lease with a
  // third. Connections are opened when they are needed.
  const known = {
    url: databaseUrl,
    catalogue: tableCatalogueOf(config),
    poolSize: config.database.poolSize,
    log,
  };
  const database = await connectDatabase({ role: 'relay', ...known });
  const { db, address } = database;
  metrics.watch(db, settings);
  const clock = systemClock;
  const running: { relay?: Relays; bus?: Bus } = {};
  // Before the bus: while this process waits for the bus, the others see a relay that is starting.
  const signs = await startRoleSigns({ db, log, roles: [roleOf(running, config.alike.relay)] });
  await compareAtStart(db, signs.owner, log);
  const { bus, place, newest, failed } = await openBus(config, { log, tracing, topics: TOPICS });
  await assertOwnTopics({ db, bus, newest, shared: config.kafka.shareTopics, log });
  const relay = createRelays({
    ...{ db, bus, clock, log, address },
    routing: createRouting({ customerEvents: config.kafka.customerEvents, systems: systems.names }),
    headers: config.kafka.headers,
    newest,
    idleMs: () => (listening.isOn() ? IDLE_MS.listening : IDLE_MS.deaf),
    firstShards: config.relay.shards,
    measures: metrics.measures,
  });
  Object.assign(running, { relay, bus });
  const listening = listenForEvents({ url: databaseUrl, log, onEvents: () => relay.nudge() });
  const ended = new Promise<Error>((resolve) => void relay.start().catch(resolve));
  health.serve({
    database: databasePart(db),
    bus: busPart(bus),
    relay: relayPart(db, clock),
    refused: refusedPart(db, clock),
    sequences: sequencesPart(db),
    roles: rolesPart(db, clock, {
      owner: signs.owner,
      systems: systems.enabled(config).map(({ name }) => name),
    }),
    role: () => Promise.resolve(rolePart(relay)),
  });
  return {
    facts: { health: health.url, metrics: health.metricsUrl, database: database.place, kafka: place },
    failed: Promise.race([ended, failed]),
    async stop() {
      await Promise.all([listening.stop(), relay.stop()]);
      await bus.close();
      await signs.stop();
      await database.close();
      await health.close();
    },
  };
};

function roleOf(running: { relay?: Relays; bus?: Bus }, settings: Alike): Role {
  return {
    name: 'relay',
    settings,
    look: () => ({
      state: running.relay ? (running.relay.isActive() ? 'active' : 'standby') : 'starting',
      problem: running.bus?.health().problem ?? null,
    }),
  };
}

/** A standby relay is ready, too. */
function rolePart(relay: Relays) {
  return { ready: true, figures: { relay_role: relay.isActive() ? 'active' : 'standby' } };
}
