// A create whose outcome is not known and whose key tells nothing any more: did it make a record?
//
// It is never sent again; what it may have made is looked for. In our inbox first, then in the system's events by the key, then
// among the records made in that time by the mark, and last by the system's search. Only when both lists were read to their end,
// and for certain, is there nothing: then a new intent follows. A look that failed, or a time that a list does not cover for
// certain yet, is no miss: it is done again later. Nothing is ever deleted: of two the older is linked, the other an alias.
//
// How far back: events are kept for a time (Stripe: 30 days), so an older create is not missed there but in the other list
// alone, which has every living record whatever its age. What neither shows is a record that was made by it and deleted again
// longer ago than that; making it anew then doubles nothing that lives.
//
// A crash at any point leaves the intent open, and the look is done again; how far it had got may be forgotten.
import { askForRead } from '../../db/inbound.ts';
import { saveLooked } from '../../db/intents.ts';
import type { OpenIntent } from '../../db/mappings/mappings.ts';
import { failpoint } from '../failpoint.ts';
import type { EventsPage, ExternalRecord, Failure } from '../integrations/integration.ts';
import { ownFailure } from '../integrations/own-failure.ts';
import { NO_TURN } from '../limits/guarded.ts';
import { park } from './failing.ts';
import { findHeard } from './heard.ts';
import { attempt, type Answer } from './intent.ts';
import { giveBack, type Next } from './next.ts';
import { errorRow } from './outcome.ts';
import { settle } from './settle.ts';
import { hasRoomForCall, type Step, type SyncDeps } from './step.ts';

/** External ids, those made first before the others; or what follows where it cannot be said yet. */
type Look = string[] | { next: Next };

interface Search {
  deps: SyncDeps;
  step: Step;
  intent: OpenIntent;
  /** The creating event of this row. */
  mark: string;
  from: Date;
  to: Date;
}

/** Records are looked for this long before the first send: clocks differ, and a second is a whole one there. */
const BEFORE_MS = 5 * 60_000;
/** Clocks that are further apart than this make a window of times worth nothing. */
const CLOCKS_MS = 60_000;

export async function resolveCreate(deps: SyncDeps, step: Step, intent: OpenIntent): Promise<Next> {
  const mark = step.row?.createdEventId;
  if (mark === undefined)
    return park(deps, step, 'create_unknown', {
      message: 'its row is gone, and with it the mark to look for',
    });
  const heard = await findHeard(deps, step, (failure) => lookLater(deps, step, 'inbox', failure));
  if (heard !== null) return heard;
  const from = new Date(Date.parse(intent.firstSentAt) - BEFORE_MS);
  const to = new Date(Date.parse(intent.lastSentAt) + deps.integration.capabilities.inFlightMs);
  const search = { deps, step, intent, mark, from, to };
  for (const look of [inEvents, inRecords, byMark]) {
    const found = await look(search);
    if ('next' in found) return found.next;
    await failpoint('resolve.looked');
    const [oldest, ...others] = found;
    if (oldest !== undefined) return link(deps, step, intent, oldest, others);
  }
  deps.log.info('create.not_there', { mapping: step.mapping.id, intent: intent.id });
  return settle(deps, step, { kind: 'abandoned', intent, result: 'unknown', mustRead: false });
}

/** The others get mappings of their own, which have to read: they find their row linked, and become its aliases. */
async function link(
  deps: SyncDeps,
  step: Step,
  intent: OpenIntent,
  externalId: string,
  others: string[],
): Promise<Next> {
  const { system, externalType, id } = step.mapping;
  for (const other of others)
    await askForRead(deps.db, { system, externalType, externalId: other, now: deps.clock.now() });
  deps.log.info('create.found', {
    mapping: id,
    intent: intent.id,
    external_id: externalId,
    more: others.length,
  });
  return settle(deps, step, { kind: 'found', externalId, by: intent });
}

/** By the key: an event of the creation names the request behind it. */
async function inEvents(search: Search): Promise<Look> {
  const { deps, intent, mark, from, to } = search;
  const { feed } = deps.integration;
  if (!feed) return [];
  const start = upTo(search, 'events');
  const pages = feed.pages({ createdFrom: from, createdTo: start })[Symbol.asyncIterator]();
  for (let first = true; ; first = false) {
    const page = await turn(search, 'events', pages, ({ requestId, status }) => ({ requestId, status }));
    if ('next' in page) return page;
    if (page.value === null) return [];
    const { events } = page.value;
    const made = events.find(
      (e) => e.kind === 'created' && e.idempotencyKey === intent.key && e.mark === mark,
    );
    if (made?.externalId) return [made.externalId];
    if (first && start.getTime() === to.getTime()) {
      const unsure = await notSureYet(search, page.value, feed.tipMs);
      if (unsure) return unsure;
    }
    noteLooked(search, 'events', events.at(-1)?.created);
  }
}

