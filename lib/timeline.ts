// The whole way of one event: who asked for it, where it was published, what became of it at each target, by which calls, and
// what confirmed it. Everything is read from Postgres, so it is the same whichever process asks.
import type { Db } from '../db/connection.ts';
import {
  readConfirmed,
  readConsequences,
  readEvent,
  readEventAttempts,
  readEventDeliveries,
  readEventIntents,
  type Consequence,
  type EventAttempt,
  type EventDelivery,
  type EventIntent,
  type FullEvent,
} from '../db/events-list.ts';
import { intentDamage } from './sync/damage.ts';
import { findPublications, type Publication } from '../db/relay-batches.ts';

export type Timeline = {
  event: FullEvent;
  published: Publication[];
  deliveries: (EventDelivery & { intent: EventIntent | OpenWrite | null; calls: EventAttempt[] })[];
  /** Changes of ours that this event of theirs led to. */
  ledTo: Consequence[];
  /** Events of ours that this echo confirmed. */
  confirmed: { eventId: string; eventType: string; version: number | null }[];
};

/** A write that is decided and not answered yet. */
export type OpenWrite = {
  id: string;
  operation: string;
  key: string;
  version: number;
  result: 'open';
  firstSentAt: Date;
  lastSentAt: Date;
};

/** Null if there is no such event, or if retention has taken it. */
export async function readTimeline(db: Db, eventId: string): Promise<Timeline | null> {
  const event = await readEvent(db, eventId);
  if (!event) return null;
  const [published, deliveries] = await Promise.all([
    findPublications(db, event.id),
    readEventDeliveries(db, eventId),
  ]);
  const open = deliveries.map((delivery) => openWrite(event, delivery));
  const intentIds = deliveries.flatMap((delivery, at) => delivery.intentId ?? open[at]?.id ?? []);
  const mappingIds = deliveries.flatMap(({ mapping }) => mapping?.id ?? []);
  const [intents, calls] = await Promise.all([
    readEventIntents(db, intentIds),
    readEventAttempts(db, { intentIds, mappingIds }),
  ]);
  const { customer } = event;
  const external = event.version === null && customer !== null;
  return {
    event,
    published,
    deliveries: deliveries.map((delivery, at) => {
      const write = intents.find(({ id }) => id === delivery.intentId) ?? open[at] ?? null;
      return { ...delivery, intent: write, calls: calls.filter(({ intentId }) => intentId === write?.id) };
    }),
    ledTo: external ? await readConsequences(db, { eventId, id: event.id, customer }) : [],
    confirmed: external ? await readConfirmed(db, { eventId, customer }) : [],
  };
}

/** The open intent of the pair, if it carries this event: it was made from this version or a later one. */
function openWrite(event: FullEvent, { mapping, intentId, settledAt }: EventDelivery): OpenWrite | null {
  const intent = mapping?.intent;
  if (!intent || intentId !== null || settledAt !== null || intentDamage(intent) !== null) return null;
  if (event.version === null || event.version > intent.version) return null;
  const { id, operation, key, version } = intent;
  const sent = { firstSentAt: new Date(intent.firstSentAt), lastSentAt: new Date(intent.lastSentAt) };
  return { id, operation, key, version, result: 'open', ...sent };
}
