// A person consented to a record as this row's. It is linked, if it is still unmatched; a failure
// does not take the consent back.
//
// A crash between any two lines leaves the consent, or a linked pair that has to read.
import type { Action, Note } from '../action.ts';
import { know } from '../facts.ts';
import { postpone, wait } from '../failing.ts';
import type { ExternalRecord } from '../../integrations/integration.ts';
import { ownFailure } from '../../integrations/own-failure.ts';
import { consentedRecord } from '../pair-state.ts';
import type { Situation } from '../situation.ts';

export function namedRecord(s: Situation): Action | null {
  const externalId = consentedRecord(s.mapping);
  return externalId === null ? null : linkNamed(s, externalId);
}

/**
 * Links the row with the record. The record as it was read goes on to the merge, which has no base:
 * equal values agree, a blank is filled, and of two the field's rule decides, with a conflict.
 */
export function linkNamed(s: Situation, externalId: string, notes: Note[] = []): Action {
  const answer = know(s, 'record', { externalId, for: 'consent' });
  if (!answer.ok) return postpone(s, answer.failure);
  const { value } = answer;
  const why = value.state === 'present' ? whyNot(value.record, s) : value.state;
  // No person consented: the setting links the record, and the records are searched for again.
  if (why !== null && s.mapping.consent === null) return postpone(s, hasChanged);
  // The consent named a record that existed then: a new consent is needed.
  if (value.state !== 'present' || why !== null)
    return wait({ code: 'not_linked', detail: { tried: externalId, why } });
  return { do: 'settle', outcome: { kind: 'found', externalId }, notes, linked: value.record };
}

function whyNot({ ownerTag, foreignTag }: ExternalRecord, { row }: Situation): string | null {
  if (foreignTag) return 'other_environment';
  return ownerTag !== null && ownerTag !== row?.createdEventId ? 'tagged_for_another' : null;
}

const hasChanged = ownFailure({
  kind: 'throttle',
  code: 'link_waits',
  message: 'the record that was to be linked has gone or was tagged since it was found',
  nothingHappened: true,
});
