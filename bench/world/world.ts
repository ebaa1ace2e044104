// Where relays are measured: one PostgreSQL that waits for the disk and can be read as a log, one Kafka broker, and for
// each trial a database and a topic of its own.
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kafka } from 'kafkajs';
import { createBroker, type Broker } from '../../cli/embedded/kafka/broker.ts';
import { startEmbeddedPostgres } from '../../cli/embedded/postgres.ts';
import { databaseUrl, ensureDatabase } from '../../db/server/server.ts';
import { createClient } from '../../lib/bus/kafka/client.ts';
import type { World } from '../contestants/contestant.ts';
import { endServer } from '../end-server.ts';

export const PARTITIONS = 6;

export type Place = {
  /** The postmaster: its time and that of its sessions are PostgreSQL's. */
  postgres: number;
  broker: Pick<Broker, 'freeze' | 'thaw'>;
  kafka: Kafka;
  /** An empty database, and a topic that exists and is empty; each record has the moment at which the broker got it. */
  newWorld(name: string): Promise<World>;
  close(): Promise<void>;
};

/** As a server of a team would be set for such a load; the same for each contestant. */
const SETTINGS = {
  wal_level: 'logical',
  shared_preload_libraries: 'pg_stat_statements',
  max_wal_senders: '10',
  shared_buffers: '512MB',
  max_wal_size: '4GB',
};

const ignore = (): undefined => undefined;
const QUIET = { debug: ignore, info: ignore, warn: ignore, error: ignore };

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

export async function openPlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'twinbox-bench-'));
  const closing: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    // One that fails keeps no other from being closed: Ctrl-C has ended the broker before its client leaves it.
    const failed: unknown[] = [];
    for (const step of closing.splice(0).toReversed())
      await step().catch((error: unknown) => void failed.push(error));
    if (failed.length > 0) throw failed[0];
  };
  // A server would go on after this process. Ctrl-C may come twice: from the terminal, and from bench/main.ts as SIGTERM.
  let stopping: Promise<void> | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      // The measurement fails as its servers go, which must not end the process before all is removed.
      process.on('uncaughtException', ignore);
      stopping ??= close().finally(() => process.exit(130));
    });
  try {
    const node = { id: 1, ports: { client: await freePort(), controller: await freePort() } };
    const broker = await createBroker({ node, cluster: [node], dataDir: join(folder, 'kafka'), heapMb: 768 });
    await broker.start();
    closing.push(() => broker.stop());
    const server = await startEmbeddedPostgres({
      ...{ dataDir: join(folder, 'postgres'), databaseName: 'postgres', settings: SETTINGS },
      log: ignore,
    });
    closing.push(() => endServer(server));
    const kafka = createClient({ brokers: [broker.bootstrap] }, QUIET);
    const admin = kafka.admin();
    await admin.connect();
    closing.push(() => admin.disconnect());
    let worlds = 0;
    return {
      postgres: server.pid,
      broker,
      kafka,
      close,
      async newWorld(name) {
        const id = `${name.replaceAll(/[^a-z0-9]+/g, '_')}_${(worlds += 1)}`;
        // Ours publishes to the topic of this name behind a prefix; the others to any.
        const topic = `${id}.sync.outbound`;
        const config = [
          { name: 'cleanup.policy', value: 'delete' },
          { name: 'retention.ms', value: '604800000' },
          { name: 'message.timestamp.type', value: 'LogAppendTime' },
        ];
        await admin.createTopics({
          topics: [{ topic, numPartitions: PARTITIONS, replicationFactor: 1, configEntries: config }],
          waitForLeaders: true,
        });
        await ensureDatabase(server.url, id);
        const own = join(folder, id);
        await mkdir(own);
        return {
          ...{ databaseUrl: databaseUrl(server.url, id), bootstrap: broker.bootstrap, topic },
          ...{ partitions: PARTITIONS, folder: own },
        };
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
