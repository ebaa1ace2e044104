// Conditions for tests: a system does not have the rows that are named Free.
import type { Condition } from '../../lib/catalogue/condition.ts';
import type { Integration } from '../../lib/integrations/integration.ts';

export const FREE = 'Free';

export function notFree(onLeave: Condition['onLeave']): Condition {
  return { when: { field: 'name', not: FREE }, onLeave };
}

/** The integration with another condition; null: every row. */
export function conditioned(integration: Integration, condition: Condition | null): Integration {
  return { ...integration, document: { ...integration.document, condition } };
}
