import type { OpenIntent, StoredPair } from '../../db/mappings/mappings.ts';
import type { FieldRule, Fields, Value } from '../catalogue/document.ts';
import { same } from './canonical.ts';

/**
 * Why a pair stands although its halves differ: decided once, and looked at again only when a side
 * moves. `reformed` is the one that waits for a write: the table's own triggers made another value
 * of theirs, and what they made goes out. `refused` waits for the record to allow ours (next.ts).
 */
export type LeftReason = NonNullable<StoredPair['reason']>;

/** Per field, what was last known to stand for the same thing on both sides. */
export interface Pair {
  ours: Value;
  theirs: Value;
  reason?: LeftReason;
}

/** Keyed by our field's name. */
export type Shadow = Record<string, Pair>;

/** Their values, as the shadow last knew them. */
export function shadowTheirs(shadow: Shadow): Fields {
  return Object.fromEntries(Object.entries(shadow).map(([field, pair]) => [field, pair.theirs]));
}

/** Whether our row still says what the shadow says it said: then there is nothing of ours left to push. */
export function oursUnmoved(rules: FieldRule[], shadow: Shadow, ours: Fields): boolean {
  return rules.every((rule) => {
    if (rule.direction === 'pull') return true;
    const pair = shadow[rule.internal];
    return pair !== undefined && pair.reason !== 'reformed' && same(rule, ours[rule.internal], pair.ours);
  });
}

/**
 * Moves the pairs of the fields that were sent, and says whether the answer shows another client's
 * edit.
 */
export function shadowAfterAnswer(
  rules: FieldRule[],
  before: Shadow,
  intent: OpenIntent,
  theirs: Fields,
): { pairs: Shadow; foreign: boolean } {
  const pairs: Shadow = { ...before };
  let foreign = false;
  for (const rule of rules) {
    const sent = intent.fields[rule.internal];
    const their = theirs[rule.internal] ?? null;
    if (sent) pairs[rule.internal] = { ours: sent.ours, theirs: their };
    else if (!same(rule, their, before[rule.internal]?.theirs)) foreign = true;
  }
  return { pairs, foreign };
}

/** A create that took effect did so whole: each field held what was sent, whatever it holds by now. */
export function shadowOfCreate(intent: OpenIntent): Shadow {
  const pairs = Object.entries(intent.fields).map(([field, { ours }]) => [field, { ours, theirs: ours }]);
  return Object.fromEntries(pairs) as Shadow; // of entries made just above
}
