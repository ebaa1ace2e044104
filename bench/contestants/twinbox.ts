// Our relay as docker-compose.yml starts it: a process of its own, by its own main.ts.
import { join } from 'node:path';
import { keepPartitions } from '../../db/partitions/partitions.ts';
import { EVENTS_CHANNEL } from '../../db/relay/announce.ts';
import { createDb } from '../../db/server/connection.ts';
import { migrate } from '../../db/server/migrate.ts';
import type { Contestant, World } from './contestant.ts';
import { startProgram } from './process.ts';

const TOPIC = 'sync.outbound';

const insertSql = `
insert into sync_events (event_id, event_type, entity_type, entity_id, entity_key, version, source, payload)
values ($1::uuid, 'customer.updated', 'customer', split_part($2, ':', 2)::bigint, $2, $3::integer, 'internal', $4::jsonb)`;

async function prepare({ databaseUrl }: World): Promise<void> {
  const db = createDb({ url: databaseUrl, poolSize: 2, applicationName: 'bench' });
  await migrate(db);
  await keepPartitions(db, { now: new Date(), retentionDays: 35 });
  await db.destroy();
}

/** `flags` are of Node: for a profile. */
export function createTwinbox(
  name: string,
  headers: 'full' | 'minimal',
  flags: readonly string[] = [],
): Contestant {
  return {
    name,
    about: `relay/main.ts, KAFKA_HEADERS=${headers}, KAFKA_CUSTOMER_EVENTS=off, otherwise defaults`,
    missing: () => Promise.resolve(null),
    prepare,
    insertSql,
    // As lib/process/waking.ts does in the API and the workers.
    wakeSql: `select pg_notify('${EVENTS_CHANNEL}', '')`,
    start: (world) => Promise.resolve(startRelay(world, headers, flags)),
  };
}

function startRelay(world: World, headers: string, flags: readonly string[]) {
  const { databaseUrl, bootstrap, topic, partitions } = world;
  if (!topic.endsWith(TOPIC)) throw new Error(`the relay publishes to …${TOPIC}, not to ${topic}`);
  return startProgram(
    {
      args: [...flags, join(import.meta.dirname, '../../relay/main.ts')],
      env: {
        DATABASE_URL: databaseUrl,
        KAFKA_BOOTSTRAP_SERVERS: bootstrap,
        KAFKA_TOPIC_PREFIX: topic.slice(0, -TOPIC.length),
        KAFKA_TOPIC_PARTITIONS: String(partitions),
        KAFKA_CUSTOMER_EVENTS: 'off',
        KAFKA_HEADERS: headers,
        HEALTH_PORT: '0',
        LOG_LEVEL: 'error',
      },
    },
    world,
  );
}

export const contestant = createTwinbox('twinbox', 'full');
