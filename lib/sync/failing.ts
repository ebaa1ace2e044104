// What follows a failure: wait, or park. What time may cure is parked only by age, never by count; what it cannot, at once.
import type { Failure } from '../integrations/integration.ts';
import { NO_TURN } from '../limits/guarded.ts';
import type { Mapping, OpenIntent } from '../../db/mappings/mappings.ts';
import { readStoppedMs } from '../../db/limits/stoppages.ts';
import { giveBack, type Next } from './next.ts';
import { errorRow } from './outcome.ts';
import { settle } from './settle.ts';
import type { Step, SyncDeps } from './step.ts';

/** Puts the step off; what time cannot cure, or has not for too long, is parked instead, with what is open left open. */
export async function postpone(
  deps: SyncDeps,
  step: Step,
  failure: Failure,
  { notBefore = null, spent = false }: { notBefore?: Date | null; spent?: boolean } = {},
): Promise<Next> {
  // Nothing was sent, and it has not failed: no attempt, no age, and due as it was.
  if (failure.code === NO_TURN) return giveBack(deps, step);
  if (failure.kind === 'permanent') return park(deps, step, failure.code, errorRow(failure));
  if (failure.kind !== 'auth' && failure.kind !== 'throttle' && (await hasFailedTooLong(deps, step)))
    return park(deps, step, failure.code, errorRow(failure));
  return settle(deps, step, { kind: 'postponed', failure, notBefore, spent });
}

/** Time in which nothing was sent at all, with the breaker open or the lane paused, is no time of failing. */
export async function hasFailedTooLong(
  { db, clock, policy }: SyncDeps,
  { mapping }: { mapping: Pick<Mapping, 'system' | 'account' | 'firstFailedAt'> },
): Promise<boolean> {
  const { system, account, firstFailedAt: since } = mapping;
  if (since === null) return false;
  const now = clock.now();
  const ageMs = now.getTime() - since.getTime();
  if (ageMs < policy.parkAfterMs) return false;
  return ageMs - (await readStoppedMs(db, { system, account, since, now })) >= policy.parkAfterMs;
}

/** The entity waits for something that is not time; it is looked at again when something comes in or somebody asks. */
export async function wait(
  deps: SyncDeps,
  step: Step,
  reason: string,
  detail: Record<string, unknown>,
): Promise<Next> {
  return settle(deps, step, { kind: 'waiting', reason, detail });
}

/** The entity stops here with its reason, until a newer change on either side or an operator's replay. Its neighbours flow. */
export async function park(
  deps: SyncDeps,
  step: Step,
  reason: string,
  detail: Record<string, unknown>,
  refused: OpenIntent | null = null,
): Promise<Next> {
  return settle(deps, step, { kind: 'parked', reason, detail, refused });
}
