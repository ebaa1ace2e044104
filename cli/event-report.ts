// The path of one event, as lines for a person or as JSON.
import type { Timeline } from '../lib/operations/timeline.ts';
import { preciseTime } from './choices.ts';
import { table } from './output.ts';

type Line = { at: Date | null; what: string; detail: string };

export function timelineLines(timeline: Timeline): string[] {
  const { event, actions, ledTo, confirmed } = timeline;
  const lines = [
    ...askedBy(timeline),
    { at: event.createdAt, what: 'stored', detail: `sync_events ${event.id}` },
    ...timeline.published.map(({ topic, partition, offset, savedAt }) => ({
      at: savedAt,
      what: 'published',
      detail: `${topic}, partition ${partition}, offset ${offset}`,
    })),
    ...timeline.deliveries.flatMap(deliveryLines),
    ...actions.map(actionLine),
    ...ledTo.map(({ createdAt, eventType, version, eventId }) => ({
      at: createdAt,
      what: 'led to',
      detail: `${eventType}, version ${version ?? '–'}, ${eventId}`,
    })),
    ...confirmed.map(({ eventType, version, eventId }) => ({
      at: null,
      what: 'confirmed',
      detail: `${eventType}, version ${version ?? '–'}, ${eventId}`,
    })),
  ];
  return [
    `${event.eventType}  ${event.eventId}`,
    `customer ${event.customer ?? '–'}, version ${event.version ?? '–'}, source ${event.source}`,
    '',
    ...table(lines.map(({ at, what, detail }) => [at ? preciseTime(at) : ''.padEnd(23), what, detail])),
  ];
}

/** An operation that concerned the event, with the person and the reason. */
function actionLine({ action, actor, reason, at }: Timeline['actions'][number]): Line {
  return { at, what: 'operator', detail: `${action} by ${actor}${reason === null ? '' : `: ${reason}`}` };
}

/** What caused the event: a request of the API, an inbound event, an operator. */
function askedBy({ event }: Timeline): Line[] {
  const { context, payload } = event;
  const facts = Object.entries(context).map(([name, value]) => `${name} ${String(value)}`);
  const external = payload['external'] as Record<string, unknown> | undefined;
  const line = (what: string, detail: string): Line => ({ at: null, what, detail });
  if (!external) return facts.length > 0 ? [line('asked by', facts.join(', '))] : [];
  const key = external['idempotency_key'];
  const request = external['request_id'];
  const cause = [
    ...(typeof request === 'string' ? [`request ${request}`] : []),
    ...(typeof key === 'string' ? [`key ${key}`] : []),
  ];
  const created = Date.parse(String(external['created']));
  const about = `${String(external['event'])} about ${String(external['id'])}`;
  return [
    {
      at: Number.isNaN(created) ? null : new Date(created),
      what: `at ${event.source}`,
      detail: [about, ...cause].join(', '),
    },
  ];
}

function deliveryLines(delivery: Timeline['deliveries'][number]): Line[] {
  const { target, status, attempts, error, intent, before, mapping, supersededBy } = delivery;
  const pair = mapping
    ? `mapping ${mapping.id}, ${mapping.externalId ?? 'no record yet'}, ${mapping.state}${mapping.reason === null ? '' : ` (${mapping.reason})`}`
    : 'its mapping is gone';
  const code = error?.['code'];
  const outcome = [
    `${target}: ${status}`,
    ...(supersededBy === null ? [] : [`by ${supersededBy}`]),
    ...(attempts > 0 ? [`${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`] : []),
    ...(typeof code === 'string' ? [`last error ${code}`] : []),
  ];
  return [
    { at: delivery.createdAt, what: 'received', detail: `${target}: ${pair}` },
    ...[...before, ...(intent ? [intent] : [])].map(({ firstSentAt, operation, version, result, key }) => ({
      at: firstSentAt,
      what: 'intent',
      detail: `${operation} of version ${version}, ${result}, key ${key}`,
    })),
    ...delivery.calls.map(
      ({ at, operation, status: http, requestId, replayed, latencyMs, error: failed }) => ({
        at,
        what: 'call',
        detail: [
          `${operation} ${http ?? 'no answer'}${replayed ? ' (replayed)' : ''}`,
          `${latencyMs} ms`,
          ...(requestId === null ? [] : [`request ${requestId}`]),
          ...(failed === null ? [] : [failed]),
        ].join(', '),
      }),
    ),
    { at: delivery.settledAt, what: delivery.settledAt ? 'settled' : 'open', detail: outcome.join(', ') },
    ...(delivery.confirmedBy === null
      ? []
      : [{ at: delivery.confirmedAt, what: 'echo', detail: `confirmed by ${delivery.confirmedBy}` }]),
  ];
}
