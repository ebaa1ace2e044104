// Which row does an unmatched record of theirs belong to? Receive made a mapping without internal
// id for it; one read answers.
//
// Our owner tag on it names a row: it is that row's, or, if that row has another record, a
// duplicate. Without a tag it becomes a new row of ours, unless its email belongs to a row that we
// have. Linking by email is asked for first, since anyone can check out with anyone's email.
// Nothing is ever deleted at the other side.
//
// A crash after a row was made for it finds the pair linked and `must_read`: the next step reads
// and writes the owner tag.
import type { Fields } from '../../catalogue/document.ts';
import { writtenIdentity } from '../identity.ts';
import type { Candidate } from '../../../db/mappings/adopt.ts';
import type { ExternalRecord } from '../../integrations/integration.ts';
import { ownFailure } from '../../integrations/own-failure.ts';
import { isUuid } from '../../uuid.ts';
import type { Action } from '../action.ts';
import { hasEnded } from '../../../db/mappings/state.ts';
import { chosenFor, consentsTo } from '../consent.ts';
import { coveredEdits } from '../covered.ts';
import { askHolder } from '../duplicate-email.ts';
import { know } from '../facts.ts';
import { park, postpone, wait } from '../failing.ts';
import { linkWaits } from '../link-waits.ts';
import { received } from '../received.ts';
import { refusedByTable } from '../row-refused.ts';
import { rowFor } from '../row-for.ts';
import { tableRefusal, type Situation } from '../situation.ts';
import { mergedInto, winnerOf } from '../winner.ts';
import { betterFirst } from './better-record.ts';
import { reference } from './reference.ts';

export function unmatchedRecord(s: Situation): Action | null {
  if (s.mapping.internalId !== null) return null;
  const { externalId } = s.mapping;
  if (externalId === null) return wait({ code: 'lost_row', detail: {} });
  const answer = know(s, 'record', { externalId, for: 'match' });
  if (!answer.ok) return postpone(s, answer.failure);
  const { value } = answer;
  const into = mergedInto(s, externalId, value);
  if (into !== null) return mergedAway(s, externalId, into);
  if (value.state === 'missing') return park({ code: 'missing', detail: { external_id: externalId } });
  if (value.state !== 'present')
    return {
      do: 'settle',
      outcome: { kind: 'ended', state: 'tombstoned', by: 'theirs', intent: null, written: null },
    };
  if (s.progress.obstacle === 'busy')
    return postpone(s, linkWaits('the mapping of its row is at work, or has an open request'));
  const refusal = tableRefusal(s);
  if (refusal) return refusedByTable(refusal);
  // It was to become a row, and names a record that has none: asked again, the import would only fail again.
  return reference(s) ?? place(s, value.record);
}

function place(s: Situation, record: ExternalRecord): Action {
  return (
    byChoice(s, record) ??
    byOwnerTag(s, record) ??
    awaitsDecision(s) ??
    whyNotImported(s, record) ??
    byIdentity(s, record)
  );
}

/** A person chose this record for a living row; not if it has another installation's owner tag. */
function byChoice(s: Situation, record: ExternalRecord): Action | null {
  const customerId = chosenFor(s.mapping);
  if (customerId === null || (record.foreignTag && record.ownerTag === null)) return null;
  const chosen = know(s, 'rowById', { customerId });
  if (!chosen || chosen.ended) return null;
  return chosen.externalId === null
    ? match(s, chosen, record)
    : { do: 'write_ours', ours: { write: 'exchange', customerId: chosen.customerId } };
}

function byOwnerTag(s: Situation, record: ExternalRecord): Action | null {
  const { mapping } = s;
  if (record.ownerTag === null || record.ownerTag === mapping.voidTag) return null;
  const owner = isUuid(record.ownerTag) ? know(s, 'rowByOwnerTag', { tag: record.ownerTag }) : null;
  if (!owner) return ownerLost(s, record.ownerTag, record.externalId);
  // An owner tag is no consent: records that were copied to another account have it too.
  if (owner.link === 'awaited' && !consentsTo(mapping, owner.customerId))
    return wait({ code: 'ask_link', detail: { customer: owner.customerId } });
  // A person named another record as the row's: that is linked first, and this one is its second.
  if (owner.named !== null && owner.named !== record.externalId)
    return postpone(s, linkWaits('the first link of its row is under way'));
  return match(s, owner, record);
}

/**
 * An owner tag of ours that names no row: the row was lost in a restore, or a person wrote the tag
 * by hand. An operator decides about the record; null once the decision is that it becomes a
 * customer in our table.
 */
function ownerLost(s: Situation, ownerTag: string, externalId: string): Action | null {
  // Its echoes are looked up for what that notes: a request of ours that this database does not
  // know (lib/sync/lost-request.ts).
  received(s);
  const decision = know(s, 'recordDecision', { externalId });
  if (decision === 'import') return null;
  return wait({ code: decision === 'leave' ? 'left_alone' : 'lost_row', detail: { mark: ownerTag } });
}

/** Its row was deleted before it was restored: it comes into our table only by a person's decision. */
function awaitsDecision({ mapping, known }: Situation): Action | null {
  const { reason, externalId } = mapping;
  if (reason?.code !== 'restored' || externalId === null) return null;
  const decision = know({ known }, 'recordDecision', { externalId });
  if (decision === 'import') return null;
  return wait(decision === 'leave' ? { code: 'left_alone', detail: {} } : reason);
}

