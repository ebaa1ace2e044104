// Whether a webhook was sent by Stripe (docs.stripe.com/webhooks/signature): `Stripe-Signature:
// t=<s>,v1=<hex>[,v1=<hex>…]`, each v1 an HMAC-SHA256 of `<t>.<raw body>` under one secret. The
// SDK's check takes one secret, accepts times in the future, reads a tolerance of 0 as "none", and
// decodes the body first; this check does not. What is cheap to refuse is refused first.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Verification, WebhookCheck } from '../integration.ts';

/** A real header has some 100 characters for each secret. */
const MAX_HEADER = 4096;
const MAX_SIGNATURES = 16;

/** What is signed, and the value of the header, as received. */
export type SignatureCheck = Pick<WebhookCheck, 'rawBody' | 'secrets' | 'now' | 'toleranceS'> & {
  header: string | string[] | undefined;
};

const REASONS = {
  no_secret: 'no webhook secret is set',
  missing: 'there is no Stripe-Signature header',
  malformed: 'the Stripe-Signature header is not t=…,v1=…',
  no_signature: 'the Stripe-Signature header has no v1 signature',
  too_old: 'the signature is older than the tolerance',
  too_new: 'the signature is from the future by more than the tolerance: check both clocks',
  no_match: 'no signature matches: another secret, or another body',
};

/**
 * Times are compared in whole seconds, as they are signed; a tolerance of 0 means the same second.
 */
export function verifySignature(check: SignatureCheck): Verification {
  const { rawBody, header, secrets, now, toleranceS } = check;
  const usable = secrets.filter((secret) => secret.trim() !== '');
  if (usable.length === 0) return refuse('no_secret');
  if (header === undefined || header === '') return refuse('missing');
  if (typeof header !== 'string' || header.length > MAX_HEADER) return refuse('malformed');
  const parsed = parseHeader(header);
  if (parsed === null) return refuse('malformed');
  if (parsed.signatures.length === 0) return refuse('no_signature');
  const age = Math.floor(now.getTime() / 1000) - parsed.time;
  if (age > toleranceS) return refuse('too_old');
  if (age < -toleranceS) return refuse('too_new');
  const matches = usable.filter((secret) => {
    const expected = createHmac('sha256', secret).update(`${parsed.time}.`).update(rawBody).digest();
    return parsed.signatures.filter((signature) => timingSafeEqual(signature, expected)).length > 0;
  });
  return matches.length > 0 ? { ok: true, signedAt: new Date(parsed.time * 1000) } : refuse('no_match');
}

/** Schemes other than v1 are ignored: v0 is for tests, and a future scheme cannot be guessed. */
function parseHeader(header: string): { time: number; signatures: Buffer[] } | null {
  const times: string[] = [];
  const signatures: Buffer[] = [];
  for (const item of header.split(',')) {
    const at = item.indexOf('=');
    if (at < 0) return null;
    const [scheme, value] = [item.slice(0, at).trim(), item.slice(at + 1).trim()];
    if (scheme === 't') times.push(value);
    if (scheme === 'v1' && /^[0-9a-f]{64}$/i.test(value)) signatures.push(Buffer.from(value, 'hex'));
  }
  const [time] = times;
  if (time === undefined || times.length > 1 || !/^\d{1,12}$/.test(time)) return null;
  return signatures.length > MAX_SIGNATURES ? null : { time: Number(time), signatures };
}

function refuse(code: keyof typeof REASONS): Verification {
  return { ok: false, code, message: REASONS[code] };
}
