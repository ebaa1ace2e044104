/**
 * Which account an API key belongs to. Any key that begins with `sk_test_` works and belongs to the
 * default account, until it is mapped to another one or revoked; a live key is refused, so that a
 * live key that is set by mistake is noticed.
 */
import { refuse } from './errors.ts';
import type { Store } from '../store/store.ts';

export const DEFAULT_ACCOUNT = 'acct_1TwinboxSimulator';

export type Keys = ReturnType<typeof createKeys>;

export function createKeys(store: Store, configured: string | undefined) {
  const defaultAccount = () => store.state.defaultAccount ?? configured ?? DEFAULT_ACCOUNT;

  function authorise(header: string | undefined, onBehalfOf: string | undefined): string {
    const key = readKey(header);
    if (key === null) {
      return refuseKey(
        "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
      );
    }
    const mapped = store.state.apiKeys.get(key);
    if (!key.startsWith('sk_test_') || mapped === null) refuseKey(`Invalid API Key provided: ${masked(key)}`);
    const account = mapped ?? defaultAccount();
    if (onBehalfOf !== undefined && onBehalfOf !== account) {
      refuse(
        `The provided key '${masked(key)}' does not have access to account '${onBehalfOf}' (or that account does not exist).`,
        { status: 403, code: 'account_invalid' },
      );
    }
    return account;
  }

  return {
    authorise,
    defaultAccount,
    /** Maps a key to an account with data of its own. */
    mapKey: (key: string, account: string) => store.commit([{ op: 'api_key', key, account }]),
    revokeKey: (key: string) => store.commit([{ op: 'api_key', key, account: null }]),
    /** The account of keys that are not mapped. */
    setDefault: (account: string) => store.commit([{ op: 'default_account', account }]),
    list: () => ({ default: defaultAccount(), accounts: [...store.state.accounts.keys()] }),
  };
}

/** Bearer, or Basic with the key as the user name; Stripe accepts both. */
function readKey(header: string | undefined): string | null {
  const [scheme, value] = (header ?? '').split(' ');
  if (!value) return null;
  if (scheme?.toLowerCase() === 'bearer') return value;
  if (scheme?.toLowerCase() !== 'basic') return null;
  return Buffer.from(value, 'base64').toString('utf8').split(':')[0] || null;
}

function refuseKey(message: string): never {
  return refuse(message, { status: 401, headers: { 'www-authenticate': 'Bearer realm="Stripe"' } });
}

function masked(key: string): string {
  const prefix = /^[a-z]+_[a-z]+_/.exec(key)?.[0] ?? '';
  return `${prefix}${'*'.repeat(Math.max(4, Math.min(20, key.length - prefix.length - 4)))}${key.slice(-4)}`;
}
