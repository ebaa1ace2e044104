// Takes what the bus delivers into the database.
import type { Bus, Received } from '../lib/bus/bus.ts';
import { parseEnvelope, type Parsed } from '../lib/events/parse.ts';
import { topics } from '../lib/events/routing.ts';
import type { ExternalEvent } from '../db/inbound.ts';
import type { InternalEvent } from '../db/deliveries.ts';
import { receiveInbound, toExternalEvent } from '../lib/sync/inbound.ts';
import { keyPrefix } from '../lib/sync/intent.ts';
import { receiveOutbound, type ReceiveDeps } from '../lib/sync/receive.ts';
import type { SyncDeps, SyncLog } from '../lib/sync/step.ts';

export interface Listener {
  deps: SyncDeps;
  /** Wakes the lane of this system. */
  wake: () => void;
}

/** Ends a subscription. */
export type Unsubscribe = () => Promise<void>;

/** The group of a system: it hears every change of ours once. */
export function outboundGroup(groupId: string, system: string): string {
  return `${groupId}.${system}`;
}

/** The group that hears every external event once, whatever system it is of. */
export function inboundGroup(groupId: string): string {
  return `${groupId}.internal`;
}

/** Subscribes one system to our own changes. */
export function subscribeOutbound(bus: Bus, listener: Listener, groupId: string): Promise<Unsubscribe> {
  const { system, document } = listener.deps.integration;
  return bus.subscribe({
    topic: topics.outbound,
    group: outboundGroup(groupId, system),
    handler: async (batch) => {
      const events = batch.flatMap((record) => toInternalEvent(record, listener.deps.log));
      await receiveOutbound(receiveDeps(listener), { system, externalType: document.externalType }, events);
    },
  });
}

/** Subscribes us to the events of all systems. */
export function subscribeInbound(
  bus: Bus,
  listeners: Listener[],
  groupId: string,
  log: SyncLog,
): Promise<Unsubscribe> {
  return bus.subscribe({
    topic: topics.inbound,
    group: inboundGroup(groupId),
    handler: async (batch) => {
      const parsed = batch.map((record) => ({ record, envelope: parseEnvelope(record.value) }));
      for (const { record, envelope } of parsed)
        if (envelope.kind !== 'external') refuse(record, envelope, log);
      for (const listener of listeners) {
        const { system, document } = listener.deps.integration;
        const own = keyPrefix(listener.deps);
        const events = parsed.flatMap(({ record, envelope }): ExternalEvent[] => {
          if (envelope.kind !== 'external' || envelope.envelope.source !== system) return [];
          return [toExternalEvent(envelope.envelope, record.syncEventId, own) ?? []].flat();
        });
        await receiveInbound(receiveDeps(listener), { system, externalType: document.externalType }, events);
      }
    },
  });
}

function receiveDeps({ deps, wake }: Listener): ReceiveDeps {
  return { db: deps.db, clock: deps.clock, wake };
}

function toInternalEvent(record: Received, log: SyncLog): InternalEvent[] {
  const parsed = parseEnvelope(record.value);
  if (parsed.kind !== 'customer') {
    refuse(record, parsed, log);
    return [];
  }
  const { event_id: eventId, event_type: eventType, version, customer_data: customer } = parsed.envelope;
  return [{ eventId, syncEventId: record.syncEventId, eventType, entityId: customer.id, version }];
}

/** A record that is not what its topic is for is named in the log and passed by; it must not stop the ones behind it. */
function refuse(record: Received, parsed: Parsed, log: SyncLog): void {
  log.warn('receive.not_an_envelope', {
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    reason: parsed.kind === 'invalid' ? parsed.reason : `unexpected ${parsed.kind}`,
    problems: parsed.kind === 'invalid' ? parsed.problems : undefined,
  });
}
