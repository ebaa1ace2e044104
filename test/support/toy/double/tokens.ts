// The credentials of Toy's double: a token that never changes, and tokens that a client gets with its
// secret. A renewal replaces the refresh token; the replaced one is taken for `graceMs` more.
import { randomBytes } from 'node:crypto';

/** A token of the settings. */
export const TOKEN = 'toy-token';
export const CLIENT_SECRET = 'toy-client-secret';

export interface TokenOptions {
  /** How long the double takes a refresh token that it has replaced; 0: not at all. */
  graceMs: number;
  /** How long an access token lasts. */
  lifeS: number;
  /** Within how many days a person has to connect the account again. */
  reconnectInDays: number;
}

export const A_DAY: TokenOptions = { graceMs: 24 * 3_600_000, lifeS: 3_600, reconnectInDays: 100 };

export type Tokens = ReturnType<typeof createTokens>;

export function createTokens(given: TokenOptions, now: () => number) {
  let { graceMs } = given;
  /** Each until when. */
  const access = new Map<string, number>();
  const refresh = new Map<string, number>();
  const all: string[] = [];
  let renewals = 0;

  function make(kept: Map<string, number>, prefix: string, until: number): string {
    const token = `${prefix}-${randomBytes(12).toString('hex')}`;
    kept.set(token, until);
    all.push(token);
    return token;
  }

  const isTaken = (kept: Map<string, number>, token: string): boolean => (kept.get(token) ?? 0) > now();

  return {
    takes: (token: string): boolean => token === TOKEN || isTaken(access, token),
    /** What a person is shown when the account is connected. */
    connect: (): string => make(refresh, 'toy-refresh', Infinity),
    /** The answer to POST /token, or the code of its error. */
    renew({ client_secret: secret, refresh_token: old }: Record<string, unknown>): object | string {
      if (secret !== CLIENT_SECRET) return 'invalid_client';
      if (old !== undefined && (typeof old !== 'string' || !isTaken(refresh, old))) return 'invalid_grant';
      renewals += 1;
      if (old !== undefined) refresh.set(old, Math.min(refresh.get(old) ?? 0, now() + graceMs));
      return {
        access_token: make(access, 'toy-access', now() + given.lifeS * 1_000),
        expires_in: given.lifeS,
        reconnect_in_days: given.reconnectInDays,
        ...(old !== undefined && { refresh_token: make(refresh, 'toy-refresh', Infinity) }),
      };
    },
    /** No access token is taken any more; `forGood`: nor any refresh token. */
    revoke({ forGood = false } = {}): void {
      access.clear();
      if (forGood) refresh.clear();
    },
    /** How many renewals were carried out. */
    renewals: (): number => renewals,
    /** Every token that was ever given. */
    given: (): readonly string[] => all,
    /** A refresh token that is replaced from now on is not taken again. */
    forgetReplaced: (): void => void (graceMs = 0),
  };
}
