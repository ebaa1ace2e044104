// Searches at the system for the record of a create of unknown outcome: in its events by the key,
// then among the records made in that time by the owner tag, and last by the system's search. Both
// lists are read to their end before anything is said to be missing.
//
// How far back: events are kept for a time (Stripe: 30 days), so an older create is not missed
// there but in the other list alone, which has every living record whatever its age. What neither
// shows is a record that the create made and that was deleted longer ago than that; a new create
// then makes no second living record.
//
// How far the search has got is kept with the intent; a crash may lose that, and the pages are read
// again.
import { saveLooked } from '../../../db/closed-intents.ts';
import type { OpenIntent } from '../../../db/mappings/mappings.ts';
import { failpoint } from '../../failpoint.ts';
import type { Capabilities, EventsPage, ExternalRecord } from '../../integrations/integration.ts';
import { NO_TOKEN } from '../../limits/guarded.ts';
import type { CreateSearch } from '../facts.ts';
import { notYet } from '../not-yet.ts';
import { hasRoomForCall, type Step, type SyncDeps } from '../step.ts';
import { call, notedSearch } from './call.ts';
import { NO_ROOM } from './no-room.ts';

/** External ids, those made first before the others; or why it cannot be said yet. */
type Look = string[] | Exclude<CreateSearch, { found: unknown }> | typeof NO_ROOM;

interface Search {
  deps: SyncDeps;
  step: Step;
  intent: OpenIntent;
  /** The creating event of this row. */
  ownerTag: string;
  from: Date;
  to: Date;
}

/**
 * Records are looked for this long before the first send: clocks differ, and the system's times are
 * whole seconds.
 */
const BEFORE_MS = 5 * 60_000;
/** Clocks that are further apart than this make a window of times worth nothing. */
const CLOCKS_MS = 60_000;

export async function searchCreate(deps: SyncDeps, step: Step): Promise<CreateSearch | typeof NO_ROOM> {
  const { row, mapping } = step;
  const { intent } = mapping;
  if (!row || !intent) return { found: null };
  const from = new Date(Date.parse(intent.firstSentAt) - BEFORE_MS);
  const to = new Date(Date.parse(intent.lastSentAt) + deps.integration.capabilities.inFlightMs);
  const search = { deps, step, intent, ownerTag: row.createdEventId, from, to };
  for (const look of looksOf(deps.integration.capabilities)) {
    const found = await look(search);
    if (found === NO_ROOM) return breakOff(search);
    if ('failure' in found)
      return 'place' in found && found.failure.code === NO_TOKEN ? breakOff(search) : found;
    await failpoint('resolve.looked');
    const [oldest, ...others] = found;
    if (oldest !== undefined)
      return { found: oldest, others, byAnother: look !== inEvents && eventsCover(search) };
  }
  return { found: null };
}

/**
 * By what the system promises. Where it takes each owner tag once, one question answers it. Where a
 * create has no key, no event names it: the records with the row's identity come first.
 */
const LOOKS: Record<Capabilities['creates'], ((search: Search) => Promise<Look>)[]> = {
  key: [inEvents, inRecords, byOwnerTag],
  'unique-tag': [byOwnerTag],
  none: [byIdentity, inRecords, byOwnerTag],
};

/**
 * A record that was merged into another one since is in no list any more: only the event of its
 * creation shows it.
 */
function looksOf({ creates, merges }: Capabilities): ((search: Search) => Promise<Look>)[] {
  const looks = LOOKS[creates];
  return merges && !looks.includes(inEvents) ? [...looks, inEvents] : looks;
}

/**
 * The lease is too short for another page: the next worker that claims the mapping continues here.
 */
async function breakOff({ deps, step }: Search): Promise<typeof NO_ROOM> {
  const { id, fence } = step.claim;
  if (!deps.onlyLooking) await saveLooked(deps.db, id, fence, step.mapping.intent?.looked);
  return NO_ROOM;
}

/**
 * Whether the events would show what our request made: they name the request by its key, they were
 * read to their end, and they reach back to it.
 */
function eventsCover({ deps, from }: Search): boolean {
  const { feed, capabilities } = deps.integration;
  if (feed?.by !== 'time' || capabilities.creates !== 'key') return false;
  return from.getTime() > deps.clock.now().getTime() - feed.keptMs;
}

/**
 * By the key: an event of the creation names the request behind it. Where a create has no key, by the
 * owner tag alone. A feed with a cursor has no window of the time of the sends, so nothing is looked for
 * in it.
 */
async function inEvents(search: Search): Promise<Look> {
  const { deps, intent, ownerTag, from, to } = search;
  const { feed, capabilities } = deps.integration;
  const isOurs = (key: string | null): boolean => capabilities.creates !== 'key' || key === intent.key;
  if (feed?.by !== 'time') return [];
  const start = upTo(search, 'events');
  const pages = feed.pages({ createdFrom: from, createdTo: start })[Symbol.asyncIterator]();
  for (let first = true; ; first = false) {
    const page = await nextPage(search, 'events', pages, ({ requestId, status }) => ({ requestId, status }));
    if (page === NO_ROOM || 'failure' in page) return page;
    if (page.value === null) return [];
    const { events } = page.value;
    const made = events.find(
      (e) => e.kind === 'created' && isOurs(e.idempotencyKey) && e.ownerTag === ownerTag,
    );
    if (made?.externalId) return [made.externalId];
    if (first && start.getTime() === to.getTime()) {
      const unsure = notSureYet(search, page.value, feed.tipMs);
      if (unsure) return unsure;
    }
    noteLooked(search, 'events', events.at(-1)?.created);
  }
}

