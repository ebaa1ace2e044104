// Checks whether the relay may run on this database and this bus: before it becomes active, and
// then every few seconds.
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
import { divideRelay } from '../db/relay/shards.ts';
import type { Bus, Received } from '../lib/bus/bus.ts';
import { findLostOnBus } from '../lib/events/lost-events.ts';
import { assertSameDatabase, otherBus, restored } from '../lib/process/database-identity.ts';

export type IdentityCheck = {
  /**
   * Checks if that is due: before the caller goes on, or `beside` its work, if the last check was good and not long
   * ago. What a check beside the work finds is thrown by the next call. Resolves to the number of shards in force, where
   * a check has ended.
   */
  keepChecked(options: { beside: boolean }): Promise<number | null>;
  /** The next call checks, and waits. */
  forget(): void;
  /** Waits for a check that runs beside the work. */
  settle(): Promise<void>;
  /**
   * Throws IdentityError if the bus has events of this installation that the database does not
   * have.
   */
  refuseOlderState(): Promise<void>;
};

export type IdentityCheckDeps = {
  db: Db;
  bus: Bus;
  log: { warn(event: string, fields?: Record<string, unknown>): void };
  address: Address;
  /** Reads the newest records of our topics; null for a bus that stores none. */
  newest: (() => Promise<Received[]>) | null;
  monotonic: () => number;
  /** Into how many shards the relay of a new database is divided. */
  firstShards: number;
};

/** A check takes several statements, as long as ten rounds: events must not wait for it. */
const EVERY_MS = 5_000;

/** The events of this installation that the bus has and the database does not have; null if there are none. */
async function lookAtBus({ db, newest }: IdentityCheckDeps): Promise<RestoreSigns | null> {
  return newest === null ? null : findLostOnBus(db, await newest());
}

/**
 * Makes the cursor of a new database, accepts a fail-over, and throws IdentityError for what a
 * person has to decide. Returns the number of shards in force.
 */
async function check(deps: IdentityCheckDeps): Promise<number> {
  const { db, bus, log, address, firstShards } = deps;
  const verdict = await assertSameDatabase(db, address);
  if (verdict === 'first') {
    await withTransaction(db, async (tx) => {
      await createCursor(tx, address);
      await divideRelay(tx, firstShards);
    });
    await notePlace(db, address, { remember: true });
  }
  if (verdict === 'failed_over') {
    const lost = await lookAtBus(deps);
    const { noted, mappings } = await withTransaction(db, (tx) => acceptFailover(tx, lost));
    // Another server has taken over. It may not have the last writes that the old server had
    // already sent to other systems, so every mapping is compared once.
    if (noted) log.warn('relay.failed_over', { mappings, lost: lost?.count ?? 0 });
  }
  // A standby relay with the wrong bus must report it now, and not only when it becomes active.
  const { bus: bound = null, shards = 1 } = (await readRelayCounts(db)) ?? {};
  const present = await bus.identity();
  if (bound !== null && bound !== present) throw otherBus(bound, present);
  return shards;
}

export function createIdentityCheck(deps: IdentityCheckDeps): IdentityCheck {
  const { db, monotonic } = deps;
  let goodAt = -Infinity;
  let running: Promise<number> | null = null;
  let ended = false;
  let isForgotten = false;

  const settle = async (): Promise<void> => void (await running?.catch(() => undefined));

  /** A check that began before may have looked at another server. */
  async function dropForgotten(): Promise<void> {
    await settle();
    [running, goodAt, isForgotten] = [null, -Infinity, false];
  }

  function begin(): void {
    const began = monotonic();
    ended = false;
    running = check(deps).finally(() => (ended = true));
    // Its error is thrown by the next call.
    running.then(
      () => (goodAt = began),
      () => undefined,
    );
  }

  return {
    async keepChecked({ beside }) {
      if (isForgotten) await dropForgotten();
      const age = monotonic() - goodAt;
      if (running === null) {
        if (age < EVERY_MS) return null;
        begin();
      }
      if (beside && age < 2 * EVERY_MS && !ended) return null;
      const mine = running;
      running = null;
      return await mine;
    },
    forget: () => void (isForgotten = true),
    settle,

    // If an older copy was restored under the same name, only the bus shows it.
    async refuseOlderState() {
      const lost = await lookAtBus(deps);
      if (lost === null) return;
      await noteAhead(db, lost);
      throw restored(lost);
    },
  };
}
