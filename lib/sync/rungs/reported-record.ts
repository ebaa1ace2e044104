// An inbound event reached the row's mapping, by our key or our owner tag, before it was known
// which record belongs to the row: the answer to its create was lost, or the pair was lost in a
// restore. One read shows whether the record has this row's tag; then it is linked, and none is
// created.
import type { OpenIntent } from '../../../db/mappings/mappings.ts';
import type { Failure } from '../../integrations/integration.ts';
import type { Action } from '../action.ts';
import { know } from '../facts.ts';
import { postpone } from '../failing.ts';
import { receivedEvents } from '../received.ts';
import type { Outcome } from '../settle/outcome.ts';
import type { Situation } from '../situation.ts';
import { mergedInto } from '../winner.ts';
import { passOn } from './another-record.ts';

export function reportedRecord(s: Situation): Action | null {
  return s.mapping.externalId === null ? reported(s, (failure) => postpone(s, failure)) : null;
}

/** Null if no such event was received; `later` returns the action after a failed read. */
export function reported(s: Situation, later: (failure: Failure) => Action): Action | null {
  const externalId = receivedEvents(s.deliveries).at(0)?.event.externalId;
  if (externalId === undefined || !s.row) return null;
  const answer = know(s, 'record', { externalId, for: 'merge' });
  if (!answer.ok) return later(answer.failure);
  const { value } = answer;
  // Merged since, so that no owner tag can be read any more: while a create is open, only the request
  // can have made the record that its event named.
  const { intent } = s.mapping;
  if (intent?.operation === 'create' && mergedInto(s, externalId, value) !== null)
    return { do: 'settle', outcome: foundBy(s, externalId, intent) };
  if (value.state === 'present' && value.record.ownerTag === s.row.createdEventId)
    return { do: 'settle', outcome: foundBy(s, externalId, s.mapping.intent) };
  return passOn(externalId); // not this row's after all
}

/**
 * Where a create is sent again before an earlier one has come to rest, the record may be the earlier
 * one's, with other values: then what was sent last is no base of a merge.
 */
export function foundBy({ capabilities }: Situation, externalId: string, by: OpenIntent | null): Outcome {
  const found = { kind: 'found', externalId, by } as const;
  return capabilities.creates === 'unique-tag' ? { ...found, withoutBase: true } : found;
}
