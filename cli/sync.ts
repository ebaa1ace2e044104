// What a command asks about the account before it works with it.
import { readConnection } from '../db/connections.ts';
import type { Db } from '../db/server/connection.ts';
import type { Integration } from '../lib/integrations/integration.ts';
import type { Output } from './output.ts';

export type Account =
  | { ok: true; account: string; livemode: boolean }
  | { ok: false; why: 'silent' | 'foreign'; message: string };

/** Whose key this is, and whether this database belongs to that account. Reads only: the workers bind. */
export async function readAccount(db: Db, integration: Integration): Promise<Account> {
  const { system } = integration;
  try {
    const { account, livemode } = await integration.identify();
    const bound = await readConnection(db, system);
    if (
      bound === null ||
      bound.account === null ||
      (bound.account === account && bound.livemode === livemode)
    )
      return { ok: true, account, livemode };
    return {
      ok: false,
      why: 'foreign',
      message:
        `this database belongs to ${system} account ${bound.account}, but the key is of account ${account}: nothing is sent. ` +
        'Use the right key, or another database; npx twinbox connect moves this one.',
    };
  } catch (error) {
    const { code, message } = integration.classify(error);
    return { ok: false, why: 'silent', message: `${system} does not answer (${code}): ${message}` };
  }
}

/** What a command asks a system; null where it stopped answering, which is said. */
export async function unlessSilent<T>(
  integration: Integration,
  answer: Promise<T>,
  output: Output,
): Promise<T | null> {
  return answer.catch((error: unknown) => {
    const { code, message, status, scope } = integration.classify(error);
    // No answer of a system and no failed call to one: the database, or a fault of ours.
    if (status === null && scope === 'entity') throw error;
    output.say(`Could not tell: ${integration.system} stopped answering (${code}): ${message}`);
    return null;
  });
}
