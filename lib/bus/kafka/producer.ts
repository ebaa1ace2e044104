// Sending, by the rules under which kafkajs 2.2.4 loses nothing (docs/decisions/0030-kafkajs.md).
//
// Guarantees: a message that publish has answered is in the log of every in-sync replica; messages
// of one key are stored in the order in which they were given. Assumes: after a rejection the
// caller gives the same messages again, in the same order; consumers accept repeated messages.
//
// - `idempotent: false`. kafkajs' idempotent producer can acknowledge what was never written: a
//   request that failed rewinds the sequence number although the broker may have appended, the next
//   batch uses that number again, and the broker answers "duplicate", which counts as a success.
// - Nothing is sent twice: two attempts could be open at the same time.
// - One round at a time, and after a failure a new sender, once the old one's requests have
//   settled: so no partition ever has two open requests.
// - The answer must name every partition that was sent, with its offset: one whose leader moved can
//   be missing (https://github.com/tulios/kafkajs/issues/1798).

import type { Kafka } from 'kafkajs';
import { BusError, type Message, type Published } from '../bus.ts';
import type { ClusterAdmin } from './admin.ts';
import { prepareRound, toRecords, type Ahead } from './ahead.ts';
import { halve, planRounds, type Batch, type Limits } from './batches.ts';
import { describeFault, faultOf, isTimeout } from './faults.ts';
import type { Produced } from './inner-cluster.ts';
import { createPartitionCounts } from './partition-counts.ts';
import { openSender, type Sender } from './sender.ts';
import { settleWithin } from './settle.ts';

export type Publisher = {
  publish(messages: readonly Message[]): Promise<Published[]>;
  /** As in lib/bus/bus.ts. */
  prepare(messages: readonly Message[]): void;
  close(): Promise<void>;
};

const BATCH_MESSAGES = 10_000;
/** Below the broker's limit of 1,048,588, with room for the batch's own bytes. */
const BATCH_BYTES = 900_000;
const ROUND_BYTES = 8_000_000;
const LEAST_ROUND_BYTES = 65_536;
const LEAST_BATCH_BYTES = 1_024;

export type PublisherDeps = {
  kafka: Kafka;
  admin: ClusterAdmin;
  requestTimeoutMs: number;
  /** How old the known numbers of partitions may be. */
  metadataMs: number;
  /** The name that a topic has in the cluster. */
  named: (topic: string) => string;
};

