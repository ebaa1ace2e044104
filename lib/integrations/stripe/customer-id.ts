// Which ids of customers can stand in a request. An id is the account's to choose when a customer
// is made (imports from other systems do: an email, a number, a path), so it is encoded as one
// segment of the path, which the SDK does by encodeURIComponent, and judged by nothing but what
// encoding cannot save.
import { unsendable } from './evidence.ts';

/**
 * Far above what Stripe gives out (docs.stripe.com/upgrades names 255), in UTF-16 units; encoded it
 * is at most nine times as long.
 */
const MAX_LENGTH = 255;

/** What GET /v1/customers/… means by itself. */
const OTHER_RESOURCES = ['search'];

/**
 * The id, if a request can name the customer by it and nothing else; throws `unsendable` with the
 * reason, which does not repeat the id, since it may be an email.
 */
export function requireCustomerId(externalId: string | null): string {
  const why = whyUnsendable(externalId);
  if (why !== null || externalId === null) throw unsendable(`its external id ${why ?? 'is missing'}`);
  return externalId;
}

function whyUnsendable(id: string | null): string | null {
  // The path would be that of the collection: an update of no customer would make one.
  if (id === null || id === '') return 'is empty';
  if (id.length > MAX_LENGTH) return `is longer than ${MAX_LENGTH} characters`;
  if (!id.isWellFormed()) return 'holds half of a character, which no encoding has';
  // Encoding leaves dots as they are, and a path with such a segment is taken for another one on the way.
  if (id === '.' || id === '..') return 'is nothing but dots, which a path takes for a folder';
  if (OTHER_RESOURCES.includes(id)) return 'is the name of another part of the API of Stripe';
  return null;
}
