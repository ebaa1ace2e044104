// The way of one event to one target, as the stops of a rail.

import type { Got } from './api.ts';
import type { Attempt } from './attempts.ts';
import { numberOf, textOf, title } from './facts.ts';
import { number } from './parts.ts';
import type { Stop, StopState } from './stops.ts';

export type WholeEvent = Got<'/api/v1/events/{event_id}'>;
export type Delivery = WholeEvent['deliveries'][number];

/** Outbound: Request → Event → Kafka → the system → Echo. Inbound: Webhook → Event → Kafka → Row. */
export function stopsOf(event: WholeEvent, delivery: Delivery): Stop[] {
  const { event_id: eventId, sync_events_id: place, event_type: type, context } = event;
  const isIn = delivery.target === 'internal';
  const request = textOf(context['request_id']);
  const { external } = event.payload;
  const theirs =
    typeof external === 'object' && external !== null && 'event' in external ? external.event : '';
  return [
    {
      name: isIn ? 'Webhook' : event.source === 'sql' ? 'SQL' : request ? 'Request' : 'Cause',
      state: 'done',
      main: (isIn ? textOf(theirs) : request) || null,
      note: type,
      wait: null,
    },
    { name: 'Event', state: 'done', main: eventId, note: `id ${number(place)}`, wait: null },
    kafkaStop(event, delivery),
    isIn ? rowStop(delivery) : systemStop(delivery),
    ...(isIn || ['noop', 'superseded', 'stale', 'closed', 'origin'].includes(delivery.status)
      ? []
      : [echoStop(delivery)]),
  ];
}

function kafkaStop(
  { published, created_at: created }: WholeEvent,
  { received_at: received }: Delivery,
): Stop {
  const [first] = published;
  if (!first)
    return { name: 'Kafka', state: 'done', main: 'received', note: null, wait: between(created, received) };
  return {
    name: 'Kafka',
    state: 'done',
    main: first.topic,
    note: `${first.partition} @ ${number(first.offset)}`,
    wait: between(created, first.saved_at),
  };
}

const STATES: Record<string, StopState> = { queued: 'working', waiting: 'working', parked: 'failed' };

function rowStop({ status, received_at: received, settled_at: settled }: Delivery): Stop {
  const wait = between(received, settled);
  return { name: 'Row', state: STATES[status] ?? 'done', main: status, note: null, wait };
}

function systemStop({ target, status, calls, received_at: received, settled_at: at }: Delivery): Stop {
  const call = calls.findLast(({ operation }) => operation !== 'look');
  const code = numberOf(call?.['status']);
  const tries = calls.filter(({ operation }) => operation !== 'look').length;
  return {
    name: title(target),
    state: STATES[status] ?? 'done',
    main: call ? `${code ?? 'no answer'}${tries > 1 ? ` · attempt ${tries}` : ''}` : status,
    note: textOf(call?.['request_id']) || null,
    wait: between(received, at),
  };
}

function echoStop({
  target,
  confirmed_by: echo,
  confirmed_at: at,
  settled_at: settled,
  status,
}: Delivery): Stop {
  if (echo !== null)
    return { name: 'Echo', state: 'done', main: echo, note: null, wait: between(settled, at) };
  const note = status === 'applied' ? 'expected soon' : `expected after ${title(target)}`;
  return { name: 'Echo', state: 'ahead', main: '–', note, wait: null };
}

function between(from: string | null, to: string | null): number | null {
  return from === null || to === null ? null : Math.max(0, Date.parse(to) - Date.parse(from));
}

/** The calls that were made for a delivery, as the page of a customer shows them. */
export function callsOf({ calls, target, intent, intents_before: before }: Delivery): Attempt[] {
  const keys = [...before, ...(intent ? [intent] : [])];
  return calls.map((call) => ({
    at: textOf(call['answered_at']),
    system: target,
    operation: textOf(call['operation']),
    status: numberOf(call['status']),
    ms: numberOf(call['latency_ms']),
    key: keys.length === 1 && call['operation'] !== 'look' ? textOf(keys[0]?.['key']) || null : null,
    intent: null,
    request: textOf(call['request_id']) || null,
    error: textOf(call['error']) || null,
    isRepeat: call['replayed'] === true,
  }));
}
