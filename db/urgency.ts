/**
 * Which of the mappings that are due goes first (docs/sync.md, "Order of work"). A mapping keeps
 * the most urgent class of what it is dirty for.
 */
export const urgencies = {
  /** An edit or a delete by people, on either side. */
  edit: 0,
  /** A single new row, or a single new record at the system. */
  row: 1,
  /** Many at once: an import, a link of many, a replay. */
  bulk: 2,
  /** The event of a write of ours, and what has ended: to be recorded, and no call expected. */
  echo: 3,
  /** Comparisons and repairs. */
  housekeeping: 4,
} as const;

export type Urgency = (typeof urgencies)[keyof typeof urgencies];

/**
 * The class of a mapping `m` after something of the class `to` came: a mapping that had nothing to
 * do has only that.
 */
export function raisedUrgency(to: string): string {
  return `case when m.dirty = m.clean then ${to} else least(m.urgency, ${to}) end`;
}
