// The engine in a session: what a worker is given, and functions to call by hand.
import { readReading } from '../../db/account-readings.ts';
import { readConnection } from '../../db/connections.ts';
import { withTransaction } from '../../db/server/connection.ts';
import { readSyncBacklog } from '../../db/health/readiness.ts';
import { claimMapping } from '../../db/mappings/claims.ts';
import { raiseMappings } from '../../db/mappings/dirty.ts';
import { findMappingsOf } from '../../db/mappings/of-customer.ts';
import { shownMapping, type ShownMapping } from '../../db/mappings/shown.ts';
import { readReceiveLag } from '../../db/relay/receive-lag.ts';
import { readRelayLag } from '../../db/relay/lag.ts';
import { isAppError } from '../../lib/errors.ts';
import { nameProcess } from '../../lib/health/role-signs.ts';
import type { Fetched } from '../../lib/integrations/integration.ts';
import { waitUntil } from '../../lib/loop.ts';
import { reconcile } from '../../lib/sync/reconcile.ts';
import type { Claim, SyncDeps } from '../../lib/sync/step.ts';

/** As long as the lease of a worker. */
const LEASE_MS = 60_000;
const QUIET_MS = 60_000;
const IN_HAND_MS = 3_000;

export type Engine = SyncDeps & {
  /** The customer's pair: its row in `external_mappings`. Throws if the customer has none. */
  mapping(customerId: number): Promise<ShownMapping>;
  /** Every pair of the customer, also ended pairs and second records. */
  mappings(customerId: number): Promise<ShownMapping[]>;
  /**
   * Takes one step for the customer now, in this process, which reads the record first; returns the
   * pair after the step.
   */
  reconcile(customerId: number): Promise<ShownMapping>;
  /** The customer's record at the other system, read now. */
  theirs(customerId: number): Promise<Fetched>;
  /**
   * Waits until no change is on its way: the account is read, and all committed events are
   * published, received and settled.
   */
  quiet(timeoutMs?: number): Promise<void>;
};

export function createEngine(deps: SyncDeps): Engine {
  const { db, clock, integration } = deps;
  const { system, document } = integration;
  const owner = nameProcess();

  async function mappings(customerId: number): Promise<ShownMapping[]> {
    return (await findMappingsOf(db, customerId, system)).map(shownMapping);
  }

  /** The pair that has not ended; if all have ended, the last one. */
  async function mapping(customerId: number): Promise<ShownMapping> {
    const all = (await mappings(customerId)).filter(({ role }) => role === 'primary');
    const found = all.find(({ state }) => state !== 'detached') ?? all.at(-1);
    if (!found)
      throw new Error(`customer ${customerId} has no pair with ${system}: no worker has received it`);
    return found;
  }

  /**
   * Claims and raises the pair in one transaction, so that no worker claims it in between. Null
   * while a worker has the pair.
   */
  async function tryClaim(id: number): Promise<Claim | null> {
    const deadline = performance.now() + LEASE_MS;
    return await withTransaction(db, async (tx) => {
      const claimed = await claimMapping(tx, { id, owner, leaseMs: LEASE_MS });
      if (claimed) await raiseMappings(tx, { ids: [id], now: clock.now(), mustRead: true });
      return claimed && { ...claimed, deadline };
    });
  }

  /** Waits a moment for a worker's step to end; throws if the step takes longer. */
  async function claim({ id }: Pick<ShownMapping, 'id'>): Promise<Claim> {
    try {
      const claimed = async (): Promise<Claim | undefined> => (await tryClaim(id)) ?? undefined;
      return await waitUntil(claimed, { timeoutMs: IN_HAND_MS, what: `mapping ${id} is free` });
    } catch (error) {
      if (!isAppError(error, 'timeout')) throw error;
      throw new Error(`a worker has mapping ${id} in hand; try again`, { cause: error });
    }
  }

  /** At the first contact creates wait until every record of the account has been read. */
  async function hasReadAccount(): Promise<boolean> {
    const account = (await readConnection(db, system))?.account ?? null;
    if (account === null) return false;
    const reading = await readReading(db, { system, account, externalType: document.externalType });
    return reading !== null && reading.doneAt !== null;
  }

  return {
    ...deps,
    mapping,
    mappings,
    async reconcile(customerId) {
      const before = await mapping(customerId);
      const { account } = await integration.identify();
      // A worker would refuse the whole system; in a session nothing else checks the account.
      if (before.account !== account)
        throw new Error(`the pair is with account "${before.account}", and the key is of ${account}`);
      await reconcile(deps, await claim(before));
      return await mapping(customerId);
    },
    async theirs(customerId) {
      const { externalId } = await mapping(customerId);
      if (externalId === null) throw new Error(`customer ${customerId} has no record at ${system} yet`);
      return await integration.fetch(externalId);
    },
    async quiet(timeoutMs = QUIET_MS) {
      const isQuiet = async (): Promise<boolean> =>
        (await hasReadAccount()) &&
        (await readRelayLag(db)).oldest === null &&
        (await readReceiveLag(db, [system])).events === 0 &&
        (await readSyncBacklog(db)).dirty === 0;
      await waitUntil(isQuiet, { timeoutMs, what: 'no change is on its way' });
    },
  };
}
