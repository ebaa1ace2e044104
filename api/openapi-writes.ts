// The headers of writes, for the API document.
import { ifMatchPattern } from './if-match.ts';
import { KEPT_MS, keyPattern } from './idempotency.ts';
import { parameter, type Json } from './openapi-parts.ts';
import { WAIT_MAX_S } from './prefer.ts';

export const writeParameters: Json = {
  'If-Match': {
    ...parameter('If-Match', 'header', { type: 'string', pattern: ifMatchPattern }),
    example: '*',
    description:
      'The ETag of the state that you saw, such as "7", or several with commas; the change is made only if the customer still has one of these versions. Weak tags (W/"7") and tags that a proxy has changed while compressing ("7-gzip") are accepted as "7". With an asterisk the customer only has to exist.',
  },
  'Twinbox-Bulk': {
    ...parameter('Twinbox-Bulk', 'header', { type: 'string', enum: ['true', 'false'] }),
    description:
      '"true" for a change that is one of many: single changes are sent to external systems before it.',
  },
  'Idempotency-Key': {
    ...parameter('Idempotency-Key', 'header', { type: 'string', pattern: keyPattern }),
    description: `A random text for each new change. Of all requests of one API key to one route with the same Idempotency-Key, one makes its change. For ${KEPT_MS / 3_600_000} hours a repeat gets the answer of that one again, byte for byte; afterwards it is a new request. Nothing is kept of a request that was refused.`,
  },
  Prefer: {
    ...parameter('Prefer', 'header', { type: 'string' }),
    description: `RFC 7240. wait=5: answers when the change has its outcome at every system, or after 5 seconds with 202. At most ${WAIT_MAX_S}; every other preference is ignored.`,
  },
};

export const writeHeaders: Json = {
  'Idempotent-Replayed': {
    description: 'true: nothing was written; this is the answer of an earlier request with the same key.',
    schema: { const: 'true' },
  },
  'Preference-Applied': {
    description: 'wait=5: the request has waited, for 5 seconds at most.',
    schema: { type: 'string' },
  },
};
