// From the first contact on, a database belongs to one account of each system, and to its live or
// its test mode. With a key of another account every record would look deleted; so such a key stops
// the lane before its first call about a customer. A key of the account that the original of a
// copied database uses stops the lane too (original.ts).
import { withTransaction, type Db } from '../../db/server/connection.ts';
import { bindConnection, ensureConnection, lockConnection, readConnection } from '../../db/connections.ts';
import type { Clock } from '../clock.ts';
import type { Integration } from './integration.ts';
import { findOriginal } from './original.ts';

export type Binding =
  | { ok: true; account: string; livemode: boolean }
  | {
      ok: false;
      message: string;
      bound: { account: string; livemode: boolean };
      key: { account: string; livemode: boolean };
    };

/**
 * Asks the system which account the key belongs to, and binds the database to it or compares.
 * Throws what the system throws: without an answer there is no result.
 */
export async function bindAccount(db: Db, clock: Clock, integration: Integration): Promise<Binding> {
  const { system } = integration;
  await ensureConnection(db, system);
  const key = await integration.identify();
  const before = await readConnection(db, system);
  if (before === null || before.account === null || before.account === key.account) {
    const original = await findOriginal({ db, clock, integration }, key.account);
    if (original?.refused === true) return { ok: false, bound: key, key, message: original.says };
  }
  return withTransaction(db, async (tx): Promise<Binding> => {
    await lockConnection(tx, system);
    const bound = await bindConnection(tx, { system, ...key, now: clock.now() });
    if (bound?.account === key.account && bound.livemode === key.livemode) return { ok: true, ...key };
    const was = { account: bound?.account ?? '', livemode: bound?.livemode === true };
    return {
      ok: false,
      bound: was,
      key,
      message:
        `this database belongs to ${system} account ${was.account} (${mode(was.livemode)}), but the key is of account ` +
        `${key.account} (${mode(key.livemode)}): nothing is sent. Use the right key, or another database; npx twinbox connect moves this database.`,
    };
  });
}

function mode(livemode: boolean): string {
  return livemode ? 'live mode' : 'test mode';
}
