// The database of bench/lists.ts and bench/console.ts: one of their own, filled, or one that is given and left as it is.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../cli/embedded/postgres.ts';
import { keepPartitions } from '../db/partitions/partitions.ts';
import { createDb, type Db } from '../db/server/connection.ts';
import { migrate } from '../db/server/migrate.ts';
import { databaseUrl, ensureDatabase } from '../db/server/server.ts';
import { fillLists } from './lists-fill.ts';
import { endServer } from './end-server.ts';

const DAYS = 35;

export type Wanted = {
  events: number;
  customers: number;
  now: Date;
  poolSize: number;
  /** The URL of one that `fillLists` has filled. */
  database: string | undefined;
};

export async function openLists({ events, customers, now, poolSize, database }: Wanted) {
  const { url, close } =
    database === undefined ? await ownServer() : { url: database, close: async () => undefined };
  const db = createDb({ url, poolSize, applicationName: 'bench', statementTimeoutMs: 600_000 });
  if (database === undefined) await fill(db, { events, customers, now });
  return {
    db,
    close: async () => {
      await db.destroy();
      await close();
    },
  };
}

async function ownServer(): Promise<{ url: string; close: () => Promise<unknown> }> {
  const folder = await mkdtemp(join(tmpdir(), 'twinbox-bench-'));
  const dataDir = join(folder, 'postgres');
  const server = await startEmbeddedPostgres({ dataDir, log: () => undefined, fsync: false });
  await ensureDatabase(server.url, 'bench');
  return {
    url: databaseUrl(server.url, 'bench'),
    close: () => endServer(server).then(() => rm(folder, { recursive: true, force: true })),
  };
}

async function fill(db: Db, size: { events: number; customers: number; now: Date }): Promise<void> {
  await migrate(db);
  await keepPartitions(db, { now: size.now, retentionDays: DAYS });
  await fillLists(db, { ...size, days: DAYS });
}
