// Finds out one fact for a decision: asks our database, reads one record, or searches at the
// system. Of the pair nothing is changed.
//
// What a read shows of an unmatched record is kept, so that it is found before another one like it
// is made; that is left out where a decision is only asked for (`onlyLooking`).
import {
  findByCustomer,
  findByTag,
  findLivingAliases,
  findRowByIdentity,
} from '../../../db/mappings/adopt.ts';
import {
  findByIdentity,
  findHolders,
  forgetRecord,
  keepRecords,
  raiseAwaiting,
  readDecision,
} from '../../../db/external-records.ts';
import { readOrigin } from '../../../db/events/origins.ts';
import { readMapping } from '../../../db/mappings/mappings.ts';
import { readStoppedMs } from '../../../db/limits/stoppages.ts';
import { failpoint } from '../../failpoint.ts';
import type { ExternalRecord, Fetched } from '../../integrations/integration.ts';
import { chooseAmong } from '../record-activity.ts';
import type { Answer, Fact, FactName, Facts, ReadPurpose } from '../facts.ts';
import { toKept } from '../identity.ts';
import { depsOfKind } from '../kinds.ts';
import { hasRoomForCall, type Step, type SyncDeps } from '../step.ts';
import { call, notedOf, notedSearch } from './call.ts';
import { NO_ROOM } from './no-room.ts';
import { findEchoes } from './echoes.ts';
import { searchCreate } from './search-create.ts';

type Found<Name extends FactName> = Facts[Name]['answer'] | typeof NO_ROOM;

/** The answer to a fact. */
export async function findOut(
  deps: SyncDeps,
  step: Step,
  fact: Fact,
): Promise<Facts[FactName]['answer'] | typeof NO_ROOM> {
  const { db, clock } = deps;
  const { mapping } = step;
  switch (fact.about) {
    case 'echoes':
      return findEchoes(deps, step);
    case 'aliases':
      return findLivingAliases(db, mapping, fact.ask.customerId);
    case 'stopped': {
      const { system, account } = mapping;
      return readStoppedMs(db, { system, account, since: new Date(fact.ask.since), now: clock.now() });
    }
    case 'sameIdentity':
      return findByIdentity(db, mapping, fact.ask.identity);
    case 'holders':
      return findHolders(db, mapping, fact.ask.externalIds);
    case 'rowByOwnerTag':
      return findByTag(db, mapping, fact.ask.tag);
    case 'rowByIdentity':
      return findRowByIdentity(db, mapping, fact.ask.identity);
    case 'rowById':
      return findByCustomer(db, mapping, fact.ask.customerId);
    case 'recordDecision':
      return readDecision(db, mapping, fact.ask.externalId);
    case 'origin':
      return readOrigin(db, fact.ask);
    case 'otherMapping':
      return readMapping(db, fact.ask.id);
    case 'record':
      return readRecord(deps, step, fact.ask);
    case 'namedRecord':
      return readNamed(deps, step, fact.ask);
    case 'recordsByIdentity':
      return searchByIdentity(deps, step, fact.ask.identity);
    case 'bestRecord':
      return chooseBest(deps, step, fact.ask.externalIds);
    case 'createdRecord':
      return hasRoomForCall(deps, step.claim) ? searchCreate(deps, step) : NO_ROOM;
  }
}

async function readRecord(
  deps: SyncDeps,
  step: Step,
  { externalId, for: purpose }: Facts['record']['ask'],
): Promise<Found<'record'>> {
  if (!hasRoomForCall(deps, step.claim)) return NO_ROOM;
  const read = () => deps.integration.fetch(externalId, { forDelete: purpose === 'delete' });
  const answer = await call(deps, step, 'read', null, read, notedOf);
  await passReadPoint(purpose);
  if (answer.ok && !deps.onlyLooking) await keepWhatItShows(deps, step, externalId, purpose, answer.value);
  return answer;
}

async function readNamed(
  deps: SyncDeps,
  step: Step,
  { entity, externalId }: Facts['namedRecord']['ask'],
): Promise<Found<'namedRecord'>> {
  const ofKind = depsOfKind(deps, entity);
  if (ofKind === null) return null;
  if (!hasRoomForCall(ofKind, step.claim)) return NO_ROOM;
  return call(ofKind, step, 'read', null, () => ofKind.integration.fetch(externalId), notedOf);
}

function passReadPoint(purpose: ReadPurpose): Promise<void> | undefined {
  switch (purpose) {
    case 'match':
      return failpoint('adopt.read');
    case 'delete':
      return failpoint('remove.guarded');
    case 'consent':
      return failpoint('link.read');
    case 'decision':
      return failpoint('decision.read');
    case 'merge':
      return failpoint('reconcile.read');
    case 'candidate':
    case 'alias':
    case 'winner':
      return undefined;
  }
}

/**
 * Raises the pairs that waited because the record exists, or because of its email, if that has
 * changed.
 */
async function keepWhatItShows(
  { db, clock, entity, integration }: SyncDeps,
  { mapping }: Step,
  externalId: string,
  purpose: ReadPurpose,
  value: Fetched,
): Promise<void> {
  if (purpose !== 'match' && purpose !== 'candidate') return;
  const { system, account } = mapping;
  const raise = () => raiseAwaiting(db, { system, account, externalId, now: clock.now() });
  if (value.state === 'erased' || value.state === 'merged') {
    await forgetRecord(db, mapping, externalId);
    if (purpose === 'match') await raise();
  }
  if (value.state !== 'present') return;
  const { record } = value;
  if (purpose === 'match' && record.ownerTag === null && record.foreignTag) return;
  const hasMoved = await keepRecords(db, mapping, [toKept(entity, integration.document.fields, record)]);
  if (hasMoved && purpose === 'match') await raise();
}

async function searchByIdentity(
  deps: SyncDeps,
  step: Step,
  identity: string,
): Promise<Found<'recordsByIdentity'>> {
  const find = deps.integration.findByIdentity?.bind(deps.integration);
  if (!find) return { ok: true, value: [] };
  if (!hasRoomForCall(deps, step.claim)) return NO_ROOM;
  const answer: Answer<ExternalRecord[]> = await call(
    deps,
    step,
    'look',
    null,
    () => find(identity),
    notedSearch,
  );
  if (answer.ok) deps.log.debug('create.looked', { mapping: step.mapping.id, found: answer.value.length });
  await failpoint('before-create.looked');
  return answer;
}

async function chooseBest(deps: SyncDeps, step: Step, externalIds: string[]): Promise<Found<'bestRecord'>> {
  if (!hasRoomForCall(deps, step.claim)) return NO_ROOM;
  try {
    return { ok: true, value: (await chooseAmong(deps, externalIds))?.externalId ?? null };
  } catch (error) {
    return { ok: false, failure: deps.integration.classify(error) };
  }
}
