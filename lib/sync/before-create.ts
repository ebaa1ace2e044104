// Before a record is made for a row: is there one with the row's identity already? Then nothing is made: the two are linked where the
// setting says so, or the row waits until a person says which record is its own, or that a new one is to be made.
//
// Two questions, since each misses what the other sees. The records that we know of, by their folded identity: complete since the
// account was read, and late by as much as events are late. And the system itself (STRIPE_LOOK_BEFORE_CREATE), which knows what was
// made a second ago, but compares emails letter by letter. What only the first shows is read before it counts.
//
// A crash at any point leaves nothing: no intent is stored yet, and the questions are asked again.
import {
  findByIdentity,
  findHolders,
  forgetRecord,
  keepRecords,
  MOST_ALIKE,
  type Holder,
} from '../../db/external-records.ts';
import { askForNewRecords } from '../../db/mappings/first-link.ts';
import { urgencies } from '../../db/urgency.ts';
import { failpoint } from '../failpoint.ts';
import type { ExternalRecord, Failure } from '../integrations/integration.ts';
import { ownFailure } from '../integrations/own-failure.ts';
import { isToBeAnew, keptWord } from './consent.ts';
import { postpone, wait } from './failing.ts';
import { IDENTITY_EXISTS, NOT_LINKED } from './first-link.ts';
import { identityOf, identityOfRecord, toKept } from './identity.ts';
import { attempt, fetchTheirs } from './intent.ts';
import { giveBack, type Next } from './next.ts';
import { foresee } from './rehearsal.ts';
import { chooseAmong } from './record-activity.ts';
import { settle } from './settle.ts';
import { hasRoomForCall, type Step, type SyncDeps } from './step.ts';

/** Why a create waits until every record of the account was read once. */
export const ACCOUNT_UNREAD = 'account_unread';

/**
 * Null: no record has the row's identity, or a person said that one is to be made all the same. `link`: the record that the setting
 * links it with. Else what became of the step.
 */
export async function findAlike(deps: SyncDeps, step: Step): Promise<Next | { link: string } | null> {
  const { row, mapping } = step;
  const identity = identityOf(row?.email);
  if (!row || identity === null || deps.policy.linkByEmail === 'never' || isToBeAnew(mapping)) return null;
  const known = await findByIdentity(deps.db, mapping, identity);
  if (!known.isRead) return wait(deps, step, ACCOUNT_UNREAD, {});
  // A person decides, and what they decide is read then: no call is needed to ask them.
  if (known.externalIds.length > 0 && deps.policy.linkByEmail === 'ask' && keptWord(mapping) === null)
    return waitForConsent(deps, step, known.externalIds);
  const seen = await look(deps, step, row.email, identity);
  if ('next' in seen) return seen.next;
  const others = known.externalIds.filter((id) => !seen.records.some(({ externalId }) => externalId === id));
  const confirmed = await confirm(deps, step, others, identity);
  if ('next' in confirmed) return confirmed.next;
  const alike = await judge(deps, step, [...seen.records, ...confirmed.records]);
  if (alike === null) deps.log.debug('create.looked', { mapping: mapping.id });
  await failpoint('before-create.looked');
  return alike;
}

type Looked = { records: ExternalRecord[] } | { next: Next };

/** Asks the system by the email as it is written here and, where that differs, folded. */
async function look(deps: SyncDeps, step: Step, email: string, identity: string): Promise<Looked> {
  const find = deps.integration.findByEmail?.bind(deps.integration);
  if (!find || !deps.policy.looksBeforeCreate) return { records: [] };
  const records: ExternalRecord[] = [];
  for (const asked of new Set([email, identity])) {
    if (!hasRoomForCall(deps, step.claim)) return { next: await giveBack(deps, step) };
    const told = () => ({ requestId: null, status: 200, replayed: false, error: null });
    const answer = await attempt(deps, step, 'look', null, () => find(asked), told);
    if (!answer.ok) return { next: await postpone(deps, step, answer.failure) };
    records.push(
      ...answer.value.filter((record) => !records.some((r) => r.externalId === record.externalId)),
    );
  }
  return { records };
}

