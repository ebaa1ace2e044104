import { fallbackValue, type FieldRule, type Fields } from '../catalogue/document.ts';
import { fromExternal } from '../catalogue/transforms.ts';
import { canonical, canTake } from './canonical.ts';
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
    // What is no value of our field stays there, and our field is empty.
    const own = canTake(rule, given) ? given : null;
    const derived = own === null ? fallbackValue(rule, fields) : null;
    values[rule.internal] = own ?? derived;
    shadow[rule.internal] =
      derived === null ? { ours: own, theirs } : { ours: derived, theirs, reason: 'derived' };
  }
  return { values, shadow };
}
