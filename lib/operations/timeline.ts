// The whole way of one event: who caused it, where it was published, its outcome at each target, by
// which calls, and what confirmed it. Everything is read from PostgreSQL, so every process answers
// the same.
import type { Db } from '../../db/server/connection.ts';
import {
  readConfirmed,
  readConsequences,
  readEvent,
  readEventDeliveries,
  type Consequence,
  type EventDelivery,
  type FullEvent,
} from '../../db/events/whole.ts';
import {
  readCarryingIntents,
  readEventAttempts,
  type EventAttempt,
  type EventIntent,
} from '../../db/events/calls.ts';
import { readActionsCovering, type OperatorAction } from '../../db/operator-actions.ts';
import { intentDamage } from '../sync/damage.ts';
import { findPublications, type Publication } from '../../db/relay/published.ts';

export type Timeline = {
  event: FullEvent;
  published: Publication[];
  deliveries: FollowedDelivery[];
  /** Changes of ours that this inbound event led to. */
  ledTo: Consequence[];
  /** Events of ours that this echo confirmed. */
  confirmed: { eventId: string; eventType: string; version: number | null }[];
  /** Operations that people asked for about the event. */
  actions: OperatorAction[];
};

export type FollowedDelivery = EventDelivery & {
  /** The write that carried the event, or the last write that tried to. */
  intent: EventIntent | OpenWrite | null;
  /** Earlier writes, which were refused or given up. */
  before: EventIntent[];
  /** The calls of all these writes. */
  calls: EventAttempt[];
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

/** Null if there is no such event, or retention has dropped it. */
export async function readTimeline(db: Db, eventId: string): Promise<Timeline | null> {
  const event = await readEvent(db, eventId);
  if (!event) return null;
  const [published, actions, deliveries] = await Promise.all([
    findPublications(db, event.id),
    readActionsCovering(db, eventId),
    readEventDeliveries(db, eventId),
  ]);
  const { customer } = event;
  const external = event.version === null && customer !== null;
  return {
    event,
    published,
    deliveries: await Promise.all(deliveries.map((delivery) => follow(db, event, delivery))),
    actions,
    ledTo: external ? await readConsequences(db, { eventId, id: event.id, customer }) : [],
    confirmed: external ? await readConfirmed(db, { eventId, customer }) : [],
  };
}

async function follow(db: Db, event: FullEvent, delivery: EventDelivery): Promise<FollowedDelivery> {
  const { mapping, intentId, createdAt, settledAt } = delivery;
  if (!mapping) return { ...delivery, intent: null, before: [], calls: [] };
  const { version } = event;
  const asked = { mappingId: mapping.id, version, intentId, from: createdAt, until: settledAt };
  const closed = await readCarryingIntents(db, asked);
  const open = openWrite(event, delivery);
  const last = open ?? closed.find(({ id }) => id === intentId) ?? closed.at(-1) ?? null;
  const before = closed.filter(({ id }) => id !== last?.id);
  const intentIds = [...before, ...(last ? [last] : [])].map(({ id }) => id);
  const calls = await readEventAttempts(db, { intentIds, mappingId: mapping.id });
  return { ...delivery, intent: last, before, calls };
}

/**
 * The open intent of the pair, if it carries this event: the intent was made from this version or a
 * later one.
 */
function openWrite(event: FullEvent, { mapping, intentId, settledAt }: EventDelivery): OpenWrite | null {
  const intent = mapping?.intent;
  if (!intent || intentId !== null || settledAt !== null || intentDamage(intent) !== null) return null;
  if (event.version === null || event.version > intent.version) return null;
  const { id, operation, key, version } = intent;
  const sent = { firstSentAt: new Date(intent.firstSentAt), lastSentAt: new Date(intent.lastSentAt) };
  return { id, operation, key, version, result: 'open', ...sent };
}
