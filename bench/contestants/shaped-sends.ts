// How the peers that are libraries of Node send to Kafka: by kafkajs, with all that makes it fast. The partition is
// given, so that kafkajs does not hash keys with BigInt; values are texts; many events go in one send.
import type { Message } from 'kafkajs';
import { partitionOf } from '../../lib/bus/kafka/partition.ts';
import type { World } from './contestant.ts';
import { openProducer } from './producer.ts';

/** What a job or a message of a peer holds of an event; `value` is published as it is. */
export type Outgoing = { eventId: string; key: string; version: number; value: string };

/**
 * An Outgoing as JSON, from the parameters of Contestant.insertSql. The value is a text in it, so that no worker has to
 * write it as JSON again.
 */
export const outgoingSql = `json_build_object('eventId', $1, 'key', $2, 'version', $3::integer, 'value', $4)`;

export type Sends = {
  /** Resolves when the broker has acknowledged all of them. */
  sendAll(events: readonly Outgoing[]): Promise<void>;
  /**
   * For a peer that hands over its events one by one, but many at once: all that wait go in one send, and there is one
   * send at a time. So the events of a key keep the order in which they came; within a send it is that of their versions.
   */
  send(event: Outgoing): Promise<void>;
  close(): Promise<void>;
};

type Waiting = { event: Outgoing; done: PromiseWithResolvers<undefined> };

export async function openSends({ bootstrap, topic, partitions }: World): Promise<Sends> {
  const producer = await openProducer(bootstrap);
  let waiting: Waiting[] = [];
  let sending = false;

  async function sendAll(events: readonly Outgoing[]): Promise<void> {
    const messages: Message[] = events
      .toSorted((a, b) => a.version - b.version)
      .map(({ eventId, key, value }) => ({
        ...{ key, value, headers: { id: eventId } },
        partition: partitionOf(key, partitions),
      }));
    await producer.send({ topic, acks: -1, messages });
  }

  async function sendWaiting(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        await sendAll(batch.map(({ event }) => event));
        for (const { done } of batch) done.resolve(undefined);
      } catch (error) {
        for (const { done } of batch) done.reject(error);
      }
    }
    sending = false;
  }

  return {
    sendAll,
    async send(event) {
      const done = Promise.withResolvers<undefined>();
      waiting.push({ event, done });
      if (!sending) {
        sending = true;
        // After all that the peer hands over in this turn of the event loop.
        setImmediate(() => void sendWaiting());
      }
      await done.promise;
    },
    close: () => producer.disconnect(),
  };
}
