// A change that comes back as its own cause too often is a loop that got through; and a change whose
// requests never end stays parked, until a person or a newer change asks for it.
import type { Action } from '../action.ts';
import { park } from '../failing.ts';
import type { Situation } from '../situation.ts';
import { isStillUnending, parkUnending } from '../unending.ts';

const MAX_HOPS = 5;

export function loop(s: Situation): Action | null {
  if (isStillUnending(s)) return parkUnending(s);
  if (!s.deliveries.some(({ hop }) => hop > MAX_HOPS)) return null;
  const message = 'its own echo keeps changing it; look at the last conflicts';
  return park({ code: 'loop', detail: { hops: MAX_HOPS, message } });
}
