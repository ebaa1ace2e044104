// Our owner tag in a customer's metadata: key `twinbox_<instance id>`, value the event id of the
// event that created its row. By this tag a customer is found again when every key and id is lost,
// and two installations on one account leave each other's customers alone.

const PREFIX = 'twinbox_';

/** The metadata key of an installation's owner tag. */
export function tagKeyOf(instanceId: string): string {
  return `${PREFIX}${instanceId}`;
}

/**
 * Stripe's limits: keys of at most 40 characters, no square brackets
 * (docs.stripe.com/api/metadata).
 */
export function isTagKey(key: string): boolean {
  return /^twinbox_[A-Za-z0-9_-]{1,32}$/.test(key);
}

/** Of this installation or of another one. */
export function isOwnerTagKey(key: string): boolean {
  return key.startsWith(PREFIX);
}

export function writeTag(tagKey: string, ownerTag: string): Record<string, string> {
  return { [tagKey]: ownerTag };
}

export interface TagRead {
  ownerTag: string | null;
  foreignTag: boolean;
}

/**
 * Reads metadata of any shape; an empty value is no owner tag, since Stripe removes a key that is
 * set to an empty value.
 */
export function readTag(metadata: unknown, tagKey: string): TagRead {
  if (typeof metadata !== 'object' || metadata === null) return { ownerTag: null, foreignTag: false };
  const tags = Object.entries(metadata).filter(
    (entry): entry is [string, string] =>
      isOwnerTagKey(entry[0]) && typeof entry[1] === 'string' && entry[1].trim() !== '',
  );
  const own = tags.find(([key]) => key === tagKey);
  return { ownerTag: own?.[1] ?? null, foreignTag: own === undefined && tags.length > 0 };
}