export function createPublisher(deps: PublisherDeps): Publisher {
  const { kafka, admin, requestTimeoutMs, metadataMs, named } = deps;
  const counts = createPartitionCounts(admin, metadataMs);
  /**
   * Topics with a lower limit than the broker's default; learned from the batches that they
   * refused.
   */
  const batchBytes = new Map<string, number>();
  // A round that times out on a slow link would time out again: the next one is smaller, until one
  // passes.
  let roundBytes = ROUND_BYTES;
  let sender: Promise<Sender> | null = null;
  /** The same, once it is open. */
  let opened: Sender | null = null;
  let ahead: Ahead | null = null;
  let closed = false;
  let last: Promise<unknown> = Promise.resolve();

  async function dispose(): Promise<void> {
    const old = sender;
    sender = null;
    opened = null;
    // A failure may change what a request has to be like.
    ahead = null;
    // Ends when the open requests have settled, at the latest by their time limit.
    if (old)
      await settleWithin(
        requestTimeoutMs + 1_000,
        old.then((one) => one.close()),
      );
  }

  /** Sends one round and returns the offset of each batch's first record. */
  async function send(round: readonly Batch[], messages: readonly Message[]): Promise<number[]> {
    const mine = ahead?.round === round ? ahead : null;
    // Once: the bytes are written anew afterwards.
    if (mine) ahead = null;
    // Shorter than our own limit: the broker gives up first, and its answer says so.
    opened = await (sender ??= openSender(kafka, Math.ceil(requestTimeoutMs * 0.8)));
    const records = mine?.records ?? round.map((batch) => toRecords(batch, messages));
    return firstOffsets(round, await opened.send(records, mine?.prepared));
  }

  const limitsNow = (): Limits => ({
    messages: BATCH_MESSAGES,
    batchBytes: (topic) => Math.min(batchBytes.get(topic) ?? BATCH_BYTES, roundBytes),
    ...{ roundBytes, named },
  });

  async function attempt(round: readonly Batch[], messages: readonly Message[]): Promise<number[]> {
    try {
      return await send(round, messages);
    } catch (error) {
      if (isTimeout(error)) roundBytes = Math.max(LEAST_ROUND_BYTES, roundBytes / 4);
      if (faultOf(error) !== 'record') counts.forget();
      await dispose();
      throw error;
    }
  }

  async function publishNow(messages: readonly Message[]): Promise<Published[]> {
    if (closed) throw new BusError('closed', 'the bus is closed');
    if (messages.length === 0) return [];
    const places: Published[] = new Array<Published>(messages.length);
    const refused: { index: number; error: unknown }[] = [];
    const keep = (batch: Batch, offset: number): void =>
      batch.indexes.forEach((index, at) => {
        places[index] = { topic: batch.topic, partition: batch.partition, offset: offset + at };
      });

    /**
     * Sends each batch alone, then in halves, until the message that the broker refuses is alone.
     */
    async function narrow(batch: Batch): Promise<void> {
      try {
        const [offset] = await attempt([batch], messages);
        if (offset !== undefined) keep(batch, offset);
      } catch (error) {
        const [index] = batch.indexes;
        if (faultOf(error) !== 'record' || index === undefined) throw error;
        if (batch.indexes.length === 1) return void refused.push({ index, error });
        batchBytes.set(batch.topic, Math.max(LEAST_BATCH_BYTES, batch.bytes / 2));
        for (const half of halve(batch)) await narrow(half);
      }
    }

    try {
      const partitions = await counts.of(new Set(messages.map(({ topic }) => named(topic))));
      const mine = ahead?.messages === messages && ahead.partitions === partitions ? ahead : null;
      const rounds = mine ? [mine.round] : planRounds(messages, partitions, limitsNow());
      for (const round of rounds) {
        try {
          const offsets = await attempt(round, messages);
          round.forEach((batch, at) => keep(batch, offsets[at] ?? -1));
        } catch (error) {
          if (faultOf(error) !== 'record') throw error;
          for (const batch of round) await narrow(batch);
        }
      }
      // Once for each page: otherwise a link that is always slow would reach its limit in every
      // page.
      roundBytes = Math.min(ROUND_BYTES, roundBytes * 2);
    } catch (error) {
      if (error instanceof BusError) throw error;
      throw new BusError('unavailable', `Kafka did not accept the messages: ${describeFault(error)}`, {
        cause: error,
      });
    }
    const [first] = refused;
    if (first === undefined) return places;
    const published = new Map(
      messages.flatMap((_, index) => (places[index] ? [[index, places[index]]] : [])),
    );
    const { eventId, topic } = messages[first.index] ?? {};
    const target = topic === undefined ? null : named(topic);
    throw new BusError(
      'record_refused',
      `event ${eventId}: ${target} refuses it: ${describeFault(first.error)}`,
      { cause: first.error, published, topic: target },
    );
  }

  return {
    prepare(messages) {
      if (opened) ahead = prepareRound(opened, messages, counts.known(), limitsNow());
    },
    publish(messages) {
      // One at a time, even if a caller does not wait: the order and the single open request depend
      // on it.
      const mine = last.then(() => publishNow(messages));
      last = mine.catch(() => undefined);
      return mine;
    },
    async close() {
      closed = true;
      await last;
      await dispose();
    },
  };
}

function firstOffsets(round: readonly Batch[], answers: readonly Produced[]): number[] {
  const named = new Map(
    answers.flatMap(({ topics }) =>
      topics.flatMap(({ topicName, partitions }) =>
        partitions.map((one) => [`${topicName}/${one.partition}`, one] as const),
      ),
    ),
  );
  return round.map(({ topic, partition }) => {
    const one = named.get(`${topic}/${partition}`);
    const offset = Number(one?.baseOffset ?? -1);
    if (one === undefined || one.errorCode !== 0 || !Number.isSafeInteger(offset) || offset < 0) {
      throw new BusError(
        'unavailable',
        `Kafka did not say at which offset it stored the messages for ${topic}/${partition}`,
      );
    }
    return offset;
  });
}
