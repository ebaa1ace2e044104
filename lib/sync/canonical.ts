// When do two values stand for the same thing, and what can each side hold?
import { fold } from '../../db/email-fold.ts';
import { canonical as canonicalOf, equal, fits, isInexact, toText } from '../catalogue/field-types.ts';
import type { FieldRule, Value } from '../catalogue/document.ts';
import { fromExternalIfAble, toExternal, toExternalIfAble } from '../catalogue/transforms.ts';

/** The form in which values of the field are kept and compared (lib/catalogue/field-types.ts). */
export function canonical({ field }: Pick<FieldRule, 'field'>, value: Value | undefined): Value {
  return canonicalOf(value, field);
}

/**
 * Whether two values stand for the same thing under a field's rule: each as it is after a way to
 * the system and back. A value that a transform cannot carry is compared as it is.
 */
export function same(rule: FieldRule, a: Value | undefined, b: Value | undefined): boolean {
  const [x, y] = [carried(rule, a), carried(rule, b)];
  if (equal(x, y, rule.field)) return true;
  const isLoose = rule.compare.includes('lower') && typeof x === 'string' && typeof y === 'string';
  return isLoose && fold(x) === fold(y);
}

/**
 * Whether their side can hold a value of ours whole. A number that JavaScript does not have exactly
 * is sent nowhere: what comes back of it could be another one. Throws TransformFailure where a transform
 * cannot carry the value: then it is not known what their side would get.
 */
export function canCarry(rule: FieldRule, value: Value): boolean {
  if (isInexact(rule.field, canonical(rule, value))) return false;
  const there = toExternal(rule, value);
  if (rule.maxLength === null) return true;
  return Array.from(toText(there, rule.field) ?? '').length <= rule.maxLength;
}

/**
 * Whether our field can hold a value of theirs. A text is judged by the table itself, whose rules
 * may be others than those of the API.
 */
export function canTake({ field }: Pick<FieldRule, 'field'>, value: Value): boolean {
  return value === null || field.type === 'text' || field.type === 'email' || fits(value, field);
}

function carried(rule: FieldRule, value: Value | undefined): Value {
  const there = canonical(rule, toExternalIfAble(rule, canonical(rule, value))) ?? rule.unset ?? null;
  return canonical(rule, fromExternalIfAble(rule, there));
}
