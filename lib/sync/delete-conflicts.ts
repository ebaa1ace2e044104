// What a delete took with it, pure: edits of the other side that the deleting one had not seen, one conflict for each field.
import type { FieldRule, Fields, Value } from '../integrations/integration.ts';
import { same } from './canonical.ts';
import type { Conflict } from './merge.ts';
import type { Pair, Shadow } from './shadow.ts';

/** Deleted there, edited here meanwhile: the delete wins, and our values are kept. */
export function lostOurs(rules: FieldRule[], shadow: Shadow, ours: Fields): Conflict[] {
  return lost(rules, shadow, ours, 'ours');
}

/** Deleted here, edited there meanwhile: the delete wins, and their values are kept. */
export function lostTheirs(rules: FieldRule[], shadow: Shadow, theirs: Fields): Conflict[] {
  return lost(rules, shadow, theirs, 'theirs');
}

function lost(rules: FieldRule[], shadow: Shadow, values: Fields, side: 'ours' | 'theirs'): Conflict[] {
  return rules.flatMap((rule): Conflict[] => {
    const field = rule.internal;
    const pair: Pair | undefined = shadow[field];
    const value: Value = values[field] ?? null;
    if (!pair || same(rule, pair[side], value)) return [];
    const kept = { ours: null, theirs: null, [side]: value };
    return [
      {
        kind: side === 'ours' ? 'deleted_there' : 'deleted_here',
        field,
        base: pair[side],
        ...kept,
        rule: 'delete_wins',
        winner: side === 'ours' ? 'theirs' : 'ours',
      },
    ];
  });
}

/** The record that our row was linked with is gone, and a second one of it lives on: somebody has to say what it is now. */
export function outlivedBy(alias: string, externalId: string): Conflict {
  return {
    kind: 'deleted_there',
    field: null,
    base: null,
    ours: externalId,
    theirs: alias,
    rule: 'delete_wins',
    winner: 'neither',
  };
}
