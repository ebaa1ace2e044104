import { fallbackValue, type FieldRule, type Fields } from '../catalogue/document.ts';
import { fromExternal } from '../catalogue/transforms.ts';
import { canonical, canTake } from './canonical.ts';
import type { Conflict } from './merge.ts';
import type { Shadow } from './shadow.ts';

/**
 * Our row's values for a record, and the pairs they make; what stands in for a missing value is
 * marked derived.
 */
export function rowFor(rules: FieldRule[], fields: Fields): { values: Fields; shadow: Shadow } {
  const values: Fields = {};
  const shadow: Shadow = {};
  for (const rule of rules) {
    const theirs = fromExternal(rule, fields[rule.external] ?? null);
    const given = canonical(rule, theirs);
    // What is no value of our field stays there, with a conflict, and our field is empty.
    const isTaken = canTake(rule, given);
    const own = isTaken ? given : null;
    const derived = own === null ? fallbackValue(rule, fields) : null;
    values[rule.internal] = own ?? derived;
    const reason = derived !== null ? 'derived' : isTaken ? undefined : 'cannot_take';
    shadow[rule.internal] = { ours: own ?? derived, theirs, ...(reason && { reason }) };
  }
  return { values, shadow };
}

/** Of a row that is made: the values that its fields could not take. */
export function notTaken(shadow: Shadow): Conflict[] {
  return Object.entries(shadow).flatMap(([field, { ours, theirs, reason }]) =>
    reason === 'cannot_take'
      ? [{ kind: reason, field, base: null, ours, theirs, rule: 'type', winner: 'neither' as const }]
      : [],
  );
}