/** The end of what events tell for certain lies a little before the time of their answer, by the system's clock. */
async function notSureYet(
  { deps, step, to }: Search,
  { answeredAt }: EventsPage,
  tipMs: number,
): Promise<{ next: Next } | null> {
  const now = deps.clock.now().getTime();
  const wait = answeredAt === null ? tipMs : to.getTime() + tipMs - answeredAt.getTime();
  const apart = answeredAt === null ? 0 : Math.abs(answeredAt.getTime() - now);
  if (apart > CLOCKS_MS) {
    const says = `the clocks of ${deps.integration.system} and of this machine are ${Math.round(apart / 1_000)} s apart: set this one by NTP`;
    return { next: await lookLater(deps, step, 'events', notYet('clocks_apart', says)) };
  }
  if (answeredAt !== null && wait <= 0) return null;
  const failure = notYet('events_not_complete', 'the newest events of the system may not be listed yet');
  const notBefore = new Date(now + wait);
  return { next: await settle(deps, step, { kind: 'postponed', failure, notBefore, spent: false }) };
}

/** By the mark, among all records made in the time of the sends: two are possible, and the older one comes first. */
async function inRecords(search: Search): Promise<Look> {
  const { deps, mark, from } = search;
  const pages = deps.integration
    .list({ createdFrom: from, createdTo: upTo(search, 'list') })
    [Symbol.asyncIterator]();
  const found: ExternalRecord[] = [];
  for (;;) {
    const page = await turn(search, 'list', pages, () => ({ requestId: null, status: 200 }));
    if ('next' in page) return page;
    if (page.value === null) return oldestFirst(found);
    found.push(...page.value.filter((record) => record.mark === mark));
    // With one in hand the walk is not shortened: its second is to be seen in the same look.
    if (found.length === 0) noteLooked(search, 'list', page.value.at(-1)?.createdAt);
  }
}

/** By the mark, wherever in time: it may lag behind or be missing, so what it finds counts, and what it does not says nothing. */
async function byMark({ deps, step, intent, mark }: Search): Promise<Look> {
  const { integration } = deps;
  const find = integration.findMarked?.bind(integration);
  if (!find) return [];
  if (!hasRoomForCall(deps, step.claim)) return { next: await breakOff(deps, step) };
  const told = () => ({ requestId: null, status: 200, replayed: false, error: null });
  const answer = await attempt(deps, step, 'resolve.search', intent, () => find(mark), told);
  if (answer.ok) return oldestFirst(answer.value);
  // Refused: there is none for this account.
  if (answer.failure.kind === 'permanent') return [];
  return { next: await lookLater(deps, step, 'search', answer.failure) };
}

/** Lists begin with the newest: of two of one second the later in the list is the older. */
function oldestFirst(records: ExternalRecord[]): string[] {
  return records
    .toReversed()
    .toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime())
    .map(({ externalId }) => externalId);
}

type Place = 'events' | 'list';

/** One more page; null at the end. A page that fails, or for which the lease is too short, ends the look for now. */
async function turn<T>(
  { deps, step, intent }: Search,
  place: Place,
  pages: AsyncIterator<T>,
  answered: (page: T) => { requestId: string | null; status: number },
): Promise<{ value: T | null } | { next: Next }> {
  if (!hasRoomForCall(deps, step.claim)) return { next: await breakOff(deps, step) };
  const answer: Answer<IteratorResult<T, unknown>> = await attempt(
    deps,
    step,
    `resolve.${place}`,
    intent,
    () => pages.next(),
    (page) => (page.done ? null : { ...answered(page.value), replayed: false, error: null }),
  );
  if (!answer.ok) return { next: await lookLater(deps, step, place, answer.failure) };
  return { value: answer.value.done ? null : answer.value.value };
}

function upTo({ intent, to }: Search, place: Place): Date {
  const looked = intent.looked?.[place];
  return looked === undefined ? to : new Date(looked);
}

/** Kept with the intent when the look is broken off; what was made in that second is looked at again. */
function noteLooked({ step }: Search, place: Place, until: Date | undefined): void {
  const { intent } = step.mapping;
  if (intent && until) intent.looked = { ...intent.looked, [place]: until.toISOString() };
}

/** The lease is too short for another page: whoever takes the mapping next goes on from here. */
async function breakOff(deps: SyncDeps, step: Step): Promise<Next> {
  const { id, fence } = step.claim;
  await saveLooked(deps.db, id, fence, step.mapping.intent?.looked);
  return giveBack(deps, step);
}

/** A look that failed is no miss. It is a read, so it is never too often: only what time cannot cure parks. */
async function lookLater(deps: SyncDeps, step: Step, place: string, failure: Failure): Promise<Next> {
  if (failure.code === NO_TURN) return breakOff(deps, step);
  const { id, attempts } = step.mapping;
  const says = { mapping: id, look: place, code: failure.code, attempt: attempts + 1 };
  deps.log.warn('create.look_failed', says);
  if (failure.kind === 'permanent' || failure.kind === 'gone')
    return park(deps, step, 'create_unknown', { look: place, ...errorRow(failure) });
  return settle(deps, step, { kind: 'postponed', failure, notBefore: null, spent: false });
}

/** Whether it happened is not known yet. */
export function notYet(code: string, message: string): Failure {
  return ownFailure({ kind: 'indeterminate', code, message, nothingHappened: false });
}
