// How Toy's credential is had where it is not a token of the settings: with the secret of a client. Toy
// gives an access token for an hour and a refresh token; each renewal replaces both. If your vendor mints
// tokens from the settings alone, say `minted`. If its tokens never change, delete this file.
import type { Auth, Renewed, Secrets } from '../../../../lib/integrations/auth.ts';
import { capabilities } from './capabilities.ts';
import { classify } from './classify.ts';
import { request, unexpectedAnswer, type Hash } from './client.ts';

export interface ToyAuthSettings {
  /** Without a slash at its end. */
  url: string;
  clientSecret: string;
}

const SECOND = 1_000;

export function createToyAuth({ url, clientSecret }: ToyAuthSettings, kind: Auth['kind'] = 'rotating'): Auth {
  return {
    kind,
    address: url,
    madeFrom: [clientSecret],
    callTimeoutMs: capabilities.callTimeoutMs,
    renewTimeoutMs: 10 * SECOND,
    async renew(current, { signal, now }) {
      const { refresh_token: refresh } = current ?? {};
      const body = { client_secret: clientSecret, ...(kind === 'rotating' && { refresh_token: refresh }) };
      const answer = await request(`${url}/token`, { method: 'POST', body, signal });
      return readRenewed(answer.body, now, kind);
    },
    classify,
    first: {
      what: 'the refresh token that Toy shows when it is connected',
      read: (text): Secrets | null => (/^[\w.-]{8,500}$/.test(text) ? { refresh_token: text } : null),
    },
  };
}

/** An answer that lacks a part is none: half of it would be stored over what still works. */
function readRenewed(said: Hash, now: Date, kind: Auth['kind']): Renewed {
  const { access_token: access, refresh_token: refresh, expires_in: seconds } = said;
  const days = said['reconnect_in_days'] ?? null;
  if (typeof access !== 'string' || typeof seconds !== 'number') throw unexpectedAnswer();
  if (kind === 'rotating' && typeof refresh !== 'string') throw unexpectedAnswer();
  const after = (ms: number): Date => new Date(now.getTime() + ms);
  return {
    secrets: { access_token: access, ...(typeof refresh === 'string' && { refresh_token: refresh }) },
    expiresAt: after(seconds * SECOND),
    reconnectBy: typeof days === 'number' ? after(days * 24 * 3_600 * SECOND) : null,
  };
}
