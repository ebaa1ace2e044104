/** Keys in the database of a test, made as an operator makes them. */
import type { Db } from '../../db/server/connection.ts';
import { systemClock, type Clock } from '../../lib/clock.ts';
import { createKeyOperations, type NewKey } from '../../lib/operations/keys.ts';
import type { KeyScope } from '../../lib/keys/scopes.ts';

export const BY = { actor: 'a test', reason: null };

export function makeKeys(
  db: Db,
  { clock = systemClock, keySecrets = [] as string[] }: { clock?: Clock; keySecrets?: string[] } = {},
) {
  const operations = createKeyOperations({ db, clock, keySecrets });
  return {
    operations,
    /** Resolves to the text and the id of a new key. */
    async make(scope: KeyScope, more: Partial<NewKey> = {}) {
      const wanted = { name: `the ${scope}`, scope, system: null, expiresAt: null, ...more };
      const { text, key } = await operations.create(wanted, BY);
      return { text, id: key.id };
    },
  };
}

export function bearer(key: string): { headers: { Authorization: string } } {
  return { headers: { Authorization: `Bearer ${key}` } };
}
