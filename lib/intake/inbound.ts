// The way of an inbound event, from the webhook to the deliveries that reconcile works on.
//
// Guarantees: a 2xx only after the event is durable; one row per event, however often it is sent;
// of a refused event an id and a reason are stored, and no body. After a crash before the commit
// the system sends the event again; after the commit a repeat changes nothing.
import { targetOf } from '../sync/kinds.ts';
import type { Target } from '../../db/deliveries.ts';
import { withTransaction, type Db } from '../../db/server/connection.ts';
import { askForRead, insertRefusal, receiveExternalEvents, type ExternalEvent } from '../../db/inbound.ts';
import { storeInboundEvents, type IncomingEvent, type StoreVerdict } from '../../db/incoming.ts';
import { isOfOneRow } from '../../db/server/errors.ts';
import { urgencies } from '../../db/urgency.ts';
import type { Clock } from '../clock.ts';
import { failpoint } from '../failpoint.ts';
import type { InboundEvent, IncomingItem } from '../integrations/integration.ts';
import { parseReported } from '../events/parse.ts';
import { describeFault } from '../describe-fault.ts';
import { inboundEventId, toReported, typeOf, type InboxKind } from './reported.ts';
import { receiveBatch } from './receive-batch.ts';
import type { ReceiveDeps } from './receive-deps.ts';

export type Taken = StoreVerdict | 'unreadable' | 'unstorable';

export interface InboxDeps {
  db: Db;
  clock: Clock;
  integration: InboxKind;
  /** The other kinds of records that the system sends events about. */
  kinds?: readonly { integration: InboxKind }[];
  /** Older events are not stored: their partitions are dropped, or will be soon. */
  retentionDays: number;
  /** The W3C trace of the request that brought the event. */
  trace?: string;
  nudge: () => void;
}

const DAY_MS = 86_400_000;

/** Stores one verified event. The answer to `unbound` must make the system send the event again. */
export async function takeIn(deps: InboxDeps, event: InboundEvent): Promise<Taken> {
  const checked = checkIncoming(deps, event);
  if ('unreadable' in checked) return await refuseUnreadable(deps, event, checked.unreadable);
  const { incoming } = checked;
  const stored = await storeOrExplain(deps, incoming);
  if (!('refused' in stored)) return await finish(deps, event, stored.verdict);
  // The record that the event names is read all the same. The rule or the damage that refused the
  // event is in the database, so the same event sent again would be refused again.
  const detail = describeRefusal(stored.refused);
  await insertRefusal(deps.db, { ...aboutOf(deps, event), reason: 'unstorable', detail });
  const { externalId } = event;
  if (externalId !== null) await askForRecord(deps, event, externalId);
  deps.nudge();
  return 'unstorable';
}

/** What is stored of an event, or why it cannot be read. */
export function checkIncoming(
  deps: InboxDeps,
  event: InboundEvent,
): { incoming: IncomingEvent } | { unreadable: string } {
  const kind = kindOf(deps, event);
  const { system, document } = kind;
  const { externalId } = event;
  if (event.kind !== 'other' && externalId === null) return { unreadable: event.unreadable.join(' ') };
  const external = toReported(system, event);
  // An event that names no account is stored with the account of its endpoint.
  const checked = event.kind === 'other' || parseReported({ ...external, account: event.account ?? '' });
  if (checked !== true && !checked.ok) return { unreadable: checked.problems.join(' ') };
  const age = deps.clock.now().getTime() - event.created.getTime();
  return {
    incoming: {
      eventId: inboundEventId(system, event),
      eventType: typeOf(kind, event),
      entityType: document.entity,
      externalType: document.externalType,
      externalId,
      account: event.account,
      livemode: event.livemode,
      foreignTag: event.foreignTag,
      tooOld: externalId !== null && age > deps.retentionDays * DAY_MS,
      payload: { external },
      context: deps.trace === undefined ? {} : { trace: deps.trace },
    },
  };
}

async function refuseUnreadable(deps: InboxDeps, event: InboundEvent, detail: string): Promise<'unreadable'> {
  await insertRefusal(deps.db, { ...aboutOf(deps, event), reason: 'unreadable', detail });
  if (typeof event.externalId === 'string') await askForRecord(deps, event, event.externalId);
  return 'unreadable';
}

/** What follows once it is known whether the event is stored. */
export async function finish(deps: InboxDeps, event: InboundEvent, verdict: StoreVerdict): Promise<Taken> {
  await failpoint('inbox.stored');
  const refusal = { ...aboutOf(deps, event), reason: verdict };
  if (verdict === 'stored') deps.nudge();
  else if (verdict.startsWith('other_')) await insertRefusal(deps.db, { ...refusal, detail: event.account });
  else if (verdict === 'too_old' && event.externalId !== null) {
    await insertRefusal(deps.db, { ...refusal, detail: event.created.toISOString() });
    await askForRecord(deps, event, event.externalId);
  }
  return verdict;
}

