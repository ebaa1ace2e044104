// How a page of messages is split into requests whose sizes a broker can handle.
//
// Guarantees: the order of the messages within a partition; one batch per partition in a round, so
// that with one round at a time no partition ever has two open requests.

import type { Message } from '../bus.ts';
import { sizeOfValue } from '../value.ts';
import { partitionOf } from './partition.ts';

/** Messages of one partition, by their index in the page. */
export type Batch = { topic: string; partition: number; indexes: readonly number[]; bytes: number };

export type Limits = {
  /** The limit of a batch. */
  messages: number;
  /**
   * The limit of one batch in this topic; the broker's default is 1 MiB (`max.message.bytes` is
   * about batches).
   */
  batchBytes: (topic: string) => number;
  /**
   * The limit of all batches of a round; a broker closes the connection at 100 MiB
   * (`socket.request.max.bytes`).
   */
  roundBytes: number;
  /** The name that a topic has in the cluster. */
  named: (topic: string) => string;
};

/** The most that Kafka adds to a record's own bytes, with the lengths of its headers. */
const RECORD_OVERHEAD = 100;

/** The rounds in which these messages are sent, one after the other. */
export function planRounds(
  messages: readonly Message[],
  partitions: ReadonlyMap<string, number>,
  { named, ...limits }: Limits,
): Batch[][] {
  const queues: Batch[][] = [];
  const byTopic = new Map<string, Batch[][]>();
  messages.forEach((message, index) => {
    const topic = named(message.topic);
    const partition = partitionOf(message.key, partitions.get(topic) ?? 1);
    let ofTopic = byTopic.get(topic);
    if (ofTopic === undefined) byTopic.set(topic, (ofTopic = []));
    let queue = ofTopic[partition];
    if (queue === undefined) queues.push((queue = ofTopic[partition] = []));
    const bytes = sizeOf(message);
    const open = queue.at(-1);
    const fits =
      open !== undefined &&
      open.indexes.length < limits.messages &&
      open.bytes + bytes <= limits.batchBytes(topic);
    if (fits) addTo(open, index, bytes);
    else queue.push({ topic, partition, indexes: [index], bytes });
  });
  return toRounds(queues, limits.roundBytes);
}

function toRounds(queues: Batch[][], roundBytes: number): Batch[][] {
  const rounds: Batch[][] = [];
  while (queues.some((queue) => queue.length > 0)) {
    const round: Batch[] = [];
    let bytes = 0;
    for (const queue of queues) {
      const [next] = queue;
      // A batch that is longer than a round is sent alone.
      if (next === undefined || (round.length > 0 && bytes + next.bytes > roundBytes)) continue;
      round.push(next);
      bytes += next.bytes;
      queue.shift();
    }
    rounds.push(round);
  }
  return rounds;
}

/** Splits the batch into two, in order. */
export function halve(batch: Batch): [Batch, Batch] {
  const middle = Math.ceil(batch.indexes.length / 2);
  const part = (indexes: readonly number[]): Batch => ({
    ...batch,
    indexes,
    bytes: (batch.bytes * indexes.length) / batch.indexes.length,
  });
  return [part(batch.indexes.slice(0, middle)), part(batch.indexes.slice(middle))];
}

export function sizeOf({ key, value, headers }: Message): number {
  let bytes = RECORD_OVERHEAD + sizeOfValue(value) + Buffer.byteLength(key);
  for (const name in headers) bytes += name.length + (headers[name]?.length ?? 0);
  return bytes;
}

function addTo(batch: Batch, index: number, bytes: number): void {
  (batch.indexes as number[]).push(index);
  batch.bytes += bytes;
}
