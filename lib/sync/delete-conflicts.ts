// What a delete took with it, pure: edits of the other side that the deleting one had not seen, one
// conflict for each field.
import type { EchoIntent } from '../../db/closed-intents.ts';
import type { FieldRule, Fields, Value } from '../catalogue/document.ts';
import { fromExternalIfAble } from '../catalogue/transforms.ts';
import { same } from './canonical.ts';
import type { Conflict } from './merge.ts';
import type { Pair, Shadow } from './shadow.ts';

/**
 * Deleted at the system, edited in our table meanwhile: the delete wins, and our values are kept.
 */
export function lostOurs(rules: FieldRule[], shadow: Shadow, ours: Fields): Conflict[] {
  return lost(rules, shadow, ours, 'ours');
}

/**
 * Deleted in our table, edited at the system meanwhile: the delete wins, and their values are kept.
 */
export function lostTheirs(rules: FieldRule[], shadow: Shadow, theirs: Fields): Conflict[] {
  return lost(rules, shadow, theirs, 'theirs');
}

/**
 * What our delete took with it that its guard had not seen: the echo shows the record as it last
 * was. An edit made between the guard and the delete cannot be kept at the system, but the conflict
 * reports it.
 */
export function deletedOver(
  rules: FieldRule[],
  eventId: string,
  last: Fields,
  intent: Pick<EchoIntent, 'id' | 'fields'>,
): Conflict[] {
  return rules.flatMap((rule): Conflict[] => {
    const sent = intent.fields[rule.internal];
    const told = last[rule.external];
    if (!sent || told === undefined) return [];
    const value = fromExternalIfAble(rule, told);
    if (same(rule, value, sent.seen)) return [];
    return [{ ...deletedHere(rule.internal, sent.seen, value), intentId: intent.id, eventId }];
  });
}

function deletedHere(field: string, base: Value, theirs: Value): Conflict {
  const kind = 'deleted_here';
  return { kind, field, base, ours: null, theirs, rule: 'delete_wins', winner: 'ours' };
}

function lost(rules: FieldRule[], shadow: Shadow, values: Fields, side: 'ours' | 'theirs'): Conflict[] {
  return rules.flatMap((rule): Conflict[] => {
    const field = rule.internal;
    const pair: Pair | undefined = shadow[field];
    const value: Value = values[field] ?? null;
    if (!pair || same(rule, pair[side], value)) return [];
    if (side === 'theirs') return [deletedHere(field, pair.theirs, value)];
    const kept = { base: pair.ours, ours: value, theirs: null };
    return [{ kind: 'deleted_there', field, ...kept, rule: 'delete_wins', winner: 'theirs' }];
  });
}

/**
 * The record that our row was linked with is gone, and a second one of it lives on: an operator has
 * to say what the second one is now.
 */
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
