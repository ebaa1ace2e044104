// The answer when a constraint or a trigger of the table of customers refuses a row
// (db/row-rules.ts).
import type { Entity } from '../lib/catalogue/entity.ts';
import type { RuleKind, TableRefusal } from '../db/row-rules.ts';
import { Problem, type ProblemCode, type ProblemDetail } from './problems.ts';

/** Rules that depend on other rows: the same request may succeed once those rows have changed. */
const OF_OTHER_ROWS: ReadonlySet<RuleKind> = new Set(['unique', 'exclusion', 'foreign_key']);

/**
 * The codes that a refusal can have; each is a rule of the user's table and no fault of Twinbox.
 */
export const rowProblems = ['row_refused', 'row_conflicts', 'row_swallowed'] as const;

export function rowRefused({ fields }: Pick<Entity, 'fields'>, refusal: TableRefusal): Problem {
  const { kind, rule, columns, sqlstate, message, says } = refusal;
  const explanation = says === null ? '' : ` It says: ${says}`;
  return new Problem(codeOf(kind), `Nothing was changed: ${message}.${explanation}`, {
    errors: fields
      .filter(({ column }) => columns.includes(column))
      .map(({ name }): ProblemDetail => {
        const detail = `is refused by ${rule ?? 'the table'}`;
        return { in: 'body', pointer: `/${name}`, code: kind, detail };
      }),
    members: { rule, kind, columns, sqlstate },
  });
}

function codeOf(kind: RuleKind): ProblemCode {
  if (kind === 'swallowed') return 'row_swallowed';
  return OF_OTHER_ROWS.has(kind) ? 'row_conflicts' : 'row_refused';
}
