// The words that select deliveries, for the routes that replay and close them.

import type { Selection } from '../db/replays/selection.ts';
import type { Db, Tx } from '../db/server/connection.ts';
import { readSelection, type SelectionWords } from '../lib/operations/selection-words.ts';
import { demand } from './input.ts';
import { Problem } from './problems.ts';

/** Throws the Problem of words that are wrong, or of a group that is not there now. */
export async function demandSelection(
  db: Db | Tx,
  words: SelectionWords,
  about: Parameters<typeof readSelection>[2],
): Promise<Selection> {
  const selected = await readSelection(db, words, about);
  if (selected.outcome === 'selected') return selected.selection;
  if (selected.outcome === 'no_group')
    throw new Problem('group_not_found', 'No open pair is in a group with this fingerprint now.');
  return demand('body', { ok: false, violations: selected.violations });
}
