// What became of each row of an import.
import type { RowRefusalCode } from '../refusal-code.ts';
import type { Derived, FieldError } from './person.ts';

/** Codes that a program may decide by. They never change. */
export type RefusalCode =
  /** The line is no record of its format: broken JSON, quotes that do not fit, too long. */
  | 'malformed_row'
  /** A value is missing, or is not allowed. */
  | 'invalid_row'
  | RowRefusalCode
  /** Other writers kept changing the customer. */
  | 'contended';

type Place = {
  /** The line on which the row begins; the first line is 1. */
  line: number;
  /** The size in the file. */
  bytes: number;
};

/** A row that is in the database as the file has it, or that a dry run would bring there. */
export type Done = Place & {
  outcome: 'created' | 'updated' | 'skipped';
  /** In a dry run, of a customer that would be created: a number that is given back. */
  id: number;
  derived?: Derived;
};

/** `found`: the values of the row that it is about, as the file has them. */
export type Different = Place & {
  outcome: 'different';
  id: number;
  fields: string[];
  reason: string;
  found: Record<string, string>;
};

export type RefusedRow = Place & {
  outcome: 'refused';
  code: RefusalCode;
  reason: string;
  errors: FieldError[];
  found?: Record<string, string>;
  /** With row_refused, row_conflicts and row_swallowed: the constraint or trigger. */
  rule?: string | null;
};

/** Only in a dry run: what becomes of the row depends on an earlier one, which was not written. */
export type Repeated = Place & { outcome: 'repeated'; ofLine: number };

export type RowOutcome = (Done | Different | RefusedRow | Repeated) & { severalEmails?: true };

export type Counts = Record<'rows' | RowOutcome['outcome'], number>;

export const NO_ROWS: Counts = {
  ...{ rows: 0, created: 0, updated: 0, skipped: 0, different: 0, refused: 0, repeated: 0 },
};

export function addCounts(before: Counts, outcomes: readonly RowOutcome[]): Counts {
  const counts = { ...before, rows: before.rows + outcomes.length };
  for (const { outcome } of outcomes) counts[outcome] += 1;
  return counts;
}
