// A change that comes back as its own cause too often is a loop that got through.
import type { Action } from '../action.ts';
import { park } from '../failing.ts';
import type { Situation } from '../situation.ts';

const MAX_HOPS = 5;

export function loop({ deliveries }: Situation): Action | null {
  if (!deliveries.some(({ hop }) => hop > MAX_HOPS)) return null;
  const message = 'its own echo keeps changing it; look at the last conflicts';
  return park({ code: 'loop', detail: { hops: MAX_HOPS, message } });
}
