// The answer when a constraint or a trigger of the table of customers refuses a row
// (db/row-rules.ts).
import type { Entity } from '../lib/catalogue/entity.ts';
import type { TableRefusal } from '../db/row-rules.ts';
import { refusalCode, rowRefusalCodes } from '../lib/customers/refusal-code.ts';
import { Problem, type ProblemDetail } from './problems.ts';

/**
 * The codes that a refusal can have; each is a rule of the user's table and no fault of Twinbox.
 */
export const rowProblems = rowRefusalCodes;

export function rowRefused({ fields }: Pick<Entity, 'fields'>, refusal: TableRefusal): Problem {
  const { kind, rule, columns, sqlstate, message, says } = refusal;
  const explanation = says === null ? '' : ` It says: ${says}`;
  return new Problem(refusalCode(kind), `Nothing was changed: ${message}.${explanation}`, {
    errors: fields
      .filter(({ column }) => columns.includes(column))
      .map(({ name }): ProblemDetail => {
        const detail = `is refused by ${rule ?? 'the table'}`;
        return { in: 'body', pointer: `/${name}`, code: kind, detail };
      }),
    members: { rule, kind, columns, sqlstate },
  });
}
