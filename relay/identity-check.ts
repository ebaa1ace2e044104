// Whether the relay may run on this database and this bus: asked before it is active, and every few
// seconds after that.
import { withTransaction, type Db } from '../db/server/connection.ts';
import { notePlace } from '../db/server/database-place.ts';
import {
  acceptFailover,
  createCursor,
  noteAhead,
  type Address,
  type RestoreSigns,
} from '../db/relay/identity.ts';
import { readRelayCounts } from '../db/relay/lag.ts';
import type { Bus, Received } from '../lib/bus/bus.ts';
import { findLostOnBus } from '../lib/events/lost-events.ts';
import { assertSameDatabase, otherBus, restored } from '../lib/process/database-identity.ts';

export type IdentityCheck = {
  /**
   * Makes the cursor of a new database, accepts a fail-over, and throws IdentityError for what a
   * person has to decide.
   */
  check(): Promise<void>;
  /** Throws IdentityError where the bus has events of ours that this database lacks. */
  refuseOlderState(): Promise<void>;
};

export type IdentityCheckDeps = {
  db: Db;
  bus: Bus;
  log: { warn(event: string, fields?: Record<string, unknown>): void };
  address: Address;
  /** The newest records of our topics; null for a bus that keeps none. */
  newest: (() => Promise<Received[]>) | null;
};

export function createIdentityCheck({ db, bus, log, address, newest }: IdentityCheckDeps): IdentityCheck {
  /** What the bus has of ours and this database lacks; null for nothing. */
  async function lookAtBus(): Promise<RestoreSigns | null> {
    return newest === null ? null : findLostOnBus(db, await newest());
  }

  return {
    async check() {
      const verdict = await assertSameDatabase(db, address);
      if (verdict === 'first') {
        await createCursor(db, address);
        await notePlace(db, address, { remember: true });
      }
      if (verdict === 'failed_over') {
        const lost = await lookAtBus();
        const { noted, mappings } = await withTransaction(db, (tx) => acceptFailover(tx, lost));
        // Another server has taken over, and may lack what the old one had sent to other systems:
        // every mapping is compared once.
        if (noted) log.warn('relay.failed_over', { mappings, lost: lost?.count ?? 0 });
      }
      // A relay that stands by with the wrong bus must say so now, not when it is needed.
      const bound = (await readRelayCounts(db))?.bus ?? null;
      const present = await bus.identity();
      if (bound !== null && bound !== present) throw otherBus(bound, present);
    },

    // Only the bus shows that a copy was put back under the same name.
    async refuseOlderState() {
      const lost = await lookAtBus();
      if (lost === null) return;
      await noteAhead(db, lost);
      throw restored(lost);
    },
  };
}
