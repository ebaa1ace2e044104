// What follows a failure: wait, or park. What time may cure is parked only by age, never by count;
// what it cannot, at once.
import type { OpenIntent } from '../../db/mappings/mappings.ts';
import type { Parked, Waiting } from '../../db/mappings/reason.ts';
import type { TransformFailure } from '../catalogue/transform-failure.ts';
import type { Failure } from '../integrations/integration.ts';
import { NO_TOKEN } from '../limits/guarded.ts';
import type { Action, Note } from './action.ts';
import { know } from './facts.ts';
import { errorRow } from './settle/outcome.ts';
import { mustKeepUnsent } from './sending-again.ts';
import type { Situation } from './situation.ts';

interface Postponing {
  notBefore?: Date | null;
  /** Its key can never be used again. */
  spent?: boolean;
  notes?: Note[];
}

/**
 * Puts the pair off; what time cannot cure, or has not for too long, is parked instead, with what
 * is open left open.
 */
export function postpone(
  s: Situation,
  failure: Failure,
  { notBefore = null, spent = false, notes = [] }: Postponing = {},
): Action {
  // Nothing was sent, and it has not failed: no attempt, no age, and due as it was.
  if (failure.code === NO_TOKEN && !mustKeepUnsent(s, s.mapping.intent)) return { do: 'give_back' };
  if (failure.kind === 'permanent') return park(failed(failure));
  if (!isOfTheAccount(failure) && hasFailedTooLong(s)) return park(failed(failure));
  return { do: 'settle', outcome: { kind: 'postponed', failure, notBefore, spent }, notes };
}

/** It says nothing about this pair: a refused key, a rate, a quota that is used up. */
function isOfTheAccount({ kind }: Failure): boolean {
  return kind === 'auth' || kind === 'throttle' || kind === 'quota';
}

function hasFailedTooLong(s: Situation): boolean {
  const { firstFailedAt } = s.mapping;
  if (firstFailedAt === null) return false;
  const ageMs = s.now.getTime() - firstFailedAt.getTime();
  if (ageMs < s.policy.parkAfterMs) return false;
  return isTooLong(ageMs, know(s, 'stopped', { since: firstFailedAt.toISOString() }), s.policy.parkAfterMs);
}

/** Time in which nothing was sent at all, with the breaker open or the lane paused, is no time of failing. */
export function isTooLong(ageMs: number, stoppedMs: number, parkAfterMs: number): boolean {
  return ageMs - stoppedMs >= parkAfterMs;
}

/**
 * The entity waits for something that is not time; it is looked at again when an event comes in or
 * an operator asks.
 */
export function wait(reason: Waiting, notes: Note[] = []): Action {
  return { do: 'settle', outcome: { kind: 'waiting', reason }, notes };
}

/**
 * The entity stops here with its reason, until a newer change on either side or an operator's
 * replay. Its neighbours flow.
 */
export function park(reason: Parked, refused: OpenIntent | null = null): Action {
  return { do: 'settle', outcome: { kind: 'parked', reason, refused } };
}

/** A value that has to be written to a side cannot be carried there: nothing is guessed. */
export function uncarried({ failed: detail, message }: TransformFailure): Action {
  return park({ code: 'transform_failed', detail: { ...detail, message } });
}

/** A failure that time cannot cure, by its own code. */
export function failed(failure: Failure): Parked {
  return { code: 'failed', failure: failure.code, detail: errorRow(failure) };
}
