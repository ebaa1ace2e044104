// Takes what the bus delivers for one system into the database.
import type { Bus, Received } from '../lib/bus/bus.ts';
import { parseEnvelope } from '../lib/events/parse.ts';
import { topics } from '../lib/events/routing.ts';
import type { InternalEvent } from '../db/deliveries.ts';
import { receiveOutbound, type ReceiveDeps } from '../lib/sync/receive.ts';
import type { SyncLog } from '../lib/sync/step.ts';

export interface ReceiverOptions {
  system: string;
  externalType: string;
  /** The consumer group's prefix; the system's name follows, so each system hears every event once. */
  groupId: string;
}

/** Subscribes one system to our own changes. The answer ends the subscription. */
export function subscribeOutbound(
  bus: Bus,
  deps: ReceiveDeps & { log: SyncLog },
  { system, externalType, groupId }: ReceiverOptions,
): Promise<() => Promise<void>> {
  return bus.subscribe({
    topic: topics.outbound,
    group: `${groupId}.${system}`,
    handler: async (batch) => {
      await receiveOutbound(
        deps,
        { system, externalType },
        batch.flatMap((record) => toEvent(record, deps.log)),
      );
    },
  });
}

/** A record that is no envelope of a customer is named in the log and passed by; it must not stop the ones behind it. */
function toEvent(record: Received, log: SyncLog): InternalEvent[] {
  const parsed = parseEnvelope(record.value);
  if (parsed.kind === 'customer') {
    const { event_id: eventId, event_type: eventType, version, customer_data: customer } = parsed.envelope;
    return [{ eventId, syncEventId: record.syncEventId, eventType, entityId: customer.id, version }];
  }
  log.warn('receive.not_an_envelope', {
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    reason: parsed.kind === 'invalid' ? parsed.reason : `unexpected ${parsed.kind}`,
    problems: parsed.kind === 'invalid' ? parsed.problems : undefined,
  });
  return [];
}
