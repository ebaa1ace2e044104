// The notices about records that the bus refused. They are published to the dlq, where people read
// them.
import type { Refused } from '../db/relay/cursor.ts';
import { sizeOfValue } from '../lib/bus/value.ts';
import type { Clock } from '../lib/clock.ts';
import { topics } from '../lib/events/routing.ts';
import { newEventId } from '../lib/uuid.ts';
import type { RefusedMessage } from './send.ts';

/** Logs each refused message, and returns the notices to be stored with the page. */
export function toNotices(
  refused: readonly RefusedMessage[],
  { clock, log }: { clock: Clock; log: { error(event: string, fields?: Record<string, unknown>): void } },
): Refused[] {
  for (const { message, error } of refused) {
    const { eventId, syncEventId } = message;
    log.error('relay.record_refused', {
      topic: error.topic ?? message.topic,
      eventId,
      syncEventId,
      reason: error.message,
    });
  }
  // A refused notice gets no notice of its own: the row from which it was made has the same facts.
  const parked = refused.filter(({ message }) => message.topic !== topics.dlq);
  return parked.map(({ message, error }) => ({
    eventId: newEventId(clock.now()),
    syncEventId: message.syncEventId,
    parkedEventId: message.eventId,
    topic: error.topic ?? message.topic,
    reason: error.code,
    detail: { message: error.message, bytes: sizeOfValue(message.value) },
  }));
}
