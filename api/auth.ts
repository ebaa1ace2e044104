// Who may send a request: the key is read from the header Authorization, and what it may do is checked
// by each route (routing.ts). Without keys the API is open; it starts so only on the loopback address,
// or with an explicit setting.

import { createHash } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import type { ApiKeys, KeyHolder, KeyVerdict } from '../lib/keys/api-keys.ts';
import type { Part } from '../lib/health/readiness.ts';
import { hasCaller, setCaller } from './callers.ts';
import { createFailedLogins } from './failed-logins.ts';
import { databaseAway, Problem } from './problems.ts';
import type { ApiLog } from './requests.ts';
import { sendProblem } from './responses.ts';

export type Login = {
  /** Lets a request pass if it carries a key, or if none is needed. */
  requireKey: RequestHandler;
  /** For a stream: whether what the request came with is still good, from an answer no older than `ms`. */
  stillAllowed(req: Request, ms: number): Promise<boolean>;
  /** The holder of a key that came from this address. Throws 401; or 429 after too many wrong ones. */
  tryKey(key: string, address: string): Promise<KeyHolder>;
  /** What /ready shows of this process. */
  part(): Promise<Part>;
};

export type LoginDeps = {
  keys: ApiKeys;
  log: ApiLog;
  /** How long to wait for the database. */
  deadlineMs: number;
  /** Milliseconds that only go on; for tests. */
  elapsed?: () => number;
};

/** Keys that were right are checked also at an address that has to wait; this many are remembered. */
const MOST_PROVEN = 1_000;
const LOGGED_AGAIN_MS = 10_000;

export function createLogin({ keys, log, deadlineMs, elapsed = () => performance.now() }: LoginDeps): Login {
  const failures = createFailedLogins({ elapsed });
  const proven = rememberNewest(MOST_PROVEN);
  const counts = { refused: 0, limited: 0 };
  const noteRefused = noteRefusals(log, elapsed);

  async function look(req: Request): Promise<void> {
    if (await keys.isOpen()) return setCaller(req, { scope: 'admin', system: null });
    const given = bearerOf(req);
    if (given === undefined)
      throw unauthorized('Send the header "Authorization: Bearer <key>" with a key of the API.', '');
    setCaller(req, await tryKey(given, req.socket.remoteAddress ?? ''));
  }

  async function tryKey(given: string, address: string): Promise<KeyHolder> {
    const mark = hash(given);
    const wait = failures.waitS(address);
    if (wait > 0 && !proven.has(mark)) {
      counts.limited += 1;
      throw tooMany(wait);
    }
    const verdict = await keys.check(given);
    if (!verdict.ok) {
      proven.delete(mark);
      // Who has the whole text of an ended key does not guess.
      if (verdict.why === 'wrong') failures.failed(address);
      counts.refused += 1;
      noteRefused(address, verdict.why);
      throw refused(verdict);
    }
    proven.add(mark);
    return verdict.holder;
  }

  return {
    requireKey: async (req, res, next) => {
      // Asked before, for a path below /customers that another router answers.
      if (hasCaller(req)) return next();
      // A webhook with a path of its own was answered before; the others get 404.
      if (req.baseUrl === '' && req.path.startsWith('/api/v1/webhooks/')) return next();
      const late = setTimeout(
        () => sendProblem(res, databaseAway(`The database did not answer within ${deadlineMs / 1000} s.`)),
        deadlineMs,
      );
      try {
        await look(req);
      } finally {
        clearTimeout(late);
      }
      if (!res.headersSent) next();
    },
    async stillAllowed(req, ms) {
      const given = bearerOf(req);
      if (given === undefined) return await keys.isOpen(ms);
      // While the API is open, a key that it does not have does no harm.
      return (await keys.isOpen(ms)) || (await keys.check(given, ms)).ok;
    },
    tryKey,
    part: () =>
      Promise.resolve({
        ready: true,
        figures: { keys_refused: counts.refused, logins_limited: counts.limited },
      }),
  };
}

/** A set of so many texts: the one that was not added for longest leaves first. */
function rememberNewest(most: number) {
  const known = new Set<string>();
  return {
    has: (text: string): boolean => known.has(text),
    delete: (text: string): void => void known.delete(text),
    add(text: string): void {
      known.delete(text);
      known.add(text);
      for (const oldest of known) {
        if (known.size <= most) break;
        known.delete(oldest);
      }
    },
  };
}

/** An attacker sends thousands: a warning is logged now and then, with the number of the others. */
function noteRefusals(log: ApiLog, elapsed: () => number): (address: string, why: string) => void {
  let last = { at: -Infinity, others: 0 };
  return (address, why) => {
    const now = elapsed();
    if (now - last.at < LOGGED_AGAIN_MS) {
      last.others += 1;
      log.debug('api.login_refused', { address, why });
    } else {
      log.warn('api.login_refused', { address, why, others_since: last.others });
      last = { at: now, others: 0 };
    }
  };
}

function refused({ why, ...more }: Extract<KeyVerdict, { ok: false }>): Problem {
  return unauthorized(
    'at' in more
      ? `This key ${why === 'revoked' ? 'was revoked' : 'expired'} at ${more.at.toISOString()}.`
      : 'The key in the header Authorization is not a key of this API.',
    ', error="invalid_token"',
  );
}

function bearerOf(req: Request): string | undefined {
  return /^Bearer +([\w.~+/-]+=*) *$/i.exec(req.get('Authorization') ?? '')?.[1];
}

function hash(key: string): string {
  return createHash('sha256').update(key).digest('base64');
}

function unauthorized(detail: string, more: string): Problem {
  return new Problem('unauthorized', detail, {
    headers: { 'WWW-Authenticate': `Bearer realm="twinbox"${more}` },
  });
}

function tooMany(waitS: number): Problem {
  return new Problem(
    'too_many_attempts',
    `Too many wrong keys came from this address. Send no key again before ${waitS} s have passed.`,
    { headers: { 'Retry-After': String(waitS) } },
  );
}
