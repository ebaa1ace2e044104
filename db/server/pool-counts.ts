import type { Db } from './connection.ts';

export type PoolCounts = { inUse: number; idle: number; waiting: number };

/** The parts of knex's pool that are used; knex types it as any. */
type Pool = { numUsed(): number; numFree(): number; numPendingAcquires(): number };

/** What the pool of connections does now; asks no server. */
export function readPoolCounts(db: Db): PoolCounts {
  const { pool } = db.client as { pool?: Pool };
  if (!pool) return { inUse: 0, idle: 0, waiting: 0 };
  return { inUse: pool.numUsed(), idle: pool.numFree(), waiting: pool.numPendingAcquires() };
}
