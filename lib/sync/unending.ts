// A change whose requests never end: the integration answers each question for the next request with one
// more (`Integration.next`). How many were answered since both sides last agreed stands in the mapping,
// so neither a death nor a new lease makes the count begin again.
import { park } from './failing.ts';
import type { Action } from './action.ts';
import { received } from './received.ts';
import type { Situation } from './situation.ts';

/** So many requests of one change are answered before the pair is parked. */
export const MOST_PARTS = 100;

export function isUnending({ mapping }: Situation): boolean {
  return mapping.parts >= MOST_PARTS;
}

export function parkUnending({ mapping }: Situation): Action {
  const requests = Math.max(mapping.parts, MOST_PARTS);
  const message = 'each answer was followed by another request: the integration has a fault';
  return park({ code: 'unending', detail: { requests, message } });
}

/**
 * Whether only the echoes of these requests have come in since the pair was parked so. Then it stays
 * parked: else it would begin again for ever.
 */
export function isStillUnending(s: Situation): boolean {
  const { reason, state, mustRead } = s.mapping;
  if (state !== 'parked' || reason?.code !== 'unending' || mustRead) return false;
  const fresh = s.deliveries.filter(({ status }) => status === 'queued');
  const echoes = new Set(received(s).echoes.map(({ eventId }) => eventId));
  return fresh.every(({ eventId }) => echoes.has(eventId));
}
