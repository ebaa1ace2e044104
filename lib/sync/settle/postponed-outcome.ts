// The outcome of a step that is put off, as writes. Pure, and a part of lib/sync/settle/writes.ts.
import type { LoadedStep } from '../../../db/mappings/load.ts';
import * as become from '../../../db/mappings/writes/state-change.ts';
import { fullJitter } from '../../backoff.ts';
import { hasNotFailed } from '../../limits/not-failed.ts';
import { resolutionOf } from '../consent.ts';
import type { SyncPolicy } from '../step.ts';
import { wasUnwanted } from '../wanted.ts';
import { all } from './delivery-outcomes.ts';
import { errorRow, type Effects, type Outcome } from './outcome.ts';

export function postponed(
  policy: Pick<SyncPolicy, 'backoff'>,
  step: LoadedStep,
  { failure, notBefore, spent }: Extract<Outcome, { kind: 'postponed' }>,
  now: Date,
): Partial<Effects> {
  const { mapping } = step;
  // It waits for the account, and has not failed: due as it was, with what was learned of its intent.
  if (hasNotFailed(failure)) return { mapping: mapping.intent ? { intent: mapping.intent } : {} };
  const wait = fullJitter(mapping.attempts + 1, policy.backoff);
  const earliest = now.getTime() + Math.max(failure.retryAfterMs ?? 0, wait);
  // Until the record of a row that was left out is read, a deletion of it says nothing about the row.
  const isUnread = wasUnwanted(mapping) && mapping.externalId !== null;
  const wasAtRest = mapping.state === 'parked' || (mapping.state === 'waiting' && !isUnread);
  return {
    mapping: {
      // With a decision that is not carried out yet the pair stays where it was.
      ...(wasAtRest && resolutionOf(mapping) === null ? become.triedAgain(mapping) : become.asItWas()),
      attempts: mapping.attempts + 1,
      // Its reason goes, and it was because of the reason that the record was read.
      ...(mapping.reason?.code === 'record_merged' && { mustRead: true }),
      // Waiting for a rate token is not failing; nor is a wrong key the entity's own failure.
      firstFailedAt:
        mapping.firstFailedAt ?? (failure.kind === 'throttle' || failure.kind === 'auth' ? null : now),
      lastError: errorRow(failure),
      nextAttemptAt: new Date(Math.max(earliest, notBefore?.getTime() ?? 0)),
      // As the step knows it: when it was sent, and what was learned of it.
      ...(mapping.intent ? { intent: { ...mapping.intent, ...(spent && { spent: failure.code }) } } : {}),
    },
    deliveries: all(step, 'queued', { tried: true, error: errorRow(failure) }),
  };
}
