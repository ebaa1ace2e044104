// What the table customers refuses by a rule or a trigger of its owner (db/row-rules.ts), as an answer.
import type { RuleKind, TableRefusal } from '../db/row-rules.ts';
import { Problem, type ProblemCode, type ProblemDetail } from './problems.ts';

/** Other rows are what stands in the way: the same request may succeed once they have changed. */
const OF_OTHER_ROWS: ReadonlySet<RuleKind> = new Set(['unique', 'exclusion', 'foreign_key']);

/** The codes that a refusal can have; none of them is a fault of ours. */
export const rowProblems = ['row_refused', 'row_conflicts', 'row_swallowed'] as const;

export function rowRefused(refusal: TableRefusal): Problem {
  const { kind, rule, columns, sqlstate, message, says } = refusal;
  const said = says === null ? '' : ` It says: ${says}`;
  return new Problem(codeOf(kind), `Nothing was changed: ${message}.${said}`, {
    errors: columns.flatMap((column): ProblemDetail[] =>
      column === 'name' || column === 'email'
        ? [{ in: 'body', pointer: `/${column}`, code: kind, detail: `is refused by ${rule ?? 'the table'}` }]
        : [],
    ),
    members: { rule, kind, columns, sqlstate },
  });
}

function codeOf(kind: RuleKind): ProblemCode {
  if (kind === 'swallowed') return 'row_swallowed';
  return OF_OTHER_ROWS.has(kind) ? 'row_conflicts' : 'row_refused';
}
