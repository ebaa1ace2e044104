import type { Plan } from './merge.ts';

/** What a merge was made from: said by settles that answer inbound deliveries too. */
export interface Merged {
  plan: Plan;
  /** A GET of this claim is behind it. */
  read: boolean;
  echoes: { eventId: string; intentId: string }[];
}

/** A create or an owner tag answers for the whole row: there was nothing of theirs to merge. */
export const nothingMerged: Merged = {
  plan: { pull: {}, push: {}, agreed: {}, carried: [], conflicts: [] },
  read: true,
  echoes: [],
};
