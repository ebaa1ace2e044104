// Who looks at the console. A session is a cookie that this process sealed (AES-256-GCM): it holds the text of
// the API key, so that a revoked key ends the session within the 5 s in which it ends everywhere. Nothing is
// stored here: several processes and a process that started anew open the same cookie.
//
// A form carries a token, which is an HMAC over the id of its session: another site cannot make one.

import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { scopeOf, type Scope } from './scopes.ts';

export type Session = {
  /** Random, made at each log-in; form tokens are bound to it. */
  id: string;
  key: string;
  scope: Scope;
  /** Such as `key:oncall/3f9c1a2b7d04`. */
  name: string;
};

export interface Seals {
  seal(session: Session): string;
  /** Null if it was not sealed here, was changed, or is over. */
  open(text: string): Session | null;
  tokenOf(binding: string): string;
  isToken(binding: string, given: string): boolean;
}

export const SESSION_MS = 12 * 60 * 60 * 1_000;

const FORM = 'twinbox-console-1';

/** `secrets`: the first one seals, all of them open. */
export function createSeals(secrets: readonly Uint8Array[], now: () => Date): Seals {
  const keys = secrets.map((secret) => ({ box: derive(secret, 'session'), form: derive(secret, 'form') }));
  const [first] = keys;
  if (!first) throw new Error('the console has no secret to seal sessions with');

  const tokenBy = (key: Buffer, binding: string): Buffer =>
    createHmac('sha256', key).update(binding).digest();

  return {
    seal(session) {
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', first.box, iv).setAAD(Buffer.from(FORM));
      const text = JSON.stringify({ ...session, until: now().getTime() + SESSION_MS });
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
    },
    open(text) {
      const bytes = Buffer.from(text, 'base64url');
      for (const { box } of keys) {
        const found = unseal(bytes, box);
        if (found !== null) return read(found, now());
      }
      return null;
    },
    tokenOf: (binding) => tokenBy(first.form, binding).toString('base64url'),
    isToken(binding, given) {
      const bytes = Buffer.from(given, 'base64url');
      return keys.some(({ form }) => {
        const right = tokenBy(form, binding);
        return bytes.length === right.length && timingSafeEqual(bytes, right);
      });
    },
  };
}

function derive(secret: Uint8Array, use: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `${FORM} ${use}`, 32));
}

function unseal(bytes: Buffer, key: Buffer): string | null {
  if (bytes.length < 29) return null;
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 })
    .setAAD(Buffer.from(FORM))
    .setAuthTag(bytes.subarray(12, 28));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
  } catch {
    // It was sealed with another secret, or changed.
    return null;
  }
}

function read(text: string, now: Date): Session | null {
  const { id, key, scope, name, until } = JSON.parse(text) as Session & { until: number };
  const known = scopeOf(scope);
  return known === null || until <= now.getTime() ? null : { id, key, scope: known, name };
}