/**
 * The end of what events show for certain lies a little before the time of their answer, by the
 * system's clock.
 */
function notSureYet(
  { deps, to }: Search,
  { answeredAt }: EventsPage,
  tipMs: number,
): Exclude<Look, string[] | symbol> | null {
  const now = deps.clock.now().getTime();
  const wait = answeredAt === null ? tipMs : to.getTime() + tipMs - answeredAt.getTime();
  const apart = answeredAt === null ? 0 : Math.abs(answeredAt.getTime() - now);
  if (apart > CLOCKS_MS) {
    const says = `the clocks of ${deps.integration.system} and of this machine are ${Math.round(apart / 1_000)} s apart: set this one by NTP`;
    return { place: 'events', failure: notYet('clocks_apart', says) };
  }
  if (answeredAt !== null && wait <= 0) return null;
  const failure = notYet('events_not_complete', 'the newest events of the system may not be listed yet');
  return { notBefore: new Date(now + wait), failure };
}

/** Among the records with the row's identity, by the owner tag; one without it is no proof. */
async function byIdentity({ deps, step, intent, ownerTag }: Search): Promise<Look> {
  const { integration, entity } = deps;
  const find = integration.findByIdentity?.bind(integration);
  const identity = intent.fields[entity.identity ?? '']?.ours ?? null;
  if (!find || typeof identity !== 'string') return [];
  if (!hasRoomForCall(deps, step.claim)) return NO_ROOM;
  const answer = await call(deps, step, 'resolve.identity', intent, () => find(identity), notedSearch);
  if (!answer.ok) return { place: 'identity', failure: answer.failure };
  return oldestFirst(answer.value.filter((record) => record.ownerTag === ownerTag));
}

/**
 * By the owner tag, among all records made in the time of the sends: two are possible, and the
 * older one comes first.
 */
async function inRecords(search: Search): Promise<Look> {
  const { deps, ownerTag, from } = search;
  const pages = deps.integration
    .list({ createdFrom: from, createdTo: upTo(search, 'list') })
    [Symbol.asyncIterator]();
  const found: ExternalRecord[] = [];
  for (;;) {
    const page = await nextPage(search, 'list', pages, () => ({ requestId: null, status: 200 }));
    if (page === NO_ROOM || 'failure' in page) return page;
    if (page.value === null) return oldestFirst(found);
    found.push(...page.value.filter((record) => record.ownerTag === ownerTag));
    // With one in hand the walk is not shortened: its second is to be seen in the same look.
    if (found.length === 0) noteLooked(search, 'list', page.value.at(-1)?.createdAt);
  }
}

/**
 * By the owner tag, wherever in time: it may lag behind or be missing, so what it finds counts, and
 * what it does not says nothing.
 */
async function byOwnerTag({ deps, step, intent, ownerTag }: Search): Promise<Look> {
  const { integration } = deps;
  const find = integration.findTagged?.bind(integration);
  if (!find) return [];
  if (!hasRoomForCall(deps, step.claim)) return NO_ROOM;
  const answer = await call(deps, step, 'resolve.search', intent, () => find(ownerTag), notedSearch);
  if (answer.ok) return oldestFirst(answer.value);
  // Refused: there is none for this account. Where the tag is what makes a create safe, there must be.
  const isOptional = integration.capabilities.creates !== 'unique-tag';
  if (isOptional && answer.failure.kind === 'permanent') return [];
  return { place: 'search', failure: answer.failure };
}

/** Lists begin with the newest: of two of one second the later in the list is the older. */
function oldestFirst(records: ExternalRecord[]): string[] {
  return records
    .toReversed()
    .toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime())
    .map(({ externalId }) => externalId);
}

type Place = 'events' | 'list';

/** One more page; null at the end. */
async function nextPage<T>(
  { deps, step, intent }: Search,
  place: Place,
  pages: AsyncIterator<T>,
  answered: (page: T) => { requestId: string | null; status: number },
): Promise<{ value: T | null } | Exclude<Look, string[]>> {
  if (!hasRoomForCall(deps, step.claim)) return NO_ROOM;
  const answer = await call<IteratorResult<T, unknown>>(
    deps,
    step,
    `resolve.${place}`,
    intent,
    () => pages.next(),
    (page) => (page.done ? null : { ...answered(page.value), replayed: false, error: null }),
  );
  if (!answer.ok) return { place, failure: answer.failure };
  return { value: answer.value.done ? null : answer.value.value };
}

function upTo({ intent, to }: Search, place: Place): Date {
  const looked = intent.looked?.[place];
  return looked === undefined ? to : new Date(looked);
}

/** Kept with the intent when the search is broken off; what was made in that second is looked at again. */
function noteLooked({ step }: Search, place: Place, until: Date | undefined): void {
  const { intent } = step.mapping;
  if (intent && until) intent.looked = { ...intent.looked, [place]: until.toISOString() };
}
