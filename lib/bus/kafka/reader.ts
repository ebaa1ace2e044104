// Keeps one subscription reading: when kafkajs gives a consumer up, a new one is started, for as
// long as it takes, unless a person has to fix something.
//
// kafkajs would restart a consumer only for errors that it calls retriable; after an election of
// the group's coordinator, or a TypeError of its own
// (https://github.com/tulios/kafkajs/issues/1441), the consumer would stay alive and read nothing.
// A Kafka that is away for hours must not end the process either, because other roles may run in
// it: health says meanwhile what is wrong.

import { fullJitter } from '../../backoff.ts';
import { sleep } from '../../loop.ts';
import type { Subscription } from '../bus.ts';
import { startConsumer, type ConsumerDeps, type GroupConsumer } from './consumer.ts';
import { describeFault, faultOf, isTopicMissing } from './faults.ts';
import { settleWithin } from './settle.ts';

export type Reader = {
  /**
   * Settles after the first attempt, whatever Kafka's state; rejects with an error that a person
   * has to fix.
   */
  begun: Promise<void>;
  stop(): Promise<void>;
  /** The partitions assigned to this member now; null while it is in no group. */
  assigned(): readonly number[] | null;
  /** When a handler last began or ended, by the monotonic clock. */
  lastSign(): number;
  /**
   * When the group last counted it as a member, by the monotonic clock, and what has kept it out of
   * the group since, if that is known.
   */
  membership(): { at: number; problem: string | null };
};

export type ReaderDeps = ConsumerDeps & {
  /** Finds out more about an error whose reason kafkajs does not give. */
  explain: (error: Error) => Promise<unknown>;
  /** The subscription had begun and reads no more, until a person has fixed something. */
  onEnd: (error: unknown) => void;
};

/**
 * How long a stop waits for the running handler and for leaving the group; after that, both end by
 * themselves.
 */
const STOP_MS = 5_000;

export function startReader(subscription: Subscription, deps: ReaderDeps): Reader {
  const { topic, group } = subscription;
  const stopping = new AbortController();
  const stopped = new Promise<null>((resolve) =>
    stopping.signal.addEventListener('abort', () => resolve(null)),
  );
  const begun = Promise.withResolvers<undefined>();
  let hasBegun = false;
  const begin = (): void => {
    hasBegun = true;
    begun.resolve(undefined);
  };
  let current: GroupConsumer | null = null;
  let lastSign = performance.now();
  let memberAt = performance.now();
  let wasMember = false;
  let problem: string | null = null;

  /** Returns why the consumer reads no more, or null if it was asked to stop. */
  async function readOnce(): Promise<Error | null> {
    try {
      current = await startConsumer(subscription, deps);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
    begin();
    const reason = await Promise.race([current.crashed, stopped]);
    lastSign = current.lastSign();
    const at = current.memberAt();
    if (at !== null) {
      memberAt = at;
      wasMember = true;
    }
    const ended = current;
    current = null;
    await ended.stop().catch((error: unknown) => {
      deps.log.debug('kafka.consumer_stop', { topic, group, error: describeFault(error) });
    });
    return reason;
  }

  function membership(): { at: number; problem: string | null } {
    const at = current?.memberAt() ?? null;
    return at === null ? { at: memberAt, problem } : { at, problem: null };
  }

  /**
   * A topic that existed before and is missing now is waited for: it can come back without our
   * help.
   */
  const needsPerson = (error: unknown) => faultOf(error) === 'setup' && !(wasMember && isTopicMissing(error));

  async function run(): Promise<void> {
    for (let failures = 1; ; failures += 1) {
      const began = memberAt;
      const met = await readOnce();
      if (met === null || stopping.signal.aborted) return begin();
      const reason = await deps.explain(met);
      if (needsPerson(reason)) throw reason;
      begin();
      problem = describeFault(reason);
      if (memberAt !== began) failures = 1;
      // On a new cluster the first group waits until the topic of all groups is created, and an
      // election takes its time too.
      const passes = performance.now() - membership().at < deps.times.sessionTimeoutMs;
      deps.log[passes ? 'debug' : 'warn']('kafka.consumer_follows', {
        topic,
        group,
        failures,
        error: problem,
      });
      await sleep(fullJitter(failures, { baseMs: 200, capMs: 5_000 }), stopping.signal);
    }
  }

  const running = run().catch((error: unknown) => {
    if (!hasBegun) begun.reject(error);
    else if (!stopping.signal.aborted) deps.onEnd(error);
  });
  return {
    begun: begun.promise,
    async stop() {
      stopping.abort();
      await settleWithin(STOP_MS, running);
    },
    assigned: () => current?.assigned() ?? null,
    lastSign: () => current?.lastSign() ?? lastSign,
    membership,
  };
}
