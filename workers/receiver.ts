// Takes what the bus delivers into the database.
import type { Bus, Received } from '../lib/bus/bus.ts';
import { parseEnvelope, type Parsed } from '../lib/events/parse.ts';
import { topics } from '../lib/events/routing.ts';
import type { ExternalEvent } from '../db/inbound.ts';
import type { InternalEvent } from '../db/deliveries.ts';
import { receiveInbound, toExternalEvent } from '../lib/intake/inbound.ts';
import { keyPrefix } from '../lib/sync/intent-key.ts';
import { receiveOutbound } from '../lib/intake/receive.ts';
import type { ReceiveDeps } from '../lib/intake/receive-deps.ts';
import type { SyncDeps, SyncLog } from '../lib/sync/step.ts';
import { noteRefused, type RefusedRecord } from './refused-records.ts';

export interface Listener {
  deps: SyncDeps;
  /** Wakes the lane of this system. */
  wake: () => void;
}

/** Ends a subscription. */
export type Unsubscribe = () => Promise<void>;

/**
 * The beginning of an installation's groups. With its instance id in it two installations that came
 * to share topics never share a group: each reads everything and refuses what is the other's, and
 * neither passes by what the other has to take.
 */
export function groupsOf(groupId: string, installation: string): string {
  return `${groupId}.${installation}`;
}

/** The group of a system: it receives every change of ours once. */
export function outboundGroup(groupId: string, system: string): string {
  return `${groupId}.${system}`;
}

/** The group that receives every external event once, whatever system it is of. */
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
      const { taken, refused } = sort(batch, listener.deps.policy.instanceId, toInternalEvent);
      await noteRefused(bus, listener.deps, refused);
      await receiveOutbound(receiveDeps(listener), { system, externalType: document.externalType }, taken);
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
  const [first] = listeners;
  if (first === undefined) throw new Error('subscribeInbound: nobody listens');
  const bySystem = new Map(listeners.map((one) => [one.deps.integration.system, one]));
  return bus.subscribe({
    topic: topics.inbound,
    group: inboundGroup(groupId),
    handler: async (batch) => {
      const { taken, refused } = sort(batch, first.deps.policy.instanceId, (record, parsed) =>
        toHeard(record, parsed, bySystem),
      );
      await noteRefused(bus, { ...first.deps, log }, refused);
      for (const [listener, heard] of Map.groupBy(taken, ({ listener }) => listener)) {
        const { system, document } = listener.deps.integration;
        const target = { system, externalType: document.externalType };
        await receiveInbound(
          receiveDeps(listener),
          target,
          heard.map(({ event }) => event),
        );
      }
    },
  });
}

function receiveDeps({ deps, wake }: Listener): ReceiveDeps {
  return { db: deps.db, clock: deps.clock, wake, log: deps.log };
}

/** What a topic is for, or why a record on it is not that. */
type Sorted<T> = { taken: T } | { refused: string };

function sort<T>(
  batch: readonly Received[],
  own: string,
  judge: (record: Received, parsed: Parsed) => Sorted<T>,
): { taken: T[]; refused: RefusedRecord[] } {
  const taken: T[] = [];
  const refused: RefusedRecord[] = [];
  for (const record of batch) {
    // Before anything of it is read: of a cluster that is shared this may be most of what comes.
    if (isForeign(record.installation, own)) {
      refused.push(foreign(record, record.installation));
      continue;
    }
    const parsed = parseEnvelope(record.value);
    if (parsed.kind === 'invalid') {
      refused.push({ record, reason: parsed.reason, problems: parsed.problems });
      continue;
    }
    const { installation = null } = parsed.envelope;
    if (isForeign(installation, own)) {
      refused.push(foreign(record, installation));
      continue;
    }
    const sorted = judge(record, parsed);
    if ('taken' in sorted) taken.push(sorted.taken);
    else refused.push({ record, reason: sorted.refused });
  }
  return { taken, refused };
}

/** A record of before records named their installation is taken for ours. */
function isForeign(installation: string | null, own: string): installation is string {
  return installation !== null && installation !== own;
}

function foreign(record: Received, installation: string): RefusedRecord {
  return { record, reason: 'other_installation', installation };
}

function toInternalEvent(record: Received, parsed: Parsed): Sorted<InternalEvent> {
  if (parsed.kind !== 'customer') return { refused: `unexpected_${parsed.kind}` };
  const { event_id: eventId, event_type: eventType, version, customer_data: customer } = parsed.envelope;
  return { taken: { eventId, syncEventId: record.syncEventId, eventType, entityId: customer.id, version } };
}

function toHeard(
  record: Received,
  parsed: Parsed,
  listeners: ReadonlyMap<string, Listener>,
): Sorted<{ listener: Listener; event: ExternalEvent }> {
  if (parsed.kind !== 'external') return { refused: `unexpected_${parsed.kind}` };
  const listener = listeners.get(parsed.envelope.source);
  if (listener === undefined) return { refused: 'unknown_source' };
  const { envelope } = parsed;
  const event = toExternalEvent(envelope, envelope.external, record.syncEventId, keyPrefix(listener.deps));
  return { taken: { listener, event } };
}
