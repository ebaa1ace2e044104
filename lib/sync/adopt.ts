// Who is it? A record of theirs that no row of ours stands for yet. Receive made a mapping without internal id for it; one read
// tells whose it is.
//
// Our mark on it names a row: it is that row's, or, if that row has another counterpart, a duplicate. Without a mark it is
// nobody's: a new row here, unless its email belongs to a row that we have. Linking by email is asked for first, since anyone
// can check out with anyone's email. Nothing is ever deleted at the other side.
//
// A crash after a row was made for it finds the pair linked and `must_read`: the next step reads and writes the mark.
import { withTransaction } from '../../db/server/connection.ts';
import { absorbInto, findByEmail, findByMark, type Candidate } from '../../db/mappings/adopt.ts';
import { insertCustomer, isEmailTaken } from '../../db/customers.ts';
import { describeRefusal } from '../../db/row-rules.ts';
import { forgetRecord, keepRecords, raiseAwaiting, readDecision } from '../../db/external-records.ts';
import { insertOriginDelivery } from '../../db/deliveries.ts';
import { insertLinkedEvent } from '../../db/events/events.ts';
import { lockMapping, updateMapping } from '../../db/mappings/mappings.ts';
import { failpoint } from '../failpoint.ts';
import { fallbackValue } from '../catalogue/document.ts';
import type { ExternalRecord, Failure, FieldRule, Fields, Value } from '../integrations/integration.ts';
import { ownFailure } from '../integrations/own-failure.ts';
import { fromExternal } from '../catalogue/transforms.ts';
import { isUuid, newEventId } from '../uuid.ts';
import { canonical } from './canonical.ts';
import { chosenRow, takeOver } from './chosen.ts';
import { letBetterGoFirst } from './better-record.ts';
import { consentsTo } from './consent.ts';
import { askHolder } from './duplicate-email.ts';
import { park, postpone, wait } from './failing.ts';
import { toKept } from './identity.ts';
import { fetchTheirs } from './intent.ts';
import { noteLostRequests } from './lost-request.ts';
import { giveBack, type Next } from './next.ts';
import { foresee } from './rehearsal.ts';
import { parkRefused } from './row-refused.ts';
import { settle } from './settle.ts';
import type { Shadow } from './shadow.ts';
import { formsOfRow } from './table-forms.ts';
import { hasRoomForCall, theirsOf, type Step, type SyncDeps } from './step.ts';
import { heardEvents } from './theirs.ts';
import { writeMark } from './write-theirs.ts';

export async function adopt(deps: SyncDeps, step: Step): Promise<Next> {
  const { externalId } = step.mapping;
  if (externalId === null) return wait(deps, step, 'lost_row', {});
  if (!hasRoomForCall(deps, step.claim)) return giveBack(deps, step);
  const answer = await fetchTheirs(deps, step, externalId, false);
  await failpoint('adopt.read');
  if (!answer.ok) return postpone(deps, step, answer.failure);
  const { value } = answer;
  if (value.state === 'missing') return park(deps, step, 'missing', { external_id: externalId });
  if (value.state === 'erased') {
    await forgetAlike(deps, step, externalId);
    return settle(deps, step, {
      kind: 'ended',
      state: 'tombstoned',
      by: 'theirs',
      intent: null,
      written: null,
    });
  }
  return place(deps, step, value.record);
}

/** The record is gone: whoever waited because it exists is looked at again. */
async function forgetAlike(deps: SyncDeps, { mapping }: Step, externalId: string): Promise<void> {
  const { system, account } = mapping;
  if (deps.rehearsing) return;
  await forgetRecord(deps.db, mapping, externalId);
  await raiseAwaiting(deps.db, { system, account, externalId, now: deps.clock.now() });
}

