// Moves a database to another account of a system, in one transaction. The pairs with records of
// the old account are detached, and every living row waits for its first link with the new account,
// since the records may have been copied to the new account and have the same emails. Nothing is
// deleted anywhere. After a return to an earlier account its pairs are used again, and the next
// step of each reads the record before it does anything else.
import { withTransaction, type Db, type Tx } from '../../db/server/connection.ts';
import { countLivingPairs, readOpenIntents, rebindConnection } from '../../db/mappings/connect.ts';
import { detachAccount, reviveAccount } from '../../db/mappings/writes/accounts.ts';
import { ensureConnection, lockConnection } from '../../db/connections.ts';
import { insertNotLinked } from '../../db/mappings/writes/consents.ts';
import { insertClosedIntent } from '../../db/closed-intents.ts';
import { recordAction } from '../../db/operator-actions.ts';
import type { Clock } from '../clock.ts';
import type { Identity, Integration } from '../integrations/integration.ts';
import { intentDamage } from '../sync/damage.ts';

export interface Move {
  /** The account that the database belonged to; null if it belonged to none. */
  from: Identity | null;
  to: Identity;
  /** How many pairs of the old account are detached. */
  pairs: number;
  /** How many pairs of an earlier time with the new account are used again. */
  revived: number;
  /** How many rows wait for their first link with the new account. */
  waiting: number;
}

/**
 * Null if the database belongs to that account already. `dryRun` only counts. `actor` moves the
 * database.
 */
export async function moveToAccount(
  { db, clock, integration }: { db: Db; clock: Clock; integration: Integration },
  { dryRun, actor }: { dryRun: boolean; actor: string },
): Promise<Move | null> {
  const { system, document } = integration;
  const to = await integration.identify();
  await ensureConnection(db, system);
  return withTransaction(db, async (tx): Promise<Move | null> => {
    const now = clock.now();
    const bound = await lockConnection(tx, system);
    const from: Identity | null =
      bound && bound.account !== null ? { account: bound.account, livemode: bound.livemode === true } : null;
    if (from?.account === to.account && from.livemode === to.livemode) return null;
    const old = { system, account: from?.account ?? '', now };
    const pairs = await countLivingPairs(tx, system, old.account);
    if (dryRun) return { from, to, pairs, revived: 0, waiting: 0 };
    await closeIntents(tx, old);
    await detachAccount(tx, old);
    await rebindConnection(tx, { system, ...to, now });
    const revived = await reviveAccount(tx, { system, account: to.account, now });
    const { externalType } = document;
    const added = await insertNotLinked(tx, { system, externalType, account: to.account });
    const moved = { from, to, pairs, revived: revived.pairs, waiting: revived.waiting + added };
    await recordAction(tx, {
      action: 'connect',
      system,
      actor,
      reason: null,
      detail: moved,
      before: { ...from },
      after: { ...to },
      at: now,
    });
    return moved;
  });
}

/**
 * Closes the open intents of the old account as unknown: whether they took effect is not known. A
 * damaged intent is not kept.
 */
async function closeIntents(tx: Tx, old: { system: string; account: string; now: Date }): Promise<void> {
  for (const { mappingId, intent } of await readOpenIntents(tx, old)) {
    if (intentDamage(intent) !== null) continue;
    const unknown = { result: 'unknown', externalId: null, requestId: null } as const;
    await insertClosedIntent(tx, { ...intent, mappingId, closedAt: old.now, ...unknown });
  }
}
