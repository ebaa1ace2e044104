/**
 * Which of the due mappings goes first (docs/sync.md, "Order of work"). A mapping keeps the most
 * urgent class of the events that have raised it.
 */
export const urgencies = {
  /** An edit or a deletion by people, on either side. */
  edit: 0,
  /** A single new row, or a single new record at the system. */
  row: 1,
  /** Many at once: an import, a link of many, a replay. */
  bulk: 2,
  /** An echo, or an event of a pair that has ended: it is recorded, and no call is expected. */
  echo: 3,
  /** Comparisons and repairs. */
  housekeeping: 4,
} as const;

export type Urgency = (typeof urgencies)[keyof typeof urgencies];

/**
 * The class of a mapping `m` after an event of the class `to`: a mapping that was clean gets that
 * class alone.
 */
export function raisedUrgency(to: string): string {
  return `case when m.dirty = m.clean then ${to} else least(m.urgency, ${to}) end`;
}
