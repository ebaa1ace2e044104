// The code of a row that the table refuses: the same in an answer to one write and in an import.
import type { RuleKind } from '../../db/row-rules.ts';

/** Each is a rule of the user's table and no fault of Twinbox. */
export const rowRefusalCodes = ['row_refused', 'row_conflicts', 'row_swallowed'] as const;
export type RowRefusalCode = (typeof rowRefusalCodes)[number];

/** Rules that depend on other rows: the same write may succeed once those rows have changed. */
const OF_OTHER_ROWS: ReadonlySet<RuleKind> = new Set(['unique', 'exclusion', 'foreign_key']);

export function refusalCode(kind: RuleKind): RowRefusalCode {
  if (kind === 'swallowed') return 'row_swallowed';
  return OF_OTHER_ROWS.has(kind) ? 'row_conflicts' : 'row_refused';
}
