// Our owner tag in a customer's metadata: key `twinbox_<instance id>`, value the event_id of the
// creating event of its row. By it a customer is found again when every key and id is lost, and two
// installations on one account leave each other's alone.

const PREFIX = 'twinbox_';

/** The metadata key of an installation's owner tag. */
export function markKeyOf(instanceId: string): string {
  return `${PREFIX}${instanceId}`;
}

/** Stripe's limits: keys of at most 40 characters, no square brackets (docs.stripe.com/api/metadata). */
export function isMarkKey(key: string): boolean {
  return /^twinbox_[A-Za-z0-9_-]{1,32}$/.test(key);
}

export function writeMark(markKey: string, mark: string): Record<string, string> {
  return { [markKey]: mark };
}

export interface MarkRead {
  mark: string | null;
  foreignMark: boolean;
}

/**
 * Reads metadata of any shape; a blank value is no owner tag, as Stripe unsets a key by a blank.
 */
export function readMark(metadata: unknown, markKey: string): MarkRead {
  if (typeof metadata !== 'object' || metadata === null) return { mark: null, foreignMark: false };
  const marks = Object.entries(metadata).filter(
    (entry): entry is [string, string] =>
      entry[0].startsWith(PREFIX) && typeof entry[1] === 'string' && entry[1].trim() !== '',
  );
  const own = marks.find(([key]) => key === markKey);
  return { mark: own?.[1] ?? null, foreignMark: own === undefined && marks.length > 0 };
}
