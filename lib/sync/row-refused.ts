// The table refuses a value from the external system: the pair is parked at once, with the name of
// the rule. Waiting does not help; a change of either side, or a replay after the rule is changed,
// tries again.
import type { TableRefusal } from '../../db/row-rules.ts';
import type { Action } from './action.ts';
import { park } from './failing.ts';

export function refusedByTable(refusal: TableRefusal): Action {
  const { kind, rule, columns, sqlstate, message, says } = refusal;
  const code = kind === 'swallowed' ? 'row_swallowed' : 'row_refused';
  return park({
    code,
    detail: { rule, kind, columns, sqlstate, message, ...(says !== null && { says }) },
  });
}
