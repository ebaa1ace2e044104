// The table does not take what came from the other side: its pair is parked at once, by the name of the rule. Time does not cure it; a
// change of either side, or a replay once the rule is changed, tries again.
import type { TableRefusal } from '../../db/row-rules.ts';
import { park } from './failing.ts';
import type { Next } from './next.ts';
import type { Step, SyncDeps } from './step.ts';

export function parkRefused(deps: SyncDeps, step: Step, refusal: TableRefusal): Promise<Next> {
  const { kind, rule, columns, sqlstate, message, says } = refusal;
  const reason = kind === 'swallowed' ? 'row_swallowed' : 'row_refused';
  return park(deps, step, reason, { rule, kind, columns, sqlstate, message, ...(says !== null && { says }) });
}
