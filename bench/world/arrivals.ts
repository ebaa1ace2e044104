// When each event has reached a consumer, and whether each key's versions rose.
import type { Kafka } from 'kafkajs';
import { waitUntil } from '../../lib/loop.ts';
import { numberOf } from './events.ts';
import { versionOf } from './topic.ts';

export type Arrivals = {
  /** The moment of the event's first arrival; undefined before that. */
  at(n: number): number | undefined;
  /** Resolves when so many of the events from `from` on have arrived; throws what is missing, or a disorder. */
  all(from: number, count: number, what: string): Promise<void>;
  close(): Promise<void>;
};

export async function followTopic(kafka: Kafka, topic: string): Promise<Arrivals> {
  const arrived = new Map<number, number>();
  const newest = new Map<string, number>();
  const disordered: string[] = [];
  const consumer = kafka.consumer({ groupId: `follow.${topic}`, maxWaitTimeInMs: 100 });
  const joined = Promise.withResolvers<undefined>();
  consumer.on('consumer.group_join', () => joined.resolve(undefined));
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatch: ({ batch, resolveOffset }) => {
      const now = performance.now();
      for (const { key, value } of batch.messages) {
        const name = String(key);
        const version = versionOf(value);
        if (version < (newest.get(name) ?? 0)) disordered.push(name);
        newest.set(name, version);
        const n = numberOf(name, version);
        if (!arrived.has(n)) arrived.set(n, now);
      }
      resolveOffset(batch.lastOffset());
      return Promise.resolve();
    },
  });
  await joined.promise;
  return {
    at: (n) => arrived.get(n),
    async all(from, count, what) {
      const isThere = (): boolean => {
        for (let n = from; n < from + count; n += 1) if (!arrived.has(n)) return false;
        return true;
      };
      await waitUntil(isThere, { timeoutMs: 60_000, what });
      if (disordered.length > 0) throw new Error(`*** ${what}: ${disordered.length} OUT OF ORDER ***`);
    },
    close: () => consumer.disconnect(),
  };
}
