// Which ids of customers a request can contain. An account may choose the id of a customer that it
// creates (imports from other systems do: an email, a number, a path). The SDK encodes an id as one
// segment of the path, by encodeURIComponent, and this file refuses only ids that encoding does not
// make safe.
import { unsendable } from './evidence.ts';

/**
 * Far above the ids that Stripe makes (docs.stripe.com/upgrades names 255), in UTF-16 units;
 * encoded it is at most nine times as long.
 */
const MAX_LENGTH = 255;

/** Segments of GET /v1/customers/… that have another meaning. */
const OTHER_RESOURCES = ['search'];

/**
 * The id, if a request with it names this customer and nothing else; otherwise throws `unsendable`
 * with the reason, which does not repeat the id, since the id may be an email.
 */
export function requireCustomerId(externalId: string | null): string {
  const why = whyUnsendable(externalId);
  if (why !== null || externalId === null) throw unsendable(`the external id ${why ?? 'is missing'}`);
  return externalId;
}

function whyUnsendable(id: string | null): string | null {
  // The path would be the path of the collection: an update without an id would create a customer.
  if (id === null || id === '') return 'is empty';
  if (id.length > MAX_LENGTH) return `is longer than ${MAX_LENGTH} characters`;
  if (!id.isWellFormed()) return 'contains half of a surrogate pair, which cannot be encoded';
  // Encoding leaves dots as they are, and a proxy may resolve such a segment to another path.
  if (id === '.' || id === '..') return 'consists of dots only, which a path takes for a folder';
  if (OTHER_RESOURCES.includes(id)) return 'is the name of another part of the API of Stripe';
  return null;
}
