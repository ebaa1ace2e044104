// What `explain` answers, in JSON, for the API and the command.
import { shownDetail, shownReason } from '../../db/mappings/shown.ts';
import { EARLIEST } from '../../db/server/times.ts';
import type { Explanation, PairExplained } from './explain.ts';

export function explanationJson({ customer, pairs, notReceived, conflicts, unmatched }: Explanation) {
  return {
    found: true,
    customer: customer && {
      ...{ id: customer.id, version: customer.version },
      ...{ updated_at: customer.updatedAt, deleted_at: customer.deletedAt },
    },
    pairs: pairs.map(pairJson),
    not_received: notReceived.map(({ system, newest, obstacles }) => ({
      ...{ system, newest_change: newest, not_now: obstacles },
    })),
    open_conflicts: conflicts,
    unmatched: unmatched.map(({ system, account, externalId, decision }) => ({
      ...{ system, account, external_id: externalId, decision },
    })),
  };
}

/** When the pair is due; null if it is due at any time, which is stored as the earliest time. */
function dueOf({ nextAttemptAt }: PairExplained['mapping']): Date | null {
  return nextAttemptAt !== null && nextAttemptAt > EARLIEST ? nextAttemptAt : null;
}

function pairJson(pair: PairExplained) {
  const { mapping, since, why, closing, version, isDone, open, fields, read } = pair;
  const { rung, effect, obstacles, remedies } = pair;
  return {
    ...{ mapping: mapping.id, system: mapping.system, account: mapping.account },
    ...{ customer: mapping.internalId, external_id: mapping.externalId, role: mapping.role },
    ...{ known_email: mapping.knownEmail, merged_into: mapping.mergedInto },
    ...{
      state: mapping.state,
      since,
      reason: shownReason(mapping),
      reason_detail: shownDetail(mapping),
      why,
      closed: closing,
    },
    ...{ decision: mapping.decision, our_version: version, sent_version: mapping.pushedVersion },
    last_request: requestJson(pair.lastIntent),
    ...{ to_do: !isDone, attempts: mapping.attempts, next_attempt_at: dueOf(mapping) },
    ...{ last_error: mapping.lastError, open_deliveries: open },
    fields: fields.map(({ field, ours, known, left, differs, ...rest }) => ({
      ...{ field, ours, theirs_known: known },
      ...('read' in rest && { theirs_read: rest.read }),
      ...{ left_because: left, differs },
    })),
    read: read && { ...read },
    ...{ rung, effect, not_now: obstacles, can_do: remedies },
  };
}

function requestJson(last: PairExplained['lastIntent']) {
  return last && { operation: last.operation, version: last.version, result: last.result };
}