async function place(deps: SyncDeps, step: Step, record: ExternalRecord): Promise<Next> {
  const { mapping } = step;
  const { system, account } = mapping;
  if (!deps.rehearsing && (record.mark !== null || !record.foreignMark)) {
    const kept = toKept(deps.integration.document.fields, record);
    // With another identity than before it is no reason to wait any more.
    if (await keepRecords(deps.db, mapping, [kept]))
      await raiseAwaiting(deps.db, {
        system,
        account,
        externalId: record.externalId,
        now: deps.clock.now(),
      });
  }
  const chosen = await chosenRow(deps, step, record);
  if (chosen)
    return chosen.externalId === null
      ? link(deps, step, chosen, record)
      : takeOver(deps, step, chosen.customerId);
  if (record.mark !== null && record.mark !== mapping.voidMark) {
    const owner = isUuid(record.mark) ? await findByMark(deps.db, mapping, record.mark) : null;
    if (!owner) {
      const lost = await placeLost(deps, step, record.mark, record.externalId);
      if (lost !== null) return lost;
    } else {
      // A mark is no word: records that were copied to another account bear it too.
      if (owner.link === 'awaited' && !consentsTo(mapping, owner.customerId))
        return wait(deps, step, 'ask_link', { customer: owner.customerId });
      return link(deps, step, owner, record);
    }
  }
  if (record.foreignMark) return wait(deps, step, 'other_environment', {});
  if (!deps.policy.pulls) return wait(deps, step, 'pulls_off', { operation: 'create' });
  const { values, shadow } = rowFor(deps.integration.document.fields, record.fields);
  if (values.email === null || values.name === null)
    return wait(deps, step, values.email === null ? 'no_email' : 'no_name', {});
  const holder = await findByEmail(deps.db, mapping, values.email);
  if (!holder) {
    const decision = await readDecision(deps.db, mapping, record.externalId);
    if (decision === 'leave') return wait(deps, step, 'left_alone', {});
    if (decision === null && !deps.policy.imports) return wait(deps, step, 'not_imported', {});
    const first = await letBetterGoFirst(deps, step, record);
    if (first !== null) return first;
    return importRecord(deps, step, { name: values.name, email: values.email }, shadow);
  }
  if (holder.externalId !== null)
    return (await askHolder(deps, step, values.email)) ?? becomeAlias(deps, step, holder, record);
  // Its first link is under way, and may be with this very record.
  if (holder.link === 'named') return postpone(deps, step, notYet('the first link of its row is under way'));
  const unasked = deps.policy.linkByEmail === 'link' && holder.link !== 'awaited';
  const consent = unasked || consentsTo(step.mapping, holder.customerId);
  if (consent) return link(deps, step, holder, record);
  const reason = deps.policy.linkByEmail === 'never' ? 'duplicate_email' : 'ask_link';
  return wait(deps, step, reason, { customer: holder.customerId });
}

/**
 * An owner tag of ours that names no row: the row was lost in a restore, or somebody wrote the tag by hand. A person decides what
 * becomes of it; null once it was decided that it becomes a customer here.
 */
async function placeLost(deps: SyncDeps, step: Step, mark: string, externalId: string): Promise<Next | null> {
  await noteLostRequests(
    deps,
    heardEvents(step).map(({ event }) => event),
  );
  const decision = await readDecision(deps.db, step.mapping, externalId);
  if (decision === 'import') return null;
  return wait(deps, step, decision === 'leave' ? 'left_alone' : 'lost_row', { mark });
}

/** The record is this row's, if the row has no other; its mapping absorbs ours. */
async function link(deps: SyncDeps, step: Step, owner: Candidate, record: ExternalRecord): Promise<Next> {
  // A pair that has ended does not come back by a mark, which may be copied by hand.
  if (owner.ended || (owner.externalId !== null && owner.externalId !== step.mapping.externalId))
    return becomeAlias(deps, step, owner, record);
  if (owner.mappingId === null) return postpone(deps, step, notYet('its row has not been received yet'));
  foresee(deps, () => ({ would: 'link', customer: owner.customerId }));
  const { mappingId } = owner;
  const now = deps.clock.now();
  const result = await withTransaction(deps.db, async (tx) => {
    const absorbed = await absorbInto(tx, { id: step.claim.id, fence: step.claim.fence }, mappingId, now);
    if (absorbed !== 'absorbed') return absorbed;
    await insertLinkedEvent(tx, {
      eventId: newEventId(now),
      customerId: owner.customerId,
      system: step.mapping.system,
      now,
    });
    const { system, account, externalId } = step.mapping;
    if (externalId !== null) await raiseAwaiting(tx, { system, account, externalId, now });
    await failpoint('adopt.before-commit');
    return absorbed;
  });
  await failpoint('adopt.absorbed');
  switch (result) {
    case 'absorbed':
      deps.log.info('mapping.absorbed', { mapping: step.claim.id, into: mappingId });
      deps.nudge();
      return 'done';
    case 'lost':
      return 'done';
    case 'taken':
      return 'again';
    case 'busy':
      return postpone(deps, step, notYet('the mapping of its row is at work'));
  }
}

