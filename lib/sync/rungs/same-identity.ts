// Before a record is made for a row: is there one with the row's identity already? Then none is
// made: the two are linked where the setting says so, or the row waits until a person says which
// record is its own, or that a new one is to be made.
//
// Two questions, since each misses what the other sees. The records that we know of, by their
// folded identity: complete since the account was read, and late by as much as events are late. And
// the system itself (STRIPE_LOOK_BEFORE_CREATE), which knows what was made a second ago, but
// compares emails letter by letter. What only the first shows is read before it counts.
//
// A crash at any point leaves nothing: no intent is stored yet, and the questions are asked again.
import { MOST_ALIKE, type Holder } from '../../../db/external-records.ts';
import type { ExternalRecord } from '../../integrations/integration.ts';
import { ownFailure } from '../../integrations/own-failure.ts';
import type { Action, Note } from '../action.ts';
import { isToBeAnew } from '../consent.ts';
import { know, type Answer } from '../facts.ts';
import { postpone, wait } from '../failing.ts';
import { identityOf, identityOfRecord, identityOfRow, toKept } from '../identity.ts';
import type { Situation } from '../situation.ts';
import { linkNamed } from './named-record.ts';

/** Null: no record has the row's identity, or a person said that one is to be made all the same. */
export function sameIdentity(s: Situation): Action | null {
  const { row, mapping } = s;
  if (mapping.externalId !== null || !row) return null;
  const written = identityOfRow(s.entity, row);
  const identity = identityOf(written);
  if (written === null || identity === null || s.policy.linkByEmail === 'never' || isToBeAnew(mapping))
    return null;
  const { isRead, externalIds } = know(s, 'sameIdentity', { identity });
  if (!isRead) return wait({ code: 'account_unread', detail: {} });
  // A person decides, and what they decide is read then: no call is needed to ask them.
  if (externalIds.length > 0 && s.policy.linkByEmail === 'ask' && mapping.consent === null)
    return waitForConsent(s, externalIds);
  const seen = recordsByIdentity(s, written, identity);
  if (!seen.ok) return postpone(s, seen.failure);
  const others = externalIds.filter((id) => !seen.value.some(({ externalId }) => externalId === id));
  const confirmed = confirm(s, others, identity);
  if (!confirmed.ok) return postpone(s, confirmed.failure);
  return judge(s, [...seen.value, ...confirmed.value]);
}

/**
 * By the setting; and always where a create is made safe by nothing but a look, since one of unknown
 * outcome may have made the record. And where records can be merged, after a create that came to
 * nothing as far as could be seen: what it made may be a part of another record now.
 */
function looksFirst({ policy, capabilities, mapping }: Situation): boolean {
  const mayBeMerged = capabilities.merges && mapping.intentNumber > 0;
  return policy.looksBeforeCreate || capabilities.creates === 'none' || mayBeMerged;
}

/** Asks the system by the identity as it is written in our row and, if that differs, folded. */
function recordsByIdentity(s: Situation, written: string, folded: string): Answer<ExternalRecord[]> {
  const records = new Map<string, ExternalRecord>();
  if (!s.findsByIdentity || !looksFirst(s)) return { ok: true, value: [] };
  for (const identity of new Set([written, folded])) {
    const answer = know(s, 'recordsByIdentity', { identity });
    if (!answer.ok) return answer;
    for (const record of answer.value)
      if (!records.has(record.externalId)) records.set(record.externalId, record);
  }
  return { ok: true, value: [...records.values()] };
}

/**
 * Reads what only our own table names: the system may have deleted it, or it may have another
 * identity by now.
 */
function confirm(s: Situation, externalIds: string[], identity: string): Answer<ExternalRecord[]> {
  const records: ExternalRecord[] = [];
  for (const externalId of externalIds) {
    const answer = know(s, 'record', { externalId, for: 'candidate' });
    if (!answer.ok) return answer;
    const { value } = answer;
    if (value.state === 'present' && identityOfRecord(s.entity, s.fields, value.record) === identity)
      records.push(value.record);
  }
  return { ok: true, value: records };
}

/** What follows from the records that have the row's identity; null where one is to be made all the same. */
export function judge(s: Situation, found: ExternalRecord[]): Action | null {
  const { row, mapping, policy } = s;
  // Another installation's records are none of ours to link or to wait for.
  const records = found.filter(({ ownerTag, foreignTag }) => ownerTag !== null || !foreignTag);
  if (!row || records.length === 0) return null;
  const own = records.find(({ ownerTag }) => ownerTag === row.createdEventId);
  const ids = records.map(({ externalId }) => externalId);
  const holders = new Map(know(s, 'holders', { externalIds: ids }).map((h) => [h.externalId, h]));
  if (own && isFree(holders.get(own.externalId)))
    return { do: 'settle', outcome: { kind: 'found', externalId: own.externalId } };
  if ([...holders.values()].some((holder) => isMoving(holder, row.id))) return postpone(s, moving);
  const free = records.filter((r) => r.ownerTag === null && isFree(holders.get(r.externalId)));
  // The consent that no record is this row's was given knowing those of others; it was not about
  // one that could be linked.
  if (free.length === 0 && mapping.consent !== null) return null;
  const best = chooseBest(s, free);
  if (!best.ok) return postpone(s, best.failure);
  const keep: Note = {
    note: 'keep_records',
    records: records.map((record) => toKept(s.entity, s.fields, record)),
  };
  if (best.value === null || policy.linkByEmail !== 'link') return waitForConsent(s, ids, [keep]);
  const externalIds = ids.filter((id) => id !== best.value);
  // The others get mappings of their own, find the row linked, and become its aliases.
  return linkNamed(s, best.value, [keep, { note: 'match_records', externalIds }]);
}

function waitForConsent({ mapping }: Situation, externalIds: string[], notes: Note[] = []): Action {
  const records = externalIds.slice(0, MOST_ALIKE);
  const fields = { mapping: mapping.id, records: externalIds.length };
  return wait({ code: 'not_linked', detail: { because: 'identity_exists', records } }, [
    ...notes,
    { note: 'log', level: 'info', event: 'create.identity_exists', fields },
  ]);
}

/**
 * By the rule of choose-record.ts where there are several; only where one of them is linked unasked
 * is it asked for.
 */
function chooseBest(s: Situation, records: ExternalRecord[]): Answer<string | null> {
  const externalIds = records.map(({ externalId }) => externalId);
  if (externalIds.length < 2 || s.policy.linkByEmail !== 'link')
    return { ok: true, value: externalIds[0] ?? null };
  return know(s, 'bestRecord', { externalIds });
}

/** It is an unmatched record. */
function isFree(holder: Holder | undefined): boolean {
  return holder === undefined || (holder.customerId === null && holder.state !== 'tombstoned');
}

/** The record is another customer's and has something to do: its email or its life may end in a moment. */
function isMoving({ customerId, role, busy }: Holder, rowId: number): boolean {
  return busy && role === 'primary' && customerId !== null && customerId !== rowId;
}

/** Not a failure: a wait that never parks. */
const moving = ownFailure({
  kind: 'throttle',
  code: 'identity_moving',
  message: 'a record of another customer has this identity, and that customer has a change under way',
  field: 'identity',
  nothingHappened: true,
});
