// The values of both sides by our field names.
import type { LoadedRow } from '../../db/mappings/load.ts';
import { fromExternal, fromExternalIfAble, ifAble, toExternal } from '../catalogue/transforms.ts';
import type { FieldRule, Fields } from '../catalogue/document.ts';

/** Our values by our field names. */
export function oursOf(rules: FieldRule[], row: Pick<LoadedRow, 'fields'>): Fields {
  const values = fieldsOf(row);
  return Object.fromEntries(rules.map((rule) => [rule.internal, values[rule.internal] ?? null]));
}

/** All values of a row. */
export function fieldsOf({ fields }: Pick<LoadedRow, 'fields'>): Fields {
  return fields;
}

/** Their values by our field names, as we take them. Throws TransformFailure where one cannot be carried. */
export function theirsOf(rules: FieldRule[], record: Fields): Fields {
  return Object.fromEntries(
    rules.map((rule) => [rule.internal, fromExternal(rule, record[rule.external] ?? null)]),
  );
}

/** The same where they are only compared or kept: a value that cannot be carried is as they have it. */
export function theirsIfAble(rules: FieldRule[], record: Fields): Fields {
  return Object.fromEntries(
    rules.map((rule) => [rule.internal, fromExternalIfAble(rule, record[rule.external] ?? null)]),
  );
}

/** Whether each value of theirs can be carried. */
export function areAble(rules: FieldRule[], record: Fields): boolean {
  return ifAble(() => theirsOf(rules, record)) !== null;
}

/** Our values by external name, as they are sent. */
export function byTheirNames(rules: FieldRule[], ours: Fields): Fields {
  return Object.fromEntries(
    rules.flatMap((rule) =>
      rule.internal in ours ? [[rule.external, toExternal(rule, ours[rule.internal] ?? null)]] : [],
    ),
  );
}
