// What a command checks about the account before it uses it.
import { readConnection } from '../db/connections.ts';
import type { Db } from '../db/server/connection.ts';
import type { Integration } from '../lib/integrations/integration.ts';
import type { Output } from './output.ts';

export type Account =
  | { ok: true; account: string; livemode: boolean }
  | { ok: false; why: 'no_answer' | 'other_account'; message: string };

/**
 * The account of the key, and whether the database belongs to it. Only reads: workers bind the
 * database.
 */
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
      why: 'other_account',
      message:
        `this database belongs to ${system} account ${bound.account}, but the key is of account ${account}: nothing is sent. ` +
        'Use the key of that account, or another database; npx twinbox connect stripe moves this database.',
    };
  } catch (error) {
    const { code, message } = integration.classify(error);
    return { ok: false, why: 'no_answer', message: `${system} does not answer (${code}): ${message}` };
  }
}

/** The answer of a system; null if the system stopped answering, which is printed. */
export async function answerOrNull<T>(
  integration: Integration,
  answer: Promise<T>,
  output: Output,
): Promise<T | null> {
  return answer.catch((error: unknown) => {
    const { code, message, status, scope } = integration.classify(error);
    // The error is not of the external system: it is of the database, or a fault of Twinbox.
    if (status === null && scope === 'entity') throw error;
    output.say(`No result: ${integration.system} stopped answering (${code}): ${message}`);
    return null;
  });
}
