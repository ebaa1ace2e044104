// The text of a key: `twinbox_<12 digits>_<48 digits>`, all of them hexadecimal. The first part says to
// people and to scanners of secrets what it is, the second is the public id by which the row is found,
// and the third has 192 random bits.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ApiKey } from '../../db/api-keys.ts';

const TEXT = /^twinbox_([0-9a-f]{12})_([0-9a-f]{48})$/;

export type KeyText = { id: string; secret: string };

export function newKeyText(): KeyText & { text: string } {
  const [id, secret] = [randomBytes(6).toString('hex'), randomBytes(24).toString('hex')];
  return { id, secret, text: `twinbox_${id}_${secret}` };
}

/** Null if it does not have the form. */
export function readKeyText(text: string): KeyText | null {
  const [, id, secret] = TEXT.exec(text) ?? [];
  return id === undefined || secret === undefined ? null : { id, secret };
}

type Hashed = KeyText & Pick<ApiKey, 'scope' | 'system'>;

/**
 * The scope and the system are part of what is hashed: whoever can change the row, and does not have
 * the secret of the hashes, cannot give a key another scope.
 */
export function hashOf({ id, secret, scope, system }: Hashed, key: Buffer): Buffer {
  return createHmac('sha256', key)
    .update(JSON.stringify(['twinbox-key-1', id, secret, scope, system]))
    .digest();
}

/** The time that it takes says nothing about the stored hash. */
export function isKey(row: ApiKey, { secret }: KeyText, key: Buffer): boolean {
  return timingSafeEqual(row.hash, hashOf({ ...row, secret }, key));
}
