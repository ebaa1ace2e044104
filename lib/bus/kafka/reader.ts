// Keeps one subscription reading: a consumer that kafkajs gives up is followed by a new one, unless a person has to mend something.
//
// kafkajs restarts a consumer only for errors that it calls retriable; a group whose coordinator is being elected, or a TypeError
// of its own (https://github.com/tulios/kafkajs/issues/1441), would leave it alive and deaf.

import { fullJitter } from '../../backoff.ts';
import { sleep } from '../../loop.ts';
import type { Subscription } from '../bus.ts';
import { startConsumer, type ConsumerDeps, type GroupConsumer } from './consumer.ts';
import { describeFault, faultOf } from './faults.ts';

export type Reader = GroupConsumer;

export type ReaderDeps = Omit<ConsumerDeps, 'onCrash'> & {
  /** It reads no more. */
  onCrash: (error: Error) => void;
};

/** So long may it go on without once being a member of its group; then the process should end, and somebody look. */
const GIVE_UP_MS = 60_000;

/** Throws what a person has to mend. */
export async function startReader(subscription: Subscription, deps: ReaderDeps): Promise<Reader> {
  const { topic, group } = subscription;
  const stopping = new AbortController();
  let current: GroupConsumer | null = null;
  let following: Promise<void> = Promise.resolve();
  let wellAt = performance.now();

  const open = (): Promise<GroupConsumer> =>
    startConsumer(subscription, {
      ...deps,
      onCrash(error, wasMember) {
        if (wasMember) wellAt = performance.now();
        following = follow(error).catch((fatal: unknown) => {
          if (!stopping.signal.aborted)
            deps.onCrash(fatal instanceof Error ? fatal : new Error(String(fatal)));
        });
      },
    });

  /** A new consumer in the place of the one that ended so; throws when there is to be none. */
  async function follow(reason: unknown): Promise<void> {
    await current?.stop().catch(() => undefined);
    current = null;
    let last = reason;
    for (let failures = 1; !stopping.signal.aborted; failures += 1) {
      if (faultOf(last) === 'setup' || performance.now() - wellAt > GIVE_UP_MS) throw last;
      deps.log.warn('kafka.consumer_follows', { topic, group, failures, error: describeFault(last) });
      await sleep(fullJitter(failures, { baseMs: 200, capMs: 5_000 }), stopping.signal);
      try {
        current = await open();
        return;
      } catch (error) {
        last = error;
      }
    }
  }

  try {
    current = await open();
  } catch (error) {
    await follow(error);
  }
  return {
    async stop() {
      stopping.abort();
      await following;
      await current?.stop();
    },
    assigned: () => current?.assigned() ?? null,
    lastSign: () => current?.lastSign() ?? wellAt,
  };
}
