// The idempotency keys of an installation: each names the intent behind the request.
import { isUuid } from '../uuid.ts';
import type { SyncPolicy } from './settings.ts';

/**
 * Every key of this installation begins so; `<env>` keeps developers, copies and restores on one
 * account apart.
 */
export function keyPrefix({ policy }: { policy: Pick<SyncPolicy, 'environment' | 'instanceId'> }): string {
  return `tb1:${policy.environment}.${policy.instanceId}:`;
}

/** The intent that a key of any installation names; the database has it only if the key is its own. */
export function intentInKey(key: string): string | null {
  const id = key.startsWith('tb1:') ? key.slice(key.lastIndexOf(':') + 1) : null;
  return isUuid(id) ? id : null;
}

/** The intent behind a key of this installation; null for any other key. */
export function intentOfKey(key: string, prefix: string): string | null {
  const id = key.startsWith(prefix) ? key.slice(prefix.length) : null;
  return isUuid(id) ? id : null;
}
