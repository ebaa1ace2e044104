// A create was refused for good because another record has this identity, and the answer names it. The
// record is read, and then the same holds as if it had been found before the create
// (same-identity.ts): it is linked where the setting says so, or the row waits for a person. The
// refused request is closed with that, so neither a second record is made nor the request repeated.
//
// A crash before the settle leaves the intent open: it is sent again or closed as never arrived, and
// refused again.
import { MOST_ALIKE } from '../../../db/external-records.ts';
import type { OpenIntent } from '../../../db/mappings/mappings.ts';
import type { ExternalRecord, Failure } from '../../integrations/integration.ts';
import type { Action } from '../action.ts';
import { isToBeAnew } from '../consent.ts';
import { know, type Answer } from '../facts.ts';
import { failed, park, postpone } from '../failing.ts';
import { identityOf, identityOfRecord, identityOfRow } from '../identity.ts';
import type { Situation } from '../situation.ts';
import { winnerOf } from '../winner.ts';
import { judge } from './same-identity.ts';

/** Parked with the ids that the answer names, where no link can follow: the next edit tries again. */
export function rivalNamed(s: Situation, intent: OpenIntent, failure: Failure): Action {
  const refused = park(failed(failure), intent);
  if (s.policy.linkByEmail === 'never' || isToBeAnew(s.mapping)) return refused;
  const rivals = readRivals(s, [...new Set(failure.existing)].slice(0, MOST_ALIKE));
  if (!rivals.ok) return postpone(s, rivals.failure);
  // What the system takes for the same need not have the same identity for us: then a person decides.
  const identity = s.row && identityOf(identityOfRow(s.entity, s.row));
  const isSame = rivals.value.every((record) => identityOfRecord(s.entity, s.fields, record) === identity);
  const linkByEmail = isSame ? s.policy.linkByEmail : 'ask';
  const action = judge({ ...s, policy: { ...s.policy, linkByEmail } }, rivals.value);
  return action ? closing(action, intent) : refused;
}

/** Those that exist; of one that was merged, the record that it is a part of now. */
function readRivals(s: Situation, externalIds: string[]): Answer<ExternalRecord[]> {
  const records = new Map<string, ExternalRecord>();
  for (const externalId of externalIds) {
    const answer = know(s, 'record', { externalId, for: 'candidate' });
    if (!answer.ok) return answer;
    const { value } = answer;
    if (value.state === 'present') records.set(externalId, value.record);
    if (value.state !== 'merged') continue;
    const winner = winnerOf(s, externalId, value.into);
    if ('failure' in winner) return { ok: false, failure: winner.failure };
    if (winner.record) records.set(winner.into, winner.record);
  }
  return { ok: true, value: [...records.values()] };
}

/** The outcome closes the refused request too. */
function closing(action: Action, refused: OpenIntent): Action {
  if (action.do !== 'settle') return action;
  const { outcome, notes = [] } = action;
  // The step begins again after it, since what this claim knows of its request is over.
  return outcome.kind === 'waiting' || outcome.kind === 'found'
    ? { do: 'settle', outcome: { ...outcome, refused }, notes }
    : action;
}
