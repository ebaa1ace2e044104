// Keeps one subscription reading: a consumer that kafkajs gives up is followed by a new one for as
// long as it takes, unless a person has to fix something.
//
// kafkajs would restart a consumer only for errors that it calls retriable; a group whose
// coordinator is being elected, or a TypeError of its own
// (https://github.com/tulios/kafkajs/issues/1441), would leave it alive and without messages. A
// Kafka that is away for hours must not end the process either, for other roles may run in it:
// health says what is the matter meanwhile.

import { fullJitter } from '../../backoff.ts';
import { sleep } from '../../loop.ts';
import type { Subscription } from '../bus.ts';
import { startConsumer, type ConsumerDeps, type GroupConsumer } from './consumer.ts';
import { describeFault, faultOf, isTopicMissing } from './faults.ts';
import { settleWithin } from './settle.ts';

export type Reader = {
  /**
   * Settles after the first attempt, whatever Kafka's state; rejects with what a person has to fix.
   */
  begun: Promise<void>;
  stop(): Promise<void>;
  /** The partitions that this member has now; null while it is in no group. */
  assigned(): readonly number[] | null;
  /** When a handler was last begun or ended, by the monotonic clock. */
  lastSign(): number;
  /**
   * When its group last took it for a member, by the monotonic clock, and what has kept it out
   * since, if that is known.
   */
  membership(): { at: number; problem: string | null };
};

export type ReaderDeps = ConsumerDeps & {
  /** Finds out more about an error, where kafkajs keeps the reason to itself. */
  explain: (error: Error) => Promise<unknown>;
  /** It had begun and reads no more, until a person has fixed something. */
  onEnd: (error: unknown) => void;
};

/**
 * So long does a stop wait for the handler in hand and the group; what is then still on its way
 * ends by itself.
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

  /** Answers why the consumer reads no more, and null if it was asked to stop. */
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

  /** A topic that was there and is not is waited for: nothing of ours has to change for it to come back. */
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
      // On a new cluster the first group waits for the topic of all groups to be made, and an
      // election takes its time as well.
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
