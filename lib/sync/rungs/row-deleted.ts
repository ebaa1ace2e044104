// Our row is a tombstone: its record goes too, as far as the policy says, and never unguarded
// (lib/sync/removal.ts).
import type { Action } from '../action.ts';
import { removal } from '../removal.ts';
import type { Situation } from '../situation.ts';

export function rowDeleted(s: Situation): Action | null {
  return s.row && s.row.deletedAt !== null ? removal(s) : null;
}