function whyNotImported(s: Situation, record: ExternalRecord): Action | null {
  if (record.foreignTag) return wait({ code: 'other_environment', detail: {} });
  if (!s.policy.pulls) return wait({ code: 'pulls_off', detail: { operation: 'create' } });
  return lacking(s, rowFor(s.fields, record.fields).values);
}

/** The record has no value for a field that our row always has: the identity first. */
function lacking({ entity }: Situation, values: Fields): Action | null {
  const lacks = entity.fields.filter(({ name, required }) => required && (values[name] ?? null) === null);
  const field = lacks.find(({ name }) => name === entity.identity) ?? lacks[0];
  return field === undefined ? null : wait({ code: 'lacks_field', detail: { field: field.name } });
}

function byIdentity(s: Situation, record: ExternalRecord): Action {
  const { values, shadow } = rowFor(s.fields, record.fields);
  const lacks = lacking(s, values);
  if (lacks) return lacks;
  const value = values[s.entity.identity ?? ''];
  const identity = typeof value === 'string' ? value : ''; // canonical text is never empty
  const holder = identity === '' ? null : know(s, 'rowByIdentity', { identity });
  if (!holder) {
    const decision = know(s, 'recordDecision', { externalId: record.externalId });
    if (decision === 'leave') return wait({ code: 'left_alone', detail: {} });
    if (decision === null && !s.policy.imports) return wait({ code: 'not_imported', detail: {} });
    return (
      betterFirst(s, record) ?? {
        do: 'write_ours',
        ours: { write: 'import', values, shadow, covered: coveredEdits(s) },
      }
    );
  }
  if (holder.externalId !== null) return askHolder(s, identity) ?? becomeAlias(s, holder, record);
  // Its first link is under way, and may be with this very record.
  if (holder.link === 'named') return postpone(s, linkWaits('the first link of its row is under way'));
  const unasked = s.policy.linkByEmail === 'link' && holder.link !== 'awaited';
  if (unasked || consentsTo(s.mapping, holder.customerId)) return match(s, holder, record);
  const code = s.policy.linkByEmail === 'never' ? 'duplicate_email' : 'ask_link';
  return wait({ code, detail: { customer: holder.customerId } });
}

/** The record is this row's, if the row has no other. */
function match(s: Situation, row: Candidate, record: ExternalRecord): Action {
  // A pair that has ended does not come back by an owner tag, which may be copied by hand.
  if (row.ended || (row.externalId !== null && row.externalId !== s.mapping.externalId))
    return askRecordOf(s, row) ?? becomeAlias(s, row, record);
  const { mappingId } = row;
  if (mappingId === null) return postpone(s, linkWaits('its row has not been received yet'));
  return { do: 'write_ours', ours: { write: 'match', row, mappingId } };
}

/**
 * It is a part of another record now. If that one is a customer's, this one is an alias of the same
 * customer, which keeps its id; otherwise nothing is left of it.
 */
function mergedAway(s: Situation, externalId: string, first: string): Action {
  const winner = winnerOf(s, externalId, first);
  if ('failure' in winner) return postpone(s, winner.failure);
  const { into, record } = winner;
  const [holder] = record ? know(s, 'holders', { externalIds: [into] }) : [];
  const customerId = holder && !hasEnded(holder) ? holder.customerId : null;
  const isKnown = record === null || customerId !== null;
  const { echoes } = received(s);
  return {
    do: 'settle',
    outcome: { kind: 'merged_away', into, customerId, echoes, covered: coveredEdits(s) },
    notes: isKnown ? [] : [{ note: 'read_records', externalIds: [into] }],
  };
}

/**
 * Where records can be merged, the row's own record may be a part of this one by now, and have given
 * it its owner tag: the row's record is read first, once, and its pair is waited for.
 */
function askRecordOf(s: Situation, { externalId, mappingId, ended }: Candidate): Action | null {
  const { lastError, attempts } = s.mapping;
  if (!s.capabilities.merges || ended || externalId === null || mappingId === null) return null;
  const notBefore = new Date(s.now.getTime() + OTHER_FIRST_MS);
  if (lastError?.['code'] !== OTHER_FIRST)
    return postpone(s, otherFirst, {
      notBefore,
      notes: [{ note: 'read_records', externalIds: [externalId] }],
    });
  const other = know(s, 'otherMapping', { id: mappingId });
  const isBusy = other !== null && other.dirty !== other.clean;
  return isBusy && attempts < MOST_OTHER_FIRST ? postpone(s, otherFirst, { notBefore }) : null;
}

const OTHER_FIRST = 'other_record_first';
/** Long enough for the other pair's own step. */
const OTHER_FIRST_MS = 2_000;
const MOST_OTHER_FIRST = 5;

/** Not a failure: a wait that never parks. */
const otherFirst = ownFailure({
  kind: 'throttle',
  code: OTHER_FIRST,
  message: 'the row has another record; whether that one was merged into this one is being read',
  nothingHappened: true,
});

/** A second record for a row that has one: kept apart, recorded as a conflict, and never deleted. */
function becomeAlias(s: Situation, row: Candidate, record: ExternalRecord): Action {
  const email = writtenIdentity(s.entity, s.fields, record);
  const { customerId, externalId: primary } = row;
  return { do: 'settle', outcome: { kind: 'alias', customerId, primary, email, covered: coveredEdits(s) } };
}
