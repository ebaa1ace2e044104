// A row of a file as the values of a customer, or why it is none: by the checks of the API.
import { fold } from '../../../db/email-fold.ts';
import type { JsonValue, RowFields } from '../../../db/entities/rows.ts';
import type { Entity } from '../../catalogue/entity.ts';
import { plainText } from '../../catalogue/field-types.ts';
import { rowChecksOf } from '../../catalogue/row-checks.ts';
import type { RefusedRow } from './outcome.ts';
import type { Derived } from './person.ts';
import type { Row } from './rows.ts';

export type CheckedRow = {
  line: number;
  bytes: number;
  values: RowFields;
  derived?: Derived;
  severalEmails?: true;
};

export function checkRow(entity: Entity, row: Row): CheckedRow | RefusedRow {
  const { line, bytes = 0 } = row;
  const place = { line, bytes, outcome: 'refused' } as const;
  if ('problem' in row) {
    const { problem, errors = [], found } = row;
    const code = errors.length > 0 ? 'invalid_row' : 'malformed_row';
    return { ...place, code, reason: problem, errors, ...(found && { found }) };
  }
  const checked = rowChecksOf(entity).checkNew(row.values);
  if (checked.ok) return { ...row, bytes, values: checked.value };
  const errors = checked.violations.map(({ pointer, rule, detail }) => ({
    ...{ field: pointer.slice(1), code: rule, detail },
  }));
  const wrong = Object.keys(row.values).filter((field) => errors.some((error) => error.field === field));
  const reason = errors.map(({ field, detail }) => (field === '' ? detail : `${field} ${detail}`)).join('; ');
  return { ...place, code: 'invalid_row', reason, errors, found: shownValues(wrong, row.values) };
}

/** By which rows are the same: rows of one identity are written in their order. */
export function identityOf({ identity }: Entity, { line, values }: CheckedRow): string {
  const value = values[identity ?? ''];
  return typeof value === 'string' ? fold(value) : `line ${line}`;
}

export function shownValues(fields: readonly string[], values: RowFields): Record<string, string> {
  return Object.fromEntries(fields.map((field) => [field, textOf(values[field])]));
}

function textOf(value: JsonValue | undefined): string {
  return value === null || value === undefined ? '' : plainText(value);
}