/** A second record for a row that has one: kept apart, told, and never deleted. */
async function becomeAlias(
  deps: SyncDeps,
  step: Step,
  { customerId, externalId: primary }: Candidate,
  { fields }: ExternalRecord,
): Promise<Next> {
  const email = canonical(theirsOf(deps.integration.document.fields, fields)['email']);
  return settle(deps, step, { kind: 'alias', customerId, primary, email });
}

/** A new row here, with its event, and the delivery that says the system does not hear its own change. */
async function importRecord(
  deps: SyncDeps,
  step: Step,
  values: { name: string; email: string },
  shadow: Shadow,
): Promise<Next> {
  foresee(deps, () => ({ would: 'import' }));
  const { mapping } = step;
  const now = deps.clock.now();
  const cause = step.deliveries.find((d) => d.inbound !== null);
  const stamp = {
    eventId: newEventId(now),
    source: mapping.system,
    context: { hop: 1, ...(cause ? { caused_by: cause.eventId } : {}) },
    now,
  };
  try {
    const made = await withTransaction(deps.db, async (tx) => {
      if (!(await lockMapping(tx, step.claim.id, step.claim.fence))) return null;
      const row = await insertCustomer(tx, values, stamp);
      const { forms, pairs } = formsOfRow(deps.integration.document.fields, shadow, row);
      await insertOriginDelivery(tx, {
        eventId: stamp.eventId,
        syncEventId: row.lastEventId,
        eventType: 'customer.created',
        version: row.version,
        system: mapping.system,
        mappingId: mapping.id,
        now,
      });
      await updateMapping(tx, mapping.id, {
        internalId: row.id,
        state: 'linked',
        reason: null,
        reasonDetail: null,
        shadow: pairs,
        mustRead: true,
        wantedVersion: row.version,
        pushedVersion: row.version,
      });
      await insertLinkedEvent(tx, {
        eventId: newEventId(now),
        customerId: row.id,
        system: mapping.system,
        now,
      });
      await failpoint('adopt.before-commit');
      return { row, forms, pairs };
    });
    await failpoint('adopt.imported');
    if (!made) return 'done';
    deps.nudge();
    const { row, forms, pairs } = made;
    step.row = { ...row, deletedAt: null };
    step.mapping = {
      ...mapping,
      internalId: row.id,
      state: 'linked',
      reason: null,
      reasonDetail: null,
      shadow: pairs,
      mustRead: true,
      pushedVersion: row.version,
    };
    return await writeMark(deps, step, values, forms);
  } catch (error) {
    // Somebody took the email between our look and our insert: look again.
    if (isEmailTaken(error)) return 'again';
    const refusal = await describeRefusal(deps.db, error);
    if (refusal === null) throw error;
    return parkRefused(deps, step, refusal);
  }
}

/** Our row's values for a record, and the pairs they make; what stands in for a missing value is marked derived. */
function rowFor(
  rules: FieldRule[],
  fields: Fields,
): { values: Record<'name' | 'email', Value>; shadow: Shadow } {
  const values: Record<string, Value> = {};
  const shadow: Shadow = {};
  for (const rule of rules) {
    const theirs = fromExternal(rule, fields[rule.external] ?? null);
    const own = canonical(theirs);
    const derived = own === null ? fallbackValue(rule, fields) : null;
    values[rule.internal] = own ?? derived;
    shadow[rule.internal] =
      derived === null ? { ours: own, theirs } : { ours: derived, theirs, reason: 'derived' };
  }
  return { values: { name: values['name'] ?? null, email: values['email'] ?? null }, shadow };
}

function notYet(message: string): Failure {
  return ownFailure({ kind: 'throttle', code: 'link_waits', message, nothingHappened: true });
}
