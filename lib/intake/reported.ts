// The forms of an inbound event: as an integration reads it, as it is stored and published, and as it is
// received.
import { hash } from 'node:crypto';
import type { ExternalEvent, NotReceivedEvent } from '../../db/inbound.ts';
import { parseReported } from '../events/parse.ts';
import type { ReportedEvent } from '../events/schemas.ts';
import type { InboundEvent, Integration } from '../integrations/integration.ts';
import { intentOfKey } from '../sync/intent-key.ts';
import { isUuid, uuidFromTime } from '../uuid.ts';

/** What is needed of a kind of records to store an event about one. */
export type InboxKind = Pick<Integration, 'system' | 'document'>;

export function inboundEventId(
  system: string,
  event: Pick<InboundEvent, 'externalEventId' | 'created'>,
): string {
  const digest = hash('sha256', `${system}:${event.externalEventId}`, 'buffer');
  return uuidFromTime(event.created.getTime(), digest);
}

/** An event of a type that reconcile does not use is stored under a type that has no topic. */
export function typeOf({ system, document }: InboxKind, event: InboundEvent): string {
  return event.kind === 'other'
    ? `unknown.${system}.${event.type}`
    : `${system}.${document.entity}.${event.kind}`;
}

export function toReported(system: string, event: InboundEvent): object {
  const { externalEventId, externalId, kind, account, livemode, created, requestId, idempotencyKey } = event;
  const common = {
    ...{ system, account, id: externalId, event: externalEventId, kind },
    ...{ created: created.toISOString(), livemode },
  };
  if (kind === 'other') return common;
  return {
    ...common,
    request_id: requestId,
    idempotency_key: idempotencyKey,
    after: event.after,
    previous: event.previous,
    // Anyone can write metadata: a text that is no owner tag of ours is not stored, since a row may
    // not be able to hold it.
    mark: isUuid(event.ownerTag) ? event.ownerTag : null,
    unreadable: event.unreadable,
    ...(event.kind === 'merged' && { into: event.into ?? null }),
  };
}

/** A checked inbound event from the bus, ready to be received. */
export function toExternalEvent(
  { event_id: eventId, event_type: eventType }: { event_id: string; event_type: string },
  { id: externalId, kind, account, mark, ...event }: ReportedEvent,
  syncEventId: number | null,
  ownKeyPrefix: string,
): ExternalEvent {
  const key = event.idempotency_key ?? null;
  return {
    ...{ eventId, syncEventId, eventType, entityType: entityIn(eventType), account, externalId, key },
    intentId: key === null ? null : intentOfKey(key, ownKeyPrefix),
    ownerTag: isUuid(mark) ? mark : null,
    inbound: {
      externalId,
      kind,
      created: event.created ?? null,
      requestId: event.request_id ?? null,
      key,
      after: event.after ?? null,
      previous: event.previous ?? null,
      unreadable: event.unreadable ?? [],
      ...(typeof event.into === 'string' && { into: event.into }),
    },
  };
}

/** `stripe.customer.updated` is about a customer. */
function entityIn(eventType: string): string {
  return eventType.split('.')[1] ?? '';
}

/** An event of our own table that the bus lost; it is checked like an event from the bus. */
export function readStored(
  { syncEventId, external, ...named }: NotReceivedEvent,
  ownKeyPrefix: string,
): { event: ExternalEvent } | { problems: string[] } {
  const checked = parseReported(external);
  return checked.ok
    ? { event: toExternalEvent(named, checked.event, syncEventId, ownKeyPrefix) }
    : { problems: checked.problems };
}