function aboutOf({ clock, integration }: InboxDeps, { externalEventId }: InboundEvent) {
  return { system: integration.system, externalEventId, now: clock.now() };
}

/** The account is not known yet: nothing of the body is kept, and it comes again. */
class Unbound extends Error {}

/**
 * Stores what one verified body has in it: all of it or nothing, each event once. What is no event is
 * refused with a row. If the database refuses one event, each is stored by itself, so that it keeps out
 * no other.
 */
export async function takeInAll(deps: InboxDeps, items: readonly IncomingItem[]): Promise<Taken[]> {
  const [only] = items;
  if (only?.ok === true && items.length === 1) return [await takeIn(deps, only.event)];
  const seen: { isNew: boolean } = { isNew: false };
  try {
    const taken = await withTransaction(deps.db, (tx) =>
      takeEach({ ...deps, db: tx, nudge: () => void (seen.isNew = true) }, items),
    );
    if (seen.isNew) deps.nudge();
    return taken;
  } catch (error) {
    if (error instanceof Unbound) return ['unbound'];
    if (!isOfOneRow(error)) throw error;
    return await takeEach(deps, items);
  }
}

async function takeEach(deps: InboxDeps, items: readonly IncomingItem[]): Promise<Taken[]> {
  const { db, clock, integration } = deps;
  const about = { system: integration.system, externalEventId: null, reason: 'unreadable' };
  const taken: Taken[] = [];
  for (const item of items) {
    if (item.ok) {
      const one = await takeIn(deps, item.event);
      if (one === 'unbound') throw new Unbound('no account is bound');
      taken.push(one);
    } else {
      await insertRefusal(db, { ...about, detail: item.why, now: clock.now() });
      taken.push('unreadable');
    }
  }
  return taken;
}

/** Stores the event; answers with the reason if the database refuses this one event. */
async function storeOrExplain(
  { db, clock, integration }: InboxDeps,
  incoming: IncomingEvent,
): Promise<{ verdict: StoreVerdict } | { refused: unknown }> {
  try {
    const [verdict = 'known'] = await storeInboundEvents(
      db,
      { system: integration.system, now: clock.now() },
      [incoming],
    );
    return { verdict };
  } catch (refused) {
    // In a transaction nothing else can be stored after this.
    if (db.isTransaction === true || !isOfOneRow(refused)) throw refused;
    return { refused };
  }
}

function describeRefusal(error: unknown): string {
  const { fault, about } = describeFault(error);
  return about === null ? fault : `${fault} ${about}`;
}

async function askForRecord(deps: InboxDeps, event: InboundEvent, externalId: string): Promise<void> {
  const target = targetOf(kindOf(deps, event));
  const now = deps.clock.now();
  await askForRead(deps.db, { ...target, externalId, now, urgency: urgencies.housekeeping });
}

/**
 * The id of an event is the same whether it arrives by a webhook or by the sweep: it is made of
 * the event's time and a hash of the system's own id.
 */
/** The kind of records that the event names; without a name the system has only one. */
function kindOf({ integration, kinds = [] }: InboxDeps, { entity }: InboundEvent): InboxKind {
  return (
    kinds.find(({ integration: { document } }) => document.entity === entity)?.integration ?? integration
  );
}

/**
 * The event in the form in which it is stored and published; an event that reconcile does not use
 * keeps only its names.
 */
/**
 * Stores inbound events as deliveries of the mappings that they are about; `targets` by the entity.
 * Returns how many were new.
 */
export async function receiveInbound(
  deps: ReceiveDeps,
  targets: ReadonlyMap<string, Target>,
  events: ExternalEvent[],
): Promise<number> {
  let count = 0;
  for (const [entityType, some] of Map.groupBy(events, (event) => event.entityType)) {
    const target = targets.get(entityType);
    if (target) count += await receiveOfEntity(deps, target, some);
  }
  return count;
}

async function receiveOfEntity(deps: ReceiveDeps, target: Target, events: ExternalEvent[]): Promise<number> {
  const { db, clock, wake } = deps;
  await failpoint('receive-inbound.before');
  const store = async (some: ExternalEvent[]): Promise<number> => {
    for (;;) {
      const received = await withTransaction(db, (tx) =>
        receiveExternalEvents(tx, some, { ...target, now: clock.now() }),
      );
      if (received !== null) return received;
    }
  };
  const count = await receiveBatch(deps, events, store, (event) => askForItsRecord(deps, target, event));
  await failpoint('receive-inbound.after');
  if (count > 0) wake();
  return count;
}

/** The event could not be stored: the record that it names is raised, and so read all the same. */
async function askForItsRecord(
  { db, clock }: ReceiveDeps,
  target: Target,
  { externalId }: ExternalEvent,
): Promise<string | null> {
  try {
    await askForRead(db, { ...target, externalId, now: clock.now(), urgency: urgencies.housekeeping });
  } catch (refused) {
    if (!isOfOneRow(refused)) throw refused;
    return null;
  }
  return `the record ${externalId} is read instead`;
}
