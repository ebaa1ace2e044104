// The header Prefer (RFC 7240), of which the API knows `wait`. As the RFC demands, a preference that is
// not known or cannot be met is ignored.
import type { Request } from 'express';

/** The longest wait in seconds; a longer one that is asked for is cut to it. */
export const WAIT_MAX_S = 30;

/** Undefined if the request asks for no wait. */
export function waitOf(req: Request): number | undefined {
  for (const preference of (req.get('Prefer') ?? '').split(/[,;]/)) {
    const [, seconds] = /^\s*wait\s*=\s*"?([1-9]\d*)"?\s*$/i.exec(preference) ?? [];
    // The first of several counts (RFC 7240, section 2).
    if (seconds !== undefined) return Math.min(Number(seconds), WAIT_MAX_S);
  }
  return undefined;
}
