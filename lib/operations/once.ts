// An operation that is made once, by a key of its caller: the key is claimed first in the transaction
// of the operation, and what was answered is kept last in it.
//
// A crash before the commit leaves neither the operation nor the answer, and gives the key back; after
// the commit both are there.
import type { Tx } from '../../db/server/connection.ts';
import { failpoint } from '../failpoint.ts';

export type Once<T> = {
  /** Throws if the key has an answer already, or if another transaction has the key. */
  begin(tx: Tx): Promise<void>;
  /** Keeps what is answered to this result; of a refusal nothing. */
  end(tx: Tx, result: T): Promise<void>;
};

/** The work of a transaction, with the key around it. */
export function inOnce<T>(once: Once<T> | undefined, work: (tx: Tx) => Promise<T>): (tx: Tx) => Promise<T> {
  if (!once) return work;
  return async (tx) => {
    await once.begin(tx);
    const result = await work(tx);
    await failpoint('once.before-answer');
    await once.end(tx, result);
    await failpoint('once.before-commit');
    return result;
  };
}
