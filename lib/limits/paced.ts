import type { Integration } from '../integrations/integration.ts';
import { createBudgets } from './budgets.ts';
import { guard } from './guarded.ts';
import { createLimiter, type Rates } from './limiter.ts';
import { createRest, type RestDeps } from './rest.ts';
import { describeFault } from '../describe-fault.ts';

/**
 * The integration for reads that belong to no mapping, such as a sweep or a comparison: its calls
 * wait for a rate token among the calls of all workers on the database, however long that takes,
 * and no call is made while the account rests. `background`: nor once background work has used up its
 * share of a quota. `lastCall`: a call for which no token came by then (monotonic) is not made. The
 * caller handles errors of the calls.
 */
export function paced(
  integration: Integration,
  {
    db,
    clock,
    account,
    rates,
    log,
    background = false,
    lastCall = Infinity,
  }: Omit<RestDeps, 'system'> & { rates: Rates | null; background?: boolean; lastCall?: number },
): Integration {
  const { system, capabilities } = integration;
  const limiter = rates && createLimiter({ db, system, account, rates, log });
  const onError = (error: unknown): void => log.warn('limits.unnoted', { system, ...describeFault(error) });
  const claim = { id: 0, urgency: 0, lastCall, release: () => undefined, background };
  const rest = createRest({ db, clock, system, account, log }, { asks: capabilities.quota });
  const budgets = createBudgets({ db, clock, system, account, log }, capabilities, rest);
  return guard(integration, { limiter, breaker: null, rest, budgets, onError }, claim);
}
