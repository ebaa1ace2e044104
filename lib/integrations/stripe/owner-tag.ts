// Our owner tag in a customer's metadata: key `twinbox_<instance id>`, value the event_id of the
// creating event of its row. By it a customer is found again when every key and id is lost, and two
// installations on one account leave each other's alone.

const PREFIX = 'twinbox_';

/** The metadata key of an installation's owner tag. */
export function tagKeyOf(instanceId: string): string {
  return `${PREFIX}${instanceId}`;
}

/** Stripe's limits: keys of at most 40 characters, no square brackets (docs.stripe.com/api/metadata). */
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
 * Reads metadata of any shape; a blank value is no owner tag, as Stripe unsets a key by a blank.
 */
export function readTag(metadata: unknown, tagKey: string): TagRead {
  if (typeof metadata !== 'object' || metadata === null) return { ownerTag: null, foreignTag: false };
  const marks = Object.entries(metadata).filter(
    (entry): entry is [string, string] =>
      isOwnerTagKey(entry[0]) && typeof entry[1] === 'string' && entry[1].trim() !== '',
  );
  const own = marks.find(([key]) => key === tagKey);
  return { ownerTag: own?.[1] ?? null, foreignTag: own === undefined && marks.length > 0 };
}
