// Secrets as they stand in a row: AES-256-GCM under a key of TWINBOX_SECRET_KEY. The form is
// `v1.<name of the key>.<12 random bytes>.<text and its 16 bytes of proof>`, the last two in base64url. The
// name of a key is the beginning of its SHA-256, so the right one of several is found, and a missing one
// can be named. `about` is part of the proof: a row that is copied to another system cannot be opened.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { Secrets } from '../integrations/auth.ts';

export type Opened =
  | { ok: true; secrets: Secrets; /** It is sealed by the first key. */ isCurrent: boolean }
  /** `no_key`: none of the keys has this name. `not_authentic`: it was changed, or is about something else. */
  | { ok: false; why: 'no_key' | 'not_authentic'; key: string };

/** By the first key. Each is of 32 bytes in base64. */
export function seal(secrets: Secrets, about: string, keys: readonly string[]): string {
  const [first] = keys;
  if (first === undefined) throw new Error('there is no key to seal with');
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', bytesOf(first), iv).setAAD(Buffer.from(about));
  const text = Buffer.concat([cipher.update(JSON.stringify(secrets)), cipher.final(), cipher.getAuthTag()]);
  return ['v1', nameOfKey(first), iv.toString('base64url'), text.toString('base64url')].join('.');
}

export function open(sealed: string, about: string, keys: readonly string[]): Opened {
  const [form, name = '', iv = '', text = ''] = sealed.split('.');
  const key = keys.find((one) => nameOfKey(one) === name);
  if (key === undefined) return { ok: false, why: 'no_key', key: name };
  try {
    if (form !== 'v1') throw new Error('another form');
    const bytes = Buffer.from(text, 'base64url');
    const opener = createDecipheriv('aes-256-gcm', bytesOf(key), Buffer.from(iv, 'base64url'), {
      authTagLength: 16,
    });
    opener.setAAD(Buffer.from(about)).setAuthTag(bytes.subarray(-16));
    const plain = Buffer.concat([opener.update(bytes.subarray(0, -16)), opener.final()]).toString();
    return { ok: true, secrets: JSON.parse(plain) as Secrets, isCurrent: key === keys[0] };
  } catch {
    return { ok: false, why: 'not_authentic', key: name };
  }
}

/** Eight digits that say which key it is, and nothing else about it. */
export function nameOfKey(key: string): string {
  return createHash('sha256').update(bytesOf(key)).digest('hex').slice(0, 8);
}

function bytesOf(key: string): Buffer {
  return Buffer.from(key, 'base64');
}
