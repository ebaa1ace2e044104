// The doctor's checks of the bus, and of processes whose settings differ. They throw if something
// does not answer.
import type { Db } from '../db/server/connection.ts';
import { readInstanceId } from '../db/connections.ts';
import { readRefusedCounts } from '../db/health/refused-counts.ts';
import { differencesOf, sayDifference } from '../lib/health/alike.ts';
import { findForeign, sayForeign } from '../lib/bus/own-topics.ts';
import { systemClock } from '../lib/clock.ts';
import type { Config } from '../lib/config/config.ts';
import { checks, type Check } from '../lib/finding.ts';
import { topics } from '../lib/events/routing.ts';
import { sayRefused } from '../lib/health/refused.ts';
import { readRoles } from '../lib/health/roles.ts';
import { quietLog } from './session.ts';

export async function lookAtBus(config: Config, db: Db): Promise<Check> {
  const { bootstrapServers, topics: made } = config.kafka;
  if (bootstrapServers.length === 0) return checks.ok('bus', 'inside the process');
  // Loaded only here, since the Kafka client takes long to load.
  const { openBus } = await import('../lib/bus/open-bus.ts');
  const { bus, newest } = await openBus(
    { kafka: { ...config.kafka, topics: { ...made, create: false } } },
    // This check creates no topic. If a start creates missing topics, they are not reported here.
    { log: quietLog(config), topics: made.create ? [] : Object.values(topics), patienceMs: 0 },
  );
  try {
    const says = `Kafka at ${bootstrapServers.join(', ')}`;
    const own = await readInstanceId(db);
    const foreign = findForeign((await newest?.(Object.values(topics))) ?? [], own);
    if (foreign.length === 0) return checks.ok('bus', says);
    const fix = 'Give each installation topics of its own with KAFKA_TOPIC_PREFIX (docs/kafka.md).';
    return checks.warning('bus', `${says}: ${sayForeign(foreign, own)}`, fix);
  } finally {
    await bus.close();
  }
}

/** A finding for records that Kafka or Twinbox refused; none if there are no such records. */
export async function lookAtRefused(db: Db): Promise<Check[]> {
  const counts = await readRefusedCounts(db, systemClock.now());
  return counts.map(sayRefused).map(({ says, fix }) => checks.warning('refused', says, fix));
}

/**
 * Compares this command's settings with those of every living process, since commands such as
 * replay and resume use their own settings.
 */
export async function lookAtSettings(db: Db, config: Config): Promise<Check[]> {
  const living = (await readRoles(db)).flatMap((standing) => standing.living);
  if (living.length === 0) return [];
  const here = { who: 'this command', settings: { ...config.alike.relay, ...config.alike.worker } };
  const fix = 'Give every process and every shell the same settings.';
  return differencesOf(living, here).map((one) => checks.warning('settings', sayDifference(one), fix));
}
