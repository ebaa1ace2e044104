// What follows a failure: wait, or park. What time may cure is parked only by age, never by count; what it cannot, at once.
import type { Failure } from '../integrations/integration.ts';
import type { OpenIntent } from '../../db/mappings.ts';
import type { Next } from './next.ts';
import { errorRow } from './outcome.ts';
import { settle } from './settle.ts';
import type { Step, SyncDeps } from './step.ts';

/** Puts the step off; an entity that has been failing for too long is parked instead, with what is open left open. */
export async function postpone(
  deps: SyncDeps,
  step: Step,
  failure: Failure,
  { notBefore = null, spent = false }: { notBefore?: Date | null; spent?: boolean } = {},
): Promise<Next> {
  const since = step.mapping.firstFailedAt?.getTime() ?? Infinity;
  const tooOld = deps.clock.now().getTime() - since >= deps.policy.parkAfterMs;
  if (tooOld && failure.kind !== 'auth' && failure.kind !== 'throttle')
    return park(deps, step, failure.code, errorRow(failure));
  return settle(deps, step, { kind: 'postponed', failure, notBefore, spent });
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
