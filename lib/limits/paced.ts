import type { Db } from '../../db/server/connection.ts';
import type { Integration } from '../integrations/integration.ts';
import { guard } from './guarded.ts';
import { createLimiter, type LimiterDeps, type Rates } from './limiter.ts';

/**
 * The integration for reads that belong to no mapping, such as a sweep or a comparison: its calls
 * wait for a rate token among the calls of all workers on the database, however long that takes.
 * The caller handles errors of the calls.
 */
export function paced(
  integration: Integration,
  { db, account, rates, log }: { db: Db; account: string; rates: Rates | null; log: LimiterDeps['log'] },
): Integration {
  const { system } = integration;
  const limiter = rates && createLimiter({ db, system, account, rates, log });
  const onError = (error: unknown): void => log.warn('limits.unnoted', { system, error: String(error) });
  const claim = { id: 0, urgency: 0, lastCall: Infinity, release: () => undefined };
  return guard(integration, { limiter, breaker: null, onError }, claim);
}
