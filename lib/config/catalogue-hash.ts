// Two processes can see whether they were started with the same configuration of entities and mappings.
import { createHash } from 'node:crypto';
import type { Catalogue } from '../catalogue/catalogue.ts';

/**
 * Twelve hexadecimal digits. The order of keys does not count; the text of a transform does, with its
 * spaces, and what it reads from elsewhere does not.
 */
export function catalogueHash(catalogue: Catalogue): string {
  return createHash('sha256')
    .update(JSON.stringify(plain(catalogue)))
    .digest('hex')
    .slice(0, 12);
}

function plain(value: unknown): unknown {
  if (typeof value === 'function') return Function.prototype.toString.call(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([key, member]) => [key, plain(member)]));
}
