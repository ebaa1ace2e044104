// An event as JSON: the same for the API and for commands.
import type { ListedEvent } from '../../db/events/list.ts';
import type { Timeline } from './timeline.ts';

export function listedEventJson(event: ListedEvent) {
  return {
    id: event.id,
    event_id: event.eventId,
    event_type: event.eventType,
    entity_key: event.entityKey,
    customer: event.customer,
    version: event.version,
    source: event.source,
    created_at: event.createdAt,
    published: event.published,
    routed: event.routed,
    deliveries: event.deliveries,
  };
}

export function timelineJson({ event, published, deliveries, actions, ledTo, confirmed }: Timeline) {
  return {
    event_id: event.eventId,
    event_type: event.eventType,
    sync_events_id: event.id,
    entity_key: event.entityKey,
    customer: event.customer,
    version: event.version,
    source: event.source,
    created_at: event.createdAt,
    context: event.context,
    payload: event.payload,
    published: published.map(({ topic, partition, offset, savedAt }) => ({
      topic,
      partition,
      offset,
      saved_at: savedAt,
    })),
    deliveries: deliveries.map(deliveryJson),
    operator_actions: actions.map(({ id, action, actor, reason, detail, at }) => ({
      ...{ id, action, actor, reason, detail, at },
    })),
    led_to: ledTo.map(({ eventId, eventType, version, createdAt }) => ({
      event_id: eventId,
      event_type: eventType,
      version,
      created_at: createdAt,
    })),
    confirmed: confirmed.map(({ eventId, eventType, version }) => ({
      event_id: eventId,
      event_type: eventType,
      version,
    })),
  };
}

function deliveryJson({ mapping, intent, before, calls, ...delivery }: Timeline['deliveries'][number]) {
  return {
    target: delivery.target,
    status: delivery.status,
    attempts: delivery.attempts,
    error: delivery.error,
    superseded_by: delivery.supersededBy,
    received_at: delivery.createdAt,
    settled_at: delivery.settledAt,
    mapping: mapping && {
      id: mapping.id,
      system: mapping.system,
      external_id: mapping.externalId,
      state: mapping.state,
      reason: mapping.reason,
    },
    intent: intent && intentJson(intent),
    intents_before: before.map(intentJson),
    calls: calls.map(({ operation, requestId, status, replayed, error, latencyMs, at }) => ({
      operation,
      request_id: requestId,
      status,
      replayed,
      error,
      latency_ms: latencyMs,
      answered_at: at,
    })),
    confirmed_by: delivery.confirmedBy,
    confirmed_at: delivery.confirmedAt,
  };
}

function intentJson(intent: NonNullable<Timeline['deliveries'][number]['intent']>) {
  return {
    id: intent.id,
    operation: intent.operation,
    key: intent.key,
    version: intent.version,
    result: intent.result,
    first_sent_at: intent.firstSentAt,
    last_sent_at: intent.lastSentAt,
  };
}
