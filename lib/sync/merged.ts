import type { Fields } from '../catalogue/document.ts';
import type { Plan } from './merge.ts';

/** What a merge was made from: said by settles that answer inbound deliveries too. */
export interface Merged {
  plan: Plan;
  /** A GET of this claim is behind it. */
  read: boolean;
  echoes: { eventId: string; intentId: string }[];
}

/** Both sides of a linked pair as they stood, and what the merge makes of them. */
export interface Comparison {
  plan: Plan;
  theirs: Fields;
  /** The greatest hop of our writes that the inbound events are echoes of. */
  hop: number;
  merged: Merged;
  /** Our owner tag, where their record lacks it: such a pair could not be found again after a restore. */
  ownerTag: string | null;
  /** The version that the record was read with, where the system wants it named. */
  version?: string | undefined;
  /** The record by external name, as it was read; null where it was not. */
  held: Fields | null;
  /** By external name, edits of theirs that one of our writes covered, and that are put back. */
  restored: Fields;
  /** Who made our values, where the merge had to know. */
  origins: Record<string, string | null>;
}

/** A create or an owner tag answers for the whole row: there was nothing of theirs to merge. */
export const nothingMerged: Merged = {
  plan: { pull: {}, push: {}, agreed: {}, carried: [], conflicts: [] },
  read: true,
  echoes: [],
};
