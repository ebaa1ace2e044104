// API keys. Without keys the API is open; the settings allow that only on the loopback address, or
// with an explicit setting.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { setCaller } from './callers.ts';
import { Problem } from './problems.ts';

/**
 * Lets a request pass if it carries one of the keys. Webhooks pass without a key, since their
 * signature is checked.
 */
export function requireKey(keys: readonly string[]): RequestHandler {
  const digests = keys.map(digest);
  return (req, _res, next) => {
    if (req.path.startsWith('/api/v1/webhooks/')) return next();
    if (digests.length === 0) {
      setCaller(req, { scope: 'admin' });
      return next();
    }
    const given = bearerOf(req);
    if (given === undefined) {
      throw unauthorized('Send the header "Authorization: Bearer <key>" with one of API_KEYS.', '');
    }
    if (!isOneOf(digests, digest(given))) {
      throw unauthorized(
        'The key in the header Authorization is not one of API_KEYS.',
        ', error="invalid_token"',
      );
    }
    // Its own name in the records: a few letters of the hash.
    setCaller(req, { scope: 'admin', actor: `key:${digest(given).toString('hex').slice(0, 8)}` });
    next();
  };
}

function bearerOf(req: Request): string | undefined {
  return /^Bearer +([\w.~+/-]+=*) *$/i.exec(req.get('Authorization') ?? '')?.[1];
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

// Compares with every key, so that the time taken does not show which key was nearly right.
function isOneOf(digests: readonly Buffer[], given: Buffer): boolean {
  let found = false;
  for (const each of digests) found = timingSafeEqual(each, given) || found;
  return found;
}

function unauthorized(detail: string, more: string): Problem {
  return new Problem('unauthorized', detail, {
    headers: { 'WWW-Authenticate': `Bearer realm="twinbox"${more}` },
  });
}
