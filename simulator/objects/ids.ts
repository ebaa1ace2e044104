import { randomBytes, randomInt } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** An id in Stripe's form, `prefix_` and letters and digits. Ids are random, and have no order. */
export function newId(prefix: string, length = 14): string {
  return `${prefix}_${randomText(length, ALPHABET)}`;
}

/** Invoice prefixes are short and upper case; the caller checks whether the prefix is taken. */
export function newInvoicePrefix(): string {
  return randomText(8, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789');
}

/** Base64 contains `+` and `/`; Stripe does not promise that its signing secrets lack them. */
export function newSigningSecret(): string {
  return `whsec_${randomBytes(24).toString('base64')}`;
}

export function newSeed(): number {
  return randomInt(2 ** 31);
}

function randomText(length: number, alphabet: string): string {
  const bytes = randomBytes(length);
  let text = '';
  for (const byte of bytes) text += alphabet.charAt(byte % alphabet.length);
  return text;
}
