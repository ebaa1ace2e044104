// Holding a lease: one process at a time does something, and knows when it no longer may.
//
// Guarantees: between take and the end of the lease no other process has it, by the database's
// clock; the holder's own deadline is counted on the monotonic clock from *before* the request was
// sent, so it never ends later than the lease does. Assumes: the holder asks isHeld() before each
// effect, and whatever must not happen twice is also fenced by the number, because a process can be
// frozen right after asking. A crash leaves the lease to run out.

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { releaseLease, renewLease, takeLease } from '../db/leases.ts';
import type { Db } from '../db/server/connection.ts';

export type LeaseDeps = {
  db: Db;
  name: string;
  /** How long it lasts without renewal; it is renewed at a third. */
  lengthMs: number;
  /** Called when a renewal failed; the lease then lives until its deadline. */
  onError?: (error: unknown) => void;
  /** The monotonic clock in milliseconds. */
  monotonic?: () => number;
  /** Who holds it, for people; unique for each process. */
  owner?: string;
};

export type Lease = {
  readonly owner: string;
  /** The fence number, or null while another process holds the lease. */
  take(): Promise<number | null>;
  isHeld(): boolean;
  /** Renews at once; false if the lease is lost. A timer does the same by itself. */
  renew(): Promise<boolean>;
  /**
   * Forgets the lease without a statement to the database: another process was found to hold it.
   */
  forget(): void;
  /** Ends it, so that the next one need not wait. */
  release(): Promise<void>;
};

export function createLease({ db, name, lengthMs, onError, monotonic, owner }: LeaseDeps): Lease {
  const now = monotonic ?? (() => performance.now());
  const me = owner ?? `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
  let held: { fence: number; deadline: number; timer: NodeJS.Timeout } | null = null;

  async function take(): Promise<number | null> {
    forget();
    const asked = now();
    const fence = await takeLease(db, { name, owner: me, lengthMs });
    if (fence === null) return null;
    const timer = setInterval(renewQuietly, lengthMs / 3);
    // The work that needs the lease keeps the process alive, not the lease.
    timer.unref();
    held = { fence, deadline: asked + lengthMs, timer };
    return fence;
  }

  let renewal: Promise<unknown> | null = null;

  /** One at a time: renewals that wait for a slow database must not take every connection there is. */
  function renewQuietly(): void {
    renewal ??= renew()
      .catch((error: unknown) => onError?.(error))
      .finally(() => (renewal = null));
  }

  async function renew(): Promise<boolean> {
    const renewing = held;
    if (renewing === null) return false;
    const asked = now();
    const renewed = await renewLease(db, { name, owner: me, fence: renewing.fence, lengthMs });
    if (held !== renewing) return false;
    if (!renewed) forget();
    else renewing.deadline = Math.max(renewing.deadline, asked + lengthMs);
    return renewed;
  }

  function forget(): void {
    if (held) clearInterval(held.timer);
    held = null;
  }

  return {
    owner: me,
    take,
    renew,
    forget,
    isHeld: () => held !== null && now() < held.deadline,
    async release() {
      const releasing = held;
      forget();
      if (releasing) await releaseLease(db, { name, owner: me, fence: releasing.fence });
    },
  };
}
