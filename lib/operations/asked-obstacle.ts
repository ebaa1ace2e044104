// Why a worker does not ask a system what a person wants to know now: a pause, a breaker, a rest of the
// account. What was asked through the API then ends with the reason.
import { readConnection } from '../../db/connections.ts';
import { readBreaker } from '../../db/limits/breakers.ts';
import { findPause } from '../limits/budgets.ts';
import { findRest, minute, sayRest } from '../limits/rest.ts';
import type { SyncDeps } from '../sync/step.ts';

/** Why a system could not be asked, or did not answer. */
export type Unasked = { code: string; detail: string };

/** Why nothing may be asked of the system now. */
export async function findObstacle(deps: SyncDeps, account: string): Promise<Unasked | null> {
  const { db, integration } = deps;
  const { system } = integration;
  const { pausedAt = null, pausedWhy = null } = (await readConnection(db, system)) ?? {};
  if (pausedAt !== null)
    return { code: 'paused', detail: `${system} is paused${pausedWhy === null ? '' : `: ${pausedWhy}`}.` };
  const breaker = await readBreaker(db, { system, account });
  if (breaker?.openedAt) {
    const { code, message } = breaker.why;
    return { code: 'breaker_open', detail: `${system} does not answer (${code}): ${message}` };
  }
  const rest = await findRest(deps, integration);
  if (rest) return { code: 'account_rests', detail: sayRest(system, rest) };
  const pause = await findPause(deps, integration);
  return (
    pause && {
      code: 'quota_kept',
      detail: `What is left of the quota is kept for edits until ${minute(pause)} UTC.`,
    }
  );
}
