// What the headers of an answer say. A header that came twice is joined by node with ", ", and says something only where both agree.

const HOUR = 3_600_000;

/** IMF-fixdate, the one form of a date that is sent (RFC 9110 §5.6.7); Date.parse takes "-5" and "2030" for dates too. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** The time of an answer by Stripe's clock, from its Date header. */
export function readDate(header: unknown): Date | null {
  if (typeof header !== 'string' || !HTTP_DATE.test(header)) return null;
  const ms = Date.parse(header);
  return Number.isNaN(ms) ? null : new Date(ms);
}

/**
 * Seconds or a date (RFC 9110 §10.2.3). Stripe documents none; a proxy before it may send one, and none of its waits is longer than
 * an hour: a customer would be held for years by a date that is wrong.
 */
export function readRetryAfter(header: unknown, now: Date): number | null {
  if (typeof header !== 'string') return null;
  const ms = /^\d+$/.test(header)
    ? Number(header) * 1000
    : (readDate(header)?.getTime() ?? NaN) - now.getTime();
  return Number.isNaN(ms) ? null : Math.min(Math.max(0, ms), HOUR);
}

/** Whether an answer is the stored one of an earlier request; `unclear` where the header is there and says neither. */
export type Replay = 'yes' | 'no' | 'unclear';

/** docs.stripe.com/api/idempotent_requests documents `Idempotent-Replayed: true`, and no other value. */
export function readReplay(header: unknown): Replay {
  if (header === undefined) return 'no';
  const said = readFlag(header);
  return said === null ? 'unclear' : said ? 'yes' : 'no';
}

export function readFlag(header: unknown): boolean | null {
  if (typeof header !== 'string') return null;
  const said = new Set(header.split(',').map((part) => part.trim().toLowerCase()));
  const [only = ''] = said;
  return said.size === 1 ? ({ true: true, false: false }[only] ?? null) : null;
}

/** An id of a request (docs.stripe.com/api/request_ids), as it is kept in rows; null for what is none. */
export function readRequestId(header: unknown): string | null {
  return typeof header === 'string' && /^req_[A-Za-z0-9_-]{1,250}$/.test(header) ? header : null;
}
