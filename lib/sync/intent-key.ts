// Our own idempotency keys, read back: an event or an answer names the key of the request that caused it.
import { isUuid } from '../uuid.ts';

/** The intent behind a key of this installation; null for any other key. */
export function intentOfKey(key: string, keyPrefix: string): string | null {
  const id = key.startsWith(keyPrefix) ? key.slice(keyPrefix.length) : null;
  return isUuid(id) ? id : null;
}
