import { fold } from '../../db/email-fold.ts';
import { isVisible } from '../catalogue/characters.ts';
import type { FieldRule, Value } from '../catalogue/document.ts';
import { fromExternal, toExternal } from '../catalogue/transforms.ts';

/**
 * The form in which values are kept and compared: trimmed, NFC, and a text in which nothing can be
 * seen is null.
 */
export function canonical(value: Value | undefined): Value {
  if (value === null || value === undefined) return null;
  const tidy = value.trim().normalize('NFC');
  return isVisible(tidy) ? tidy : null;
}

/**
 * Whether two values stand for the same thing under a field's rule: each as it is after a way to
 * the system and back.
 */
export function same(rule: FieldRule, a: Value | undefined, b: Value | undefined): boolean {
  let [x, y] = [carried(rule, a), carried(rule, b)];
  if (x === null || y === null) return x === y;
  if (rule.compare.includes('lower')) [x, y] = [fold(x), fold(y)];
  return x === y;
}

/** Whether their side can hold a value of ours whole. */
export function canCarry(rule: FieldRule, value: Value): boolean {
  return rule.maxLength === null || Array.from(toExternal(rule, value) ?? '').length <= rule.maxLength;
}

function carried(rule: FieldRule, value: Value | undefined): Value {
  return canonical(fromExternal(rule, canonical(toExternal(rule, canonical(value)))));
}
