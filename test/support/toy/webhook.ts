// How the toy signs its webhooks: over the method, the path, the time and the body, in two headers. A
// body has many events.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Verification, WebhookCheck } from '../../../lib/integrations/integration.ts';

/** What its webhooks prove themselves by. */
export const TOY_SECRET = 'toy-secret';

type Signed = { method: string; path: string; body: Uint8Array | string; at: Date };

const digest = ({ method, path, body, at }: Signed, secret: string): Buffer =>
  createHmac('sha256', secret).update(`${method} ${path}\n${at.getTime()}\n`).update(body).digest();

export function signToy(signed: Signed, secret = TOY_SECRET): Record<string, string> {
  return {
    'toy-signature': digest(signed, secret).toString('hex'),
    'toy-time': String(signed.at.getTime()),
  };
}

export function verifyToy({
  headers,
  secrets,
  now,
  toleranceS,
  rawBody,
  ...asked
}: WebhookCheck): Verification {
  const [said, time] = [headers['toy-signature'], headers['toy-time']];
  const no = (code: string, message: string): Verification => ({ ok: false, code, message });
  if (typeof said !== 'string' || typeof time !== 'string') return no('missing', 'There is no signature.');
  const at = new Date(Number(time));
  if (!(Math.abs(now.getTime() - at.getTime()) <= toleranceS * 1_000)) return no('too_old', 'It is too old.');
  const given = Buffer.from(said, 'hex');
  const known = secrets.some((secret) => {
    const expected = digest({ ...asked, body: rawBody, at }, secret);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
  return known ? { ok: true, signedAt: at } : no('no_match', 'The toy does not know this signature.');
}
