// Reading one topic for one group.
//
// Guarantees: the offset of a batch is committed only after its handler has resolved; a crash, a
// rebalance or a failed commit before that brings the batch again, to this member or to another. A
// new group begins at the beginning. A partition whose handler fails waits by itself; the others go
// on. Assumes: a repeated message does no harm to a handler.
//
// Partitions are handled at the same time, and a handler may get parts of several of them in one call
// (joined-parts.ts). The messages of one partition never overtake each other: its next part is taken
// only when the one before is handled.
//
// A crash between any two lines of a batch leaves:
//   before the handler resolved    uncommitted work of the handler is undone; the batch comes again
//   after it, before the commit    the handler's work is done; the batch comes again, and has no effect
//   after the commit               nothing
// No batch waits for the commit (committer.ts): the next batch may be with the handler while the
// commit is sent.

import type { ConsumerConfig, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import { fullJitter } from '../../backoff.ts';
import type { Subscription } from '../bus.ts';
import type { KafkaLog } from './client.ts';
import { createCommitter } from './committer.ts';
import { describeFault } from './faults.ts';
import { keepBeating } from './heartbeat.ts';
import { joinParts } from './joined-parts.ts';
import { toReceived } from './received.ts';

export type ConsumerTimes = {
  /**
   * A member that is silent for this long counts as dead: others get its partitions. The least is 6
   * s.
   */
  sessionTimeoutMs: number;
  heartbeatMs: number;
  /** The longest wait of a fetch that finds no message, of a paused consumer, and so of a stop. */
  fetchWaitMs: number;
  /** The longest time until added partitions are found; a Java client takes up to 5 minutes. */
  metadataMs: number;
};

export const CONSUMER_TIMES: ConsumerTimes = {
  sessionTimeoutMs: 10_000,
  heartbeatMs: 2_000,
  fetchWaitMs: 500,
  metadataMs: 30_000,
};

export type GroupConsumer = {
  stop(): Promise<void>;
  /** The partitions assigned to this member now; null while it is in no group. */
  assigned(): readonly number[] | null;
  /** When a handler last began or ended, by the monotonic clock. */
  lastSign(): number;
  /** When the group last counted it as a member, by the monotonic clock; null if it never has. */
  memberAt(): number | null;
  /**
   * Resolves with the reason when kafkajs has given up the consumer, which then does nothing more.
   */
  crashed: Promise<Error>;
};

export type ConsumerDeps = {
  kafka: Kafka;
  log: KafkaLog;
  times: ConsumerTimes;
};

/** Keeps the transaction of a handler short, however many messages a fetch brings. */
const BATCH_MESSAGES = 1_000;
/** More partitions are handled at once than a member usually has: none of them waits for another one. */
const RUN_SETTINGS = { autoCommit: false, eachBatchAutoResolve: false, partitionsConsumedConcurrently: 64 };
/** kafkajs decodes a whole fetch before any of it is handled, at several times its size in memory. */
const FETCH_BYTES = 1_572_864;

export async function startConsumer(
  { topic, group, handler }: Subscription,
  { kafka, log, times }: ConsumerDeps,
): Promise<GroupConsumer> {
  const consumer = kafka.consumer(consumerConfig(group, times));
  const resumptions = new Set<NodeJS.Timeout>();
  const failures = new Map<number, number>();
  const handle = joinParts(handler, BATCH_MESSAGES);
  let assigned: readonly number[] | null = null;
  let lastSign = performance.now();
  let memberAt: number | null = null;
  let stopping = false;
  const crash = Promise.withResolvers<Error>();
  const committer = createCommitter(topic, (error) =>
    log.debug('kafka.commit_failed', { topic, group, error: describeFault(error) }),
  );

  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    assigned = payload.memberAssignment[topic] ?? [];
    memberAt = performance.now();
    committer.keepOnly(assigned, payload.memberId);
    log.info('kafka.joined', { topic, group, partitions: assigned });
  });
  consumer.on(consumer.events.HEARTBEAT, () => void (memberAt = performance.now()));
  consumer.on(consumer.events.CRASH, ({ payload: { error } }) => {
    assigned = null;
    committer.keepOnly([], '');
    // If the error matters, the next consumer cannot begin either (reader.ts).
    log.debug('kafka.consumer_crashed', { topic, group, error: describeFault(error) });
    crash.resolve(error);
  });

  async function eachBatch(payload: EachBatchPayload): Promise<void> {
    const { batch, isRunning, isStale } = payload;
    for (let at = 0; at < batch.messages.length; at += BATCH_MESSAGES) {
      if (!isRunning() || isStale() || stopping) return;
      if (!(await handlePart(payload, batch.messages.slice(at, at + BATCH_MESSAGES)))) return;
    }
  }

  /** Returns whether the next part may be handled. */
  async function handlePart(payload: EachBatchPayload, part: readonly KafkaMessage[]): Promise<boolean> {
    const { batch, resolveOffset, commitOffsetsIfNecessary, heartbeat, pause } = payload;
    const { partition } = batch;
    const offset = part.at(-1)?.offset ?? batch.lastOffset();
    const beating = keepBeating(heartbeat, times.heartbeatMs);
    lastSign = performance.now();
    try {
      await handle(part.map((message) => toReceived(topic, partition, message)));
    } catch (error) {
      await beating.stop();
      const count = (failures.get(partition) ?? 0) + 1;
      failures.set(partition, count);
      log.warn('kafka.handler_failed', {
        topic,
        group,
        partition,
        offset: part[0]?.offset,
        failures: count,
        error,
      });
      // The error is not thrown: kafkajs would stop every partition, and in the end itself. The
      // batch is not resolved either, so it is fetched again.
      resumeLater(pause(), fullJitter(count, { baseMs: 100, capMs: 5_000 }));
      return false;
    } finally {
      lastSign = performance.now();
    }
    const lost = await beating.stop();
    failures.delete(partition);
    resolveOffset(offset);
    // With named offsets this function commits always, in spite of its name.
    committer.add(partition, String(BigInt(offset) + 1n), commitOffsetsIfNecessary);
    // The member that gets the partition next should begin after this offset.
    if (lost || stopping) await committer.flush();
    // The group is being rebalanced: kafkajs needs this error to join the group again.
    if (lost) throw lost;
    return true;
  }

  function resumeLater(resume: () => void, ms: number): void {
    const timer = setTimeout(() => {
      resumptions.delete(timer);
      if (!stopping) resume();
    }, ms);
    resumptions.add(timer);
  }

  async function stop(): Promise<void> {
    stopping = true;
    for (const timer of resumptions) clearTimeout(timer);
    await committer.flush();
    // Waits for the running handler; then the group learns at once that this member leaves.
    await consumer.disconnect();
    committer.stop();
    assigned = null;
  }

  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({ ...RUN_SETTINGS, eachBatch });
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
  return {
    stop,
    assigned: () => assigned,
    lastSign: () => lastSign,
    memberAt: () => memberAt,
    crashed: crash.promise,
  };
}

function consumerConfig(groupId: string, times: ConsumerTimes): ConsumerConfig {
  return {
    groupId,
    allowAutoTopicCreation: false,
    sessionTimeout: times.sessionTimeoutMs,
    heartbeatInterval: times.heartbeatMs,
    // A rebalance waits this long for members whose handler is running; then they lose their
    // partitions.
    rebalanceTimeout: 30_000,
    maxWaitTimeInMs: times.fetchWaitMs,
    maxBytes: FETCH_BYTES,
    metadataMaxAge: times.metadataMs,
    // For about a minute the consumer stays the same member; a new member has to wait until the
    // group has given up the old one. After that minute reader.ts starts a new consumer, for every
    // kind of error.
    retry: { retries: 60, restartOnFailure: () => Promise.resolve(false) },
  };
}
