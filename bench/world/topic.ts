// What a contestant has published: how much, and whether it is complete and in order.
import type { Admin, Kafka } from 'kafkajs';
import { numberOf } from './events.ts';

/** The number of records in the topic. */
export async function recordsIn(admin: Admin, topic: string): Promise<number> {
  const offsets = await admin.fetchTopicOffsets(topic);
  return offsets.reduce((sum, { high }) => sum + Number(high), 0);
}

export type Published = {
  missing: number;
  repeated: number;
  disordered: number;
  /** When the broker got each event first, in milliseconds since 1970. */
  appended: ReadonlyMap<number, number>;
};

/** Reads the topic to its end. Each event is known by its key and version; `total` events were written. */
export async function readBack(kafka: Kafka, topic: string, total: number): Promise<Published> {
  const admin = kafka.admin();
  await admin.connect();
  const records = await recordsIn(admin, topic);
  const appended = new Map<number, number>();
  const newest = new Map<string, number>();
  const found = { records: 0, disordered: 0 };
  const done = Promise.withResolvers<undefined>();
  const groupId = `read-back.${topic}`;
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 50, maxBytesPerPartition: 4_000_000 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatch: ({ batch, resolveOffset }) => {
      for (const { key, value, timestamp } of batch.messages) {
        const name = String(key);
        const version = versionOf(value);
        if (version < (newest.get(name) ?? 0)) found.disordered += 1;
        newest.set(name, version);
        const n = numberOf(name, version);
        if (!appended.has(n)) appended.set(n, Number(timestamp));
      }
      found.records += batch.messages.length;
      resolveOffset(batch.lastOffset());
      if (found.records >= records) done.resolve(undefined);
      return Promise.resolve();
    },
  });
  if (records > 0) await done.promise;
  await consumer.disconnect();
  await admin.deleteGroups([groupId]);
  await admin.disconnect();
  const missing = missingOf(appended, total);
  return { missing, repeated: found.records - appended.size, disordered: found.disordered, appended };
}

/** Of the value that a contestant made: the envelope, or the payload as it was written. */
export function versionOf(value: Buffer | null): number {
  const { version } = JSON.parse(String(value)) as { version?: unknown };
  return Number(version);
}

function missingOf(seen: ReadonlyMap<number, number>, total: number): number {
  let missing = 0;
  for (let n = 0; n < total; n += 1) if (!seen.has(n)) missing += 1;
  return missing;
}
