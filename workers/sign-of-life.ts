// Each worker shows that it lives by a lease of its own, renewed every few seconds; the others end
// what a dead one held.
//
// A lease on a mapping has to outlast the slowest call, a minute. A worker that was killed would
// keep its customers waiting that long, so the others do not wait for it. Guarantees: what a dead
// worker had in hand can be claimed within the length of a sign of life. Assumes: two workers at
// one mapping do no harm. One that was only frozen may still send its request; the fence keeps it
// from settling, and whoever took over has sent the same request under the same key, of which
// Stripe carries out one.
//
// A crash between ending the leases and forgetting the worker: the next look does both again.
import { endLeasesOf, forgetWorkers, readDeadWorkers } from '../db/lease-owners.ts';
import type { Db } from '../db/server/connection.ts';
import { fullJitter } from '../lib/backoff.ts';
import { createLease } from '../lib/lease.ts';
import { runLoop } from '../lib/loop.ts';
import type { SyncLog } from '../lib/sync/step.ts';

export interface SignOfLife {
  /** Ends it, so that no other process takes the rest of its length for life. */
  stop(): Promise<void>;
}

export interface SignOfLifeOptions {
  db: Db;
  /** As in the leases of the mappings that it claims. */
  owner: string;
  log: SyncLog;
  /** How long after its last sign a worker counts as dead; default 10 s. */
  lengthMs?: number;
}

const PREFIX = 'worker:';

/** Resolves once the sign is there: what is claimed from then on is let go if this process dies. */
export async function startSignOfLife(options: SignOfLifeOptions): Promise<SignOfLife> {
  const { db, owner, log, lengthMs = 10_000 } = options;
  const stopping = new AbortController();
  const onError = (error: unknown): void => log.debug('worker.sign_of_life', { error: String(error) });
  const lease = createLease({ db, name: `${PREFIX}${owner}`, owner, lengthMs, onError });
  await lease.take();
  const loop = runLoop(look, {
    idleMs: lengthMs / 5,
    busyMs: lengthMs / 5,
    backoffMs: (failures) => fullJitter(failures, { baseMs: 500, capMs: lengthMs / 2 }),
    onError,
    signal: stopping.signal,
  });

  async function look(): Promise<number> {
    // It ran out while the database was away, or this process stood still.
    if (!lease.isHeld()) await lease.take();
    const dead = await readDeadWorkers(db, PREFIX);
    if (dead.length === 0) return 0;
    await endLeasesOf(db, dead);
    await forgetWorkers(db, PREFIX, dead);
    log.info('worker.others_ended', { workers: dead });
    return 0;
  }

  return {
    async stop() {
      stopping.abort();
      await loop.done;
      await lease.release();
    },
  };
}
