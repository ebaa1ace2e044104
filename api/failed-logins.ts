// Limits how often one address may send a wrong key. A key has far too many random bits to be guessed:
// the limit keeps such attempts from costing reads of the database, and lets people see them.
//
// Behind a proxy all clients have the proxy's address. So a key that was right in this process before is
// checked all the same. A right key that was not used yet waits with the others, for a minute at most.
import { isIPv6 } from 'node:net';

/** This many in a minute; the next ones are answered 429. */
const MOST_FAILURES = 10;
const WINDOW_MS = 60_000;
const MOST_ADDRESSES = 10_000;

export type FailedLogins = {
  /** How many seconds this address has to wait; 0 if it may try. */
  waitS(address: string): number;
  failed(address: string): void;
};

/** Keeps the last 10,000 addresses at most: an attacker who has more of them is not limited. */
export function createFailedLogins({
  elapsed,
  most = MOST_ADDRESSES,
}: {
  /** Milliseconds that only go on. */
  elapsed: () => number;
  most?: number;
}): FailedLogins {
  // In the order in which their minutes began.
  const counted = new Map<string, { since: number; failures: number }>();

  function find(place: string) {
    const found = counted.get(place);
    if (found === undefined || elapsed() - found.since < WINDOW_MS) return found;
    counted.delete(place);
    return undefined;
  }

  return {
    waitS(address) {
      const found = find(placeOf(address));
      if (found === undefined || found.failures < MOST_FAILURES) return 0;
      return Math.max(1, Math.ceil((found.since + WINDOW_MS - elapsed()) / 1_000));
    },
    failed(address) {
      const place = placeOf(address);
      const found = find(place);
      if (found) found.failures += 1;
      else counted.set(place, { since: elapsed(), failures: 1 });
      for (const oldest of counted.keys()) {
        if (counted.size <= most) break;
        counted.delete(oldest);
      }
    },
  };
}

/** Of IPv6 the first 64 bits, since one machine has all addresses that begin with them. */
export function placeOf(address: string): string {
  const mapped = /^::ffff:(\d+(?:\.\d+){3})$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const [first, last] = [head, tail ?? ''].map((part) => part.split(':').filter((each) => each !== ''));
  const missing = tail === undefined ? 0 : 8 - (first?.length ?? 0) - (last?.length ?? 0);
  const groups = [...(first ?? []), ...Array<string>(Math.max(0, missing)).fill('0'), ...(last ?? [])];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
