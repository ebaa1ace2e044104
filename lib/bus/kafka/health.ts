// What is wrong between this process and Kafka, for /ready. Sends no request: it reports what the
// work itself has last seen.
import type { BusHealth } from '../bus.ts';

/** By then an election of a leader, or a rebalance of a group, is over. */
const PUBLISH_PATIENCE_MS = 5_000;

/**
 * A process with events to publish tries more often than this; a relay on standby does not know the
 * present state.
 */
const PUBLISH_MEMORY_MS = 60_000;

/**
 * Since when nothing could be published, and the last attempt; null while publishing works, or
 * while no part of the process publishes.
 */
export type PublishTrouble = { since: number; at: number; why: string } | null;

export function noteFailure(before: PublishTrouble, why: string, now: number): PublishTrouble {
  const goesOn = before !== null && now - before.at < PUBLISH_MEMORY_MS;
  return { since: goesOn ? before.since : now, at: now, why };
}

export type ReaderState = {
  topic: string;
  group: string;
  membership: { at: number; problem: string | null };
};

/**
 * `unreachable`: the result of a check of the brokers' own addresses, which explains both kinds of
 * trouble.
 */
export function judgeHealth(
  trouble: PublishTrouble,
  readers: readonly ReaderState[],
  {
    sessionTimeoutMs,
    now,
    unreachable = null,
  }: { sessionTimeoutMs: number; now: number; unreachable?: string | null },
): BusHealth {
  const problems = readers
    // After a session time without a heartbeat the group has given the member up.
    .filter(({ membership }) => now - membership.at > sessionTimeoutMs)
    .map(({ topic, group, membership: { at, problem } }) => {
      const why = unreachable ?? problem ?? 'the group is being shared, or Kafka does not answer';
      return `${group} has not been in its group for ${seconds(now - at)} s, and reads nothing of ${topic}: ${why}`;
    });
  const known = trouble !== null && now - trouble.at < PUBLISH_MEMORY_MS;
  if (known && now - trouble.since > PUBLISH_PATIENCE_MS)
    problems.unshift(
      `Kafka has accepted no message for ${seconds(now - trouble.since)} s: ${unreachable ?? trouble.why}`,
    );
  return { problem: problems.length === 0 ? null : problems.join('; ') };
}

function seconds(ms: number): number {
  return Math.round(ms / 1000);
}
