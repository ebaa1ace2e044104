// Receives events from the bus and stores them in the database.
import type { Bus, Received } from '../lib/bus/bus.ts';
import { targetsOf } from '../lib/sync/kinds.ts';
import { parseEnvelope, type Parsed } from '../lib/events/parse.ts';
import { topics } from '../lib/events/routing.ts';
import type { ExternalEvent } from '../db/inbound.ts';
import type { InternalEvent } from '../db/deliveries.ts';
import { receiveInbound } from '../lib/intake/inbound.ts';
import { toExternalEvent } from '../lib/intake/reported.ts';
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
 * The prefix of an installation's consumer groups. It contains the instance id, so two
 * installations that share topics never share a group: each reads all records and refuses those of
 * the other.
 */
export function groupsOf(groupId: string, installation: string): string {
  return `${groupId}.${installation}`;
}

/** The group of a system, which receives every outbound event once. */
export function outboundGroup(groupId: string, system: string): string {
  return `${groupId}.${system}`;
}

/** The group that receives every inbound event of every system once. */
export function inboundGroup(groupId: string): string {
  return `${groupId}.internal`;
}

/** What a worker of these systems reads. */
export function subscriptionsOf(groupId: string, systems: readonly string[]) {
  return [
    ...systems.map((system) => ({ topic: topics.outbound, group: outboundGroup(groupId, system) })),
    { topic: topics.inbound, group: inboundGroup(groupId) },
  ];
}

/** Subscribes one system to the outbound events. */
export function subscribeOutbound(bus: Bus, listener: Listener, groupId: string): Promise<Unsubscribe> {
  const { system } = listener.deps.integration;
  return bus.subscribe({
    topic: topics.outbound,
    group: outboundGroup(groupId, system),
    handler: async (batch) => {
      const at = Date.now();
      const { taken, refused } = sort(batch, listener.deps.policy.instanceId, toInternalEvent);
      await noteRefused(bus, listener.deps, refused);
      const targets = targetsOf(listener.deps);
      const made = await receiveOutbound(receiveDeps(listener), targets, taken);
      count(listener.deps, { direction: 'outbound', group: outboundGroup(groupId, system), at }, batch, {
        ...{
          made,
          taken: taken.filter(({ entityType }) => targets.has(entityType)).length,
          refused: refused.length,
        },
      });
    },
  });
}

/** Subscribes to the inbound events of all systems. */
export function subscribeInbound(
  bus: Bus,
  listeners: Listener[],
  groupId: string,
  log: SyncLog,
): Promise<Unsubscribe> {
  const [first] = listeners;
  if (first === undefined) throw new Error('subscribeInbound: there is no listener');
  const bySystem = new Map(listeners.map((one) => [one.deps.integration.system, one]));
  return bus.subscribe({
    topic: topics.inbound,
    group: inboundGroup(groupId),
    handler: async (batch) => {
      const at = Date.now();
      const { taken, refused } = sort(batch, first.deps.policy.instanceId, (record, parsed) =>
        toInboundEvent(record, parsed, bySystem),
      );
      await noteRefused(bus, { ...first.deps, log }, refused);
      let made = 0;
      let kept = 0;
      for (const [listener, received] of Map.groupBy(taken, ({ listener }) => listener)) {
        const targets = targetsOf(listener.deps);
        const events = received.map(({ event }) => event);
        made += await receiveInbound(receiveDeps(listener), targets, events);
        kept += events.filter(({ entityType }) => targets.has(entityType)).length;
      }
      count(first.deps, { direction: 'inbound', group: inboundGroup(groupId), at }, batch, {
        ...{ made, taken: kept, refused: refused.length },
      });
    },
  });
}

type Batch = { direction: 'outbound' | 'inbound'; group: string; at: number };

/** `made`: those of the taken records that were new. Without the time of a producer, the bus is this process. */
function count(
  { measures }: SyncDeps,
  { direction, group, at }: Batch,
  batch: readonly Received[],
  { made, taken, refused }: { made: number; taken: number; refused: number },
): void {
  if (!measures) return;
  const sincePublished = batch.map(({ timestamp }) => (at - (timestamp ?? at)) / 1000);
  measures.consumed({ direction, taken: made, known: taken - made, refused, sincePublished });
  const partitions = [...new Set(batch.map(({ partition }) => partition))];
  measures.progressed(partitions.map((partition) => ({ topic: batch[0]?.topic ?? '', partition, group })));
}

function receiveDeps({ deps, wake }: Listener): ReceiveDeps {
  return { db: deps.db, clock: deps.clock, wake, log: deps.log };
}

/** The event of a record, or the reason for which the record is refused. */
type Sorted<T> = { taken: T } | { refused: string };

function sort<T>(
  batch: readonly Received[],
  own: string,
  judge: (record: Received, parsed: Parsed) => Sorted<T>,
): { taken: T[]; refused: RefusedRecord[] } {
  const taken: T[] = [];
  const refused: RefusedRecord[] = [];
  for (const record of batch) {
    // Checked before the value is parsed: in a shared cluster most records may be of another
    // installation.
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

/** A record without an installation, from older programs, counts as ours. */
function isForeign(installation: string | null, own: string): installation is string {
  return installation !== null && installation !== own;
}

function foreign(record: Received, installation: string): RefusedRecord {
  return { record, reason: 'other_installation', installation };
}

function toInternalEvent(record: Received, parsed: Parsed): Sorted<InternalEvent> {
  if (parsed.kind !== 'row') return { refused: `unexpected_${parsed.kind}` };
  const { entityType, entityId, envelope } = parsed;
  const { event_id: eventId, event_type: eventType, version } = envelope;
  return { taken: { eventId, syncEventId: record.syncEventId, eventType, entityType, entityId, version } };
}

function toInboundEvent(
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
