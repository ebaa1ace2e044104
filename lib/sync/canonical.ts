import type { FieldRule, Value } from '../integrations/integration.ts';

/** The form in which values are kept and compared: trimmed, NFC, and nothing is null. */
export function canonical(value: Value | undefined): Value {
  if (value === null || value === undefined) return null;
  const tidy = value.trim().normalize('NFC');
  return tidy === '' ? null : tidy;
}

/** Whether two values stand for the same thing under a field's rule. */
export function same(rule: FieldRule, a: Value | undefined, b: Value | undefined): boolean {
  let [x, y] = [canonical(a), canonical(b)];
  if (x === null || y === null) return x === y;
  if (rule.compare.includes('lower')) [x, y] = [x.toLowerCase(), y.toLowerCase()];
  return x === y;
}
