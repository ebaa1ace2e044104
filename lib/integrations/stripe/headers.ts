// Reads the headers of an answer. Node joins the values of a repeated header with ", "; such a
// header counts only if both values agree.

const HOUR = 3_600_000;

/**
 * IMF-fixdate, the form that servers send (RFC 9110 §5.6.7); Date.parse accepts "-5" as a date too.
 */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** The time of an answer by Stripe's clock, from its Date header. */
export function readDate(header: unknown): Date | null {
  if (typeof header !== 'string' || !HTTP_DATE.test(header)) return null;
  const ms = Date.parse(header);
  return Number.isNaN(ms) ? null : new Date(ms);
}

/**
 * Seconds or a date (RFC 9110 §10.2.3). Stripe documents no such header; a proxy may send one. The
 * wait is an hour at most, since a wrong date would hold a customer for years.
 */
export function readRetryAfter(header: unknown, now: Date): number | null {
  if (typeof header !== 'string') return null;
  const ms = /^\d+$/.test(header)
    ? Number(header) * 1000
    : (readDate(header)?.getTime() ?? NaN) - now.getTime();
  return Number.isNaN(ms) ? null : Math.min(Math.max(0, ms), HOUR);
}

/** Whether this is the stored answer to an earlier request; `unclear`: the header says neither. */
export type Replay = 'yes' | 'no' | 'unclear';

/**
 * Stripe documents `Idempotent-Replayed: true` and no other value
 * (docs.stripe.com/error-low-level).
 */
export function readReplay(header: unknown): Replay {
  if (header === undefined) return 'no';
  const isReplay = readFlag(header);
  return isReplay === null ? 'unclear' : isReplay ? 'yes' : 'no';
}

export function readFlag(header: unknown): boolean | null {
  if (typeof header !== 'string') return null;
  const values = new Set(header.split(',').map((part) => part.trim().toLowerCase()));
  const [only = ''] = values;
  return values.size === 1 ? ({ true: true, false: false }[only] ?? null) : null;
}

/**
 * The id of a request (docs.stripe.com/api/request_ids), in the form that rows keep; null for other
 * text.
 */
export function readRequestId(header: unknown): string | null {
  return typeof header === 'string' && /^req_[A-Za-z0-9_-]{1,250}$/.test(header) ? header : null;
}
