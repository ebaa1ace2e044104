// Two installations in the topics of one Kafka would each take the other's events for their own. So
// every record names the installation that published it, readers refuse records of another
// installation (workers/receiver.ts), and no installation begins to use topics that contain records
// of another.
//
// An installation that is bound to this bus already goes on, and reports what it sees: an
// installation that comes later must not stop it.
import { readInstanceId } from '../../db/connections.ts';
import type { Db } from '../../db/server/connection.ts';
import { readRelayCounts } from '../../db/relay/lag.ts';
import { AppError } from '../errors.ts';
import type { Bus, Received } from './bus.ts';

/**
 * The installation that published a record, by its header or else by its value; null if neither
 * names one, as in records of older versions.
 */
export function installationOf(record: Pick<Received, 'installation' | 'value'>): string | null {
  if (record.installation !== null) return record.installation;
  try {
    const value: unknown = JSON.parse(record.value ?? 'null');
    if (typeof value !== 'object' || value === null || !('installation' in value)) return null;
    return typeof value.installation === 'string' ? value.installation : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

export type ForeignTopic = {
  topic: string;
  installation: string;
  /** When its newest record was made, by the producer's clock; null if the record does not say. */
  at: Date | null;
};

/** One entry for each topic and each other installation. */
export function findForeign(records: readonly Received[], own: string): ForeignTopic[] {
  const found = new Map<string, ForeignTopic>();
  for (const record of records) {
    const installation = installationOf(record);
    if (installation === null || installation === own) continue;
    const { topic, timestamp } = record;
    const key = `${topic}/${installation}`;
    const at = timestamp === null || !Number.isFinite(timestamp) ? null : new Date(timestamp);
    const before = found.get(key)?.at ?? null;
    found.set(key, { topic, installation, at: before && at && before > at ? before : at });
  }
  return [...found.values()];
}

export type TopicsInUse = {
  db: Db;
  bus: Pick<Bus, 'identity'>;
  /** The newest records of our topics; null in process, where no other installation can publish. */
  newest: (() => Promise<Received[]>) | null;
  /** KAFKA_SHARE_TOPICS: several installations use the topics on purpose. */
  shared: boolean;
  log: { warn(event: string, fields: Record<string, unknown>): void };
};

/**
 * Called before anything is published or received. Throws `kafka_refused` if the topics contain
 * events of another installation, unless sharing is allowed, or this installation is bound to the
 * topics already.
 */
export async function assertOwnTopics({ db, bus, newest, shared, log }: TopicsInUse): Promise<void> {
  if (newest === null) return;
  const bound = (await readRelayCounts(db))?.bus ?? null;
  if (bound !== null && bound === (await bus.identity())) return;
  const own = await readInstanceId(db);
  const foreign = findForeign(await newest(), own);
  if (foreign.length === 0) return;
  const says = sayForeign(foreign, own);
  if (!shared)
    throw new AppError('kafka_refused', {
      detail:
        `${says}. Give this installation topics of its own with KAFKA_TOPIC_PREFIX. If the other one is gone, or both shall ` +
        'use them: KAFKA_SHARE_TOPICS=yes, and each record of the other installation is then refused',
    });
  log.warn('kafka.topics_shared', { why: says });
}

/**
 * `sync.outbound and sync.dlq hold events of another installation (a1b2c3d4, the newest of
 * 2026-03-01 12:00:00); this one is …`
 */
export function sayForeign(foreign: readonly ForeignTopic[], own: string): string {
  const topics = [...new Set(foreign.map(({ topic }) => topic))];
  const last = topics.at(-1) ?? '';
  const where = topics.length > 1 ? `${topics.slice(0, -1).join(', ')} and ${last} hold` : `${last} holds`;
  const others = [...new Set(foreign.map(({ installation }) => installation))];
  const newest = foreign
    .flatMap(({ at }) => at ?? [])
    .toSorted((a, b) => a.getTime() - b.getTime())
    .at(-1);
  const when = newest ? `, the newest of ${newest.toISOString().slice(0, 19).replace('T', ' ')}` : '';
  const whose = others.length > 1 ? 'other installations' : 'another installation';
  return `${where} events of ${whose} (${others.join(', ')}${when}); this one is ${own}`;
}
