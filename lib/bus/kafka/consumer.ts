// Reading one topic for one group.
//
// Guarantees: the offset of a batch is committed only after its handler has resolved; whatever happens before that is done (a
// crash, a rebalance, a commit that fails) brings the batch again, to us or to another member. A new group begins at
// the beginning. A partition whose handler fails waits by itself; the others go on. Assumes: handlers bear repeats.
//
// A crash between any two lines of a batch leaves:
//   before the handler resolved    whatever the handler did not commit itself is undone; the batch comes again
//   after it, before the commit    the handler's work is done; the batch comes again, and has no effect
//   after the commit               nothing
// The commit is not waited for (committer.ts): the next batch may be with the handler while it is on its way.

import type { ConsumerConfig, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import { fullJitter } from '../../backoff.ts';
import type { Subscription } from '../bus.ts';
import type { KafkaLog } from './client.ts';
import { createCommitter } from './committer.ts';
import { describeFault } from './faults.ts';
import { keepBeating } from './heartbeat.ts';
import { toReceived } from './received.ts';

export type ConsumerTimes = {
  /** A member that is silent for so long has died: its partitions go to others. The broker's least is 6 s. */
  sessionTimeoutMs: number;
  heartbeatMs: number;
  /** The longest wait of a fetch that finds nothing, of a paused consumer, and so of a stop. */
  fetchWaitMs: number;
  /** Partitions that were added are found after this at the latest; a Java client takes up to 5 minutes. */
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
  /** The partitions that this member has now; null while it is in no group. */
  assigned(): readonly number[] | null;
  /** When a handler was last begun or ended, by the monotonic clock. */
  lastSign(): number;
  /** When the group last took it for a member, by the monotonic clock; null if it never has. */
  memberAt(): number | null;
  /** Resolves with the reason when kafkajs has given it up: it does nothing any more. */
  crashed: Promise<Error>;
};

export type ConsumerDeps = {
  kafka: Kafka;
  log: KafkaLog;
  times: ConsumerTimes;
};

/** A handler's transaction stays short, however much a fetch brings. */
const BATCH_MESSAGES = 1_000;

export async function startConsumer(
  { topic, group, handler }: Subscription,
  { kafka, log, times }: ConsumerDeps,
): Promise<GroupConsumer> {
  const consumer = kafka.consumer(consumerConfig(group, times));
  const resumptions = new Set<NodeJS.Timeout>();
  const failures = new Map<number, number>();
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
    committer.keepOnly(assigned);
    log.info('kafka.joined', { topic, group, partitions: assigned });
  });
  consumer.on(consumer.events.HEARTBEAT, () => void (memberAt = performance.now()));
  consumer.on(consumer.events.CRASH, ({ payload: { error } }) => {
    assigned = null;
    committer.keepOnly([]);
    // Whether that matters shows when the next one cannot begin either (reader.ts).
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

  /** Whether it may go on with the next part. */
  async function handlePart(payload: EachBatchPayload, part: readonly KafkaMessage[]): Promise<boolean> {
    const { batch, resolveOffset, commitOffsetsIfNecessary, heartbeat, pause } = payload;
    const { partition } = batch;
    const offset = part.at(-1)?.offset ?? batch.lastOffset();
    const beating = keepBeating(heartbeat, times.heartbeatMs);
    lastSign = performance.now();
    try {
      await handler(part.map((message) => toReceived(topic, partition, message)));
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
      // Not thrown: kafkajs would stop every partition, and in the end itself. Not resolved: it is
      // fetched again.
      resumeLater(pause(), fullJitter(count, { baseMs: 100, capMs: 5_000 }));
      return false;
    } finally {
      lastSign = performance.now();
    }
    const lost = await beating.stop();
    failures.delete(partition);
    resolveOffset(offset);
    // Not "if necessary" when the offsets are named, whatever it is called.
    committer.add(partition, String(BigInt(offset) + 1n), commitOffsetsIfNecessary);
    // Whoever reads on after us should begin where we end.
    if (lost || stopping) await committer.flush();
    // The group is being rebalanced: kafkajs has to get this error from us to join again.
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
    // Waits for the handler that runs; then the group is notified at once that we leave.
    await consumer.disconnect();
    committer.stop();
    assigned = null;
  }

  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch });
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
    // A rebalance waits so long for members whose handler is at work; then they lose their partitions.
    rebalanceTimeout: 30_000,
    maxWaitTimeInMs: times.fetchWaitMs,
    metadataMaxAge: times.metadataMs,
    // About a minute in which it stays the member that it is: one that starts anew has to wait for
    // its former self to be given up. What comes after that is reader.ts's, for every kind of
    // error.
    retry: { retries: 60, restartOnFailure: () => Promise.resolve(false) },
  };
}
