// The records of a topic, read by a consumer without a group's offsets: counts of acknowledgements
// prove nothing.
import { randomUUID } from 'node:crypto';
import { createClient } from '../../../lib/bus/kafka/client.ts';
import type { Message } from '../../../lib/bus/bus.ts';
import { waitUntil } from '../../support/signal.ts';
import { quiet } from './test-broker.ts';

export type Lying = {
  key: string | null;
  value: string | null;
  eventId: string | undefined;
  /** From its header. */
  installation: string | undefined;
  partition: number;
  offset: number;
};

/** Every record of the topic, each partition in its order. */
export async function readTopicOf(brokers: readonly string[], topic: string): Promise<Lying[]> {
  const kafka = createClient({ brokers }, quiet);
  const admin = kafka.admin();
  const consumer = kafka.consumer({ groupId: `read.${randomUUID()}`, maxWaitTimeInMs: 50 });
  try {
    await admin.connect();
    const ends = await waitUntil(() => unlessBetweenLeaders(admin.fetchTopicOffsets(topic)), {
      timeoutMs: 20_000,
      what: `every partition of ${topic} has a leader`,
    });
    const wanted = ends.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
    const found: Lying[] = [];
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: ({ batch, resolveOffset }) => {
        for (const { key, value, headers, offset } of batch.messages) {
          const eventId = headers?.['ce_id']?.toString();
          const at = { partition: batch.partition, offset: Number(offset) };
          const installation = headers?.['ce_installation']?.toString();
          const text = { key: key?.toString() ?? null, value: value?.toString() ?? null };
          found.push({ ...text, eventId, installation, ...at });
        }
        resolveOffset(batch.lastOffset());
        return Promise.resolve();
      },
    });
    await waitUntil(() => found.length >= wanted, {
      timeoutMs: 20_000,
      what: `${wanted} records of ${topic}`,
    });
    return found.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset);
  } finally {
    await Promise.all([consumer.disconnect(), admin.disconnect()]);
  }
}

/**
 * Just after a broker's restart a partition may have no leader, or the client may ask the previous
 * one.
 */
async function unlessBetweenLeaders<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Error && 'retriable' in error && error.retriable === true) return undefined;
    throw error;
  }
}

/**
 * What is wrong with the records, compared with what was published in this order; an empty list if
 * nothing is.
 */
export function findFaults(lying: readonly Lying[], published: readonly Message[]): string[] {
  const there = new Set(lying.map(({ eventId }) => eventId));
  const missing = published
    .filter(({ eventId }) => !there.has(eventId))
    .map(({ eventId }) => `missing: ${eventId}`);
  const known = new Set(published.map(({ eventId }) => eventId));
  const strange = lying.filter(({ eventId }) => eventId === undefined || !known.has(eventId)).length;
  return [
    ...missing,
    ...(strange > 0 ? [`${strange} records that were not published`] : []),
    ...findDisorder(lying, published),
  ];
}

/**
 * The events of each key have to come for the first time in the order of publishing; repeats are
 * allowed.
 */
function findDisorder(lying: readonly Lying[], published: readonly Message[]): string[] {
  const keys = Map.groupBy(published, ({ key }) => key);
  const firsts = new Map<string, Set<string>>();
  for (const { key, eventId } of lying) {
    if (key === null || eventId === undefined) continue;
    const seen = firsts.get(key) ?? new Set();
    firsts.set(key, seen.add(eventId));
  }
  return [...keys].flatMap(([key, messages]) => {
    const wanted = messages.map(({ eventId }) => eventId).join();
    const found = [...(firsts.get(key) ?? [])].join();
    return wanted === found ? [] : [`${key} is out of order`];
  });
}
