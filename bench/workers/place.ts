// A Kafka broker and a PostgreSQL of a measurement's own, in a folder that is removed at the end.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBroker } from '../../cli/embedded/kafka/broker.ts';
import { startEmbeddedPostgres } from '../../cli/embedded/postgres.ts';
import { keepPartitions } from '../../db/partitions/partitions.ts';
import { createDb, type Db } from '../../db/server/connection.ts';
import { migrate } from '../../db/server/migrate.ts';
import { databaseUrl, ensureDatabase } from '../../db/server/server.ts';
import { endServer } from '../end-server.ts';

const quiet = () => undefined;

/** A server with one migrated database. */
export async function withPostgres<T>(
  work: (place: { db: Db; url: string; pid: number }) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'twinbox-bench-'));
  const server = await startEmbeddedPostgres({
    ...{ dataDir: join(folder, 'postgres'), databaseName: 'postgres', log: quiet },
  });
  try {
    await ensureDatabase(server.url, 'bench');
    const url = databaseUrl(server.url, 'bench');
    const db = createDb({ url, poolSize: 4, applicationName: 'bench' });
    try {
      await migrate(db);
      await keepPartitions(db, { now: new Date(), retentionDays: 35 });
      return await work({ db, url, pid: server.pid });
    } finally {
      await db.destroy();
    }
  } finally {
    await endServer(server);
    await rm(folder, { recursive: true, force: true });
  }
}

/** Throws `kafka_unavailable` where Java or Maven is missing. */
export async function withBroker<T>(work: (bootstrap: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'twinbox-bench-'));
  try {
    const node = { id: 1, ports: { client: await freePort(), controller: await freePort() } };
    const broker = await createBroker({ node, cluster: [node], dataDir: join(folder, 'kafka'), say: quiet });
    await broker.start();
    try {
      return await work(broker.bootstrap);
    } finally {
      await broker.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
