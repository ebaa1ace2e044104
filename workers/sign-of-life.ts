// Each worker has a lease as its sign of life, which it renews every few seconds. When the sign of
// a worker has ended, the other workers end its leases on mappings.
//
// A lease on a mapping has to be longer than the slowest call, so it lasts a minute. The customers
// of a killed worker would wait that long, so the others end its leases early. Guarantees: the
// mappings of a dead worker can be claimed again within the length of a sign of life. Assumes: two
// workers at one mapping do no harm. A worker that was only frozen may still send its request. The
// fence prevents that it settles, and the worker that took over has sent the same request under the
// same key, which Stripe carries out once.
//
// After a crash between ending the leases and deleting the sign, the next look does both again.
import { endLeasesOf, forgetWorkers, readDeadWorkers } from '../db/lease-owners.ts';
import type { Db } from '../db/server/connection.ts';
import { fullJitter } from '../lib/backoff.ts';
import { createLease } from '../lib/lease.ts';
import { runLoop } from '../lib/loop.ts';
import type { SyncLog } from '../lib/sync/step.ts';

export interface SignOfLife {
  /** Ends the sign of life at once, so that the other workers do not wait for its end. */
  stop(): Promise<void>;
}

export interface SignOfLifeOptions {
  db: Db;
  /** The name of the worker in the leases of its mappings. */
  owner: string;
  log: SyncLog;
  /** How long after its last sign of life a worker counts as dead; default 10 s. */
  lengthMs?: number;
}

const PREFIX = 'worker:';

/**
 * Resolves once the sign is written: from then on the others end the leases of this process if it
 * dies.
 */
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
    // It ended while the database did not answer, or while this process was frozen.
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
