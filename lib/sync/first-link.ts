// The first link of a row that was here before its system was connected: nothing is made or linked for it before somebody's word,
// because its record may be there already (docs/first-link.md). The word is kept on the row's mapping and names the record, or says
// that there is none; lib/operations/link-plan.ts finds it. A failure does not take it back.
//
// A crash between any two lines leaves the word, or a linked pair that has to read.
import { failpoint } from '../failpoint.ts';
import type { ExternalRecord } from '../integrations/integration.ts';
import { ownFailure } from '../integrations/own-failure.ts';
import type { Mapping } from '../../db/mappings/mappings.ts';
import { keptWord } from './consent.ts';
import { postpone } from './failing.ts';
import { fetchTheirs } from './intent.ts';
import { giveBack, type Next } from './next.ts';
import { settle } from './settle.ts';
import { hasRoomForCall, type Step, type SyncDeps } from './step.ts';

export const NOT_LINKED = 'not_linked';
/** Why a row that was made here waits: a record with its identity exists (before-create.ts). */
export const IDENTITY_EXISTS = 'identity_exists';

/** It was here before its system was connected, and no consent has been given: no step asks again by itself. */
export function awaitsWord(mapping: Mapping): boolean {
  const { state, reason, reasonDetail } = mapping;
  if (state !== 'waiting' || reason !== NOT_LINKED || keptWord(mapping) !== null) return false;
  return reasonDetail?.['because'] !== IDENTITY_EXISTS;
}

/** The record that a word names as this row's; null if none was given, or it says that a record is to be made. */
export function namedRecord(mapping: Mapping): string | null {
  const named = mapping.externalId === null ? keptWord(mapping)?.['external_id'] : null;
  return typeof named === 'string' ? named : null;
}

/**
 * Links the row with the record that the word names, if that is still nobody else's. The record as it was read goes on to the
 * merge, which has no base: equal values agree, a blank is filled, and of two the field's rule decides, with a conflict.
 */
export async function linkNamed(
  deps: SyncDeps,
  step: Step,
  externalId: string,
): Promise<Next | { linked: ExternalRecord }> {
  if (!hasRoomForCall(deps, step.claim)) return giveBack(deps, step);
  const answer = await fetchTheirs(deps, step, externalId, false);
  await failpoint('link.read');
  if (!answer.ok) return postpone(deps, step, answer.failure);
  const { value } = answer;
  const why = value.state === 'present' ? whyNot(value.record, step) : value.state;
  // Nobody gave a word: the setting links it, and whoever is there now is looked for again.
  if (why !== null && keptWord(step.mapping) === null) return postpone(deps, step, hasChanged);
  // The word was about a record that is there: it is asked for anew.
  if (value.state !== 'present' || why !== null)
    return settle(deps, step, {
      kind: 'waiting',
      reason: NOT_LINKED,
      detail: { tried: externalId, why },
    });
  const next = await settle(deps, step, { kind: 'found', externalId });
  if (next === 'done') return next;
  // The step goes on as it was loaded: what came in since the read is not answered by it, and keeps the pair dirty.
  step.mapping = {
    ...step.mapping,
    externalId,
    state: 'linked',
    reason: null,
    reasonDetail: null,
    mustRead: true,
  };
  return { linked: value.record };
}

function whyNot({ mark, foreignMark }: ExternalRecord, { row }: Step): string | null {
  if (foreignMark) return 'other_environment';
  return mark !== null && mark !== row?.createdEventId ? 'marked_for_another' : null;
}

const hasChanged = ownFailure({
  kind: 'throttle',
  code: 'link_waits',
  message: 'the record that was to be linked has gone or was marked since it was found',
  nothingHappened: true,
});