/** Reads what only our own table names: it may have been deleted there, or have another identity by now. */
async function confirm(deps: SyncDeps, step: Step, externalIds: string[], identity: string): Promise<Looked> {
  const { fields } = deps.integration.document;
  const records: ExternalRecord[] = [];
  for (const externalId of externalIds) {
    if (!hasRoomForCall(deps, step.claim)) return { next: await giveBack(deps, step) };
    const answer = await fetchTheirs(deps, step, externalId, false);
    if (!answer.ok) return { next: await postpone(deps, step, answer.failure) };
    const { value } = answer;
    const present = value.state === 'present' ? value.record : null;
    if (present && identityOfRecord(fields, present) === identity) records.push(present);
    if (deps.rehearsing) continue;
    if (present) await keepRecords(deps.db, step.mapping, [toKept(fields, present)]);
    else if (value.state === 'erased') await forgetRecord(deps.db, step.mapping, externalId);
  }
  return { records };
}

async function judge(
  deps: SyncDeps,
  step: Step,
  found: ExternalRecord[],
): Promise<Next | { link: string } | null> {
  const { row, mapping } = step;
  // Another installation's records are none of ours to link or to wait for.
  const records = found.filter(({ mark, foreignMark }) => mark !== null || !foreignMark);
  if (!row || records.length === 0) return null;
  const own = records.find(({ mark }) => mark === row.createdEventId);
  const ids = records.map(({ externalId }) => externalId);
  const holders = new Map((await findHolders(deps.db, mapping, ids)).map((h) => [h.externalId, h]));
  if (own && isFree(holders.get(own.externalId)))
    return settle(deps, step, { kind: 'found', externalId: own.externalId });
  if ([...holders.values()].some((holder) => isMoving(holder, row.id))) return postpone(deps, step, moving);
  const free = records.filter((r) => r.mark === null && isFree(holders.get(r.externalId)));
  // The word that no record is this row's was given knowing those of others; it was not about one that could be linked.
  if (free.length === 0 && keptWord(mapping) !== null) return null;
  const best = await chooseBest(deps, free);
  if (typeof best === 'object' && best !== null) return postpone(deps, step, best.failure);
  if (best !== null && deps.policy.linkByEmail === 'link')
    foresee(deps, () => ({ would: 'link', customer: mapping.internalId }));
  if (deps.rehearsing) return waitForConsent(deps, step, ids);
  await keepRecords(
    deps.db,
    mapping,
    records.map((record) => toKept(deps.integration.document.fields, record)),
  );
  if (best !== null && deps.policy.linkByEmail === 'link') {
    const externalIds = ids.filter((id) => id !== best);
    // The others get mappings of their own, find the row linked, and become its aliases.
    await askForNewRecords(deps.db, {
      system: mapping.system,
      externalType: mapping.externalType,
      externalIds,
      urgency: urgencies.bulk,
      now: deps.clock.now(),
    });
    return { link: best };
  }
  return waitForConsent(deps, step, ids);
}

function waitForConsent(deps: SyncDeps, step: Step, externalIds: string[]): Promise<Next> {
  const records = externalIds.slice(0, MOST_ALIKE);
  deps.log.info('create.identity_exists', { mapping: step.mapping.id, records: externalIds.length });
  return wait(deps, step, NOT_LINKED, { because: IDENTITY_EXISTS, records });
}

/** By the rule of choose-record.ts where there are several; only where one of them is linked unasked is it asked for. */
async function chooseBest(
  deps: SyncDeps,
  records: ExternalRecord[],
): Promise<string | null | { failure: Failure }> {
  const ids = records.map(({ externalId }) => externalId);
  if (ids.length < 2 || deps.policy.linkByEmail !== 'link') return ids[0] ?? null;
  try {
    return (await chooseAmong(deps, ids))?.externalId ?? null;
  } catch (error) {
    return { failure: deps.integration.classify(error) };
  }
}

/** No customer here stands for it. */
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
  message: 'a record of another customer has this email, and that customer has a change under way',
  field: 'email',
  nothingHappened: true,
});
