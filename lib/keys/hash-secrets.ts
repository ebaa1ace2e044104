// The secrets that the hashes of keys are made with: those of API_KEY_SECRET, or the one that the
// migration stored in the database (docs/decisions/0080-keys-and-scopes.md says what each protects
// against). If the setting is there, a key that was hashed by the stored secret is not accepted: whoever
// can write the database could have made it.
import { createHash } from 'node:crypto';
import { readKeySecret } from '../../db/api-keys.ts';
import type { Db } from '../../db/server/connection.ts';

/** `name` stands in the row of a key, and says nothing about the secret. */
export type HashSecret = { name: string; key: Buffer };

/** The first one hashes new keys, all of them check. */
export type HashSecrets = readonly [HashSecret, ...HashSecret[]];

/** `given`: API_KEY_SECRET. */
export async function readHashSecrets(db: Db, given: readonly string[]): Promise<HashSecrets> {
  const [first, ...others] = given.map(named);
  if (first) return [first, ...others];
  return [{ name: 'database', key: await readKeySecret(db) }];
}

function named(text: string): HashSecret {
  return { name: createHash('sha256').update(text).digest('hex').slice(0, 8), key: Buffer.from(text) };
}
