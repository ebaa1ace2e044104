// How the peers that are job queues or handlers in Node send to Kafka: by kafkajs, with all that makes it fast. The
// partition is given, so that kafkajs does not hash keys with BigInt; values are texts; many messages go in one send.
import { Kafka, logLevel, type Message } from 'kafkajs';
import { partitionOf } from '../../lib/bus/kafka/partition.ts';
import type { World } from './contestant.ts';

/** What an event has become in the table of a peer. `value` is what is published, whole. */
export type Outgoing = { eventId: string; key: string; version: number; value: string };

export type ShapedProducer = {
  /** Resolves when the broker has acknowledged all of them. */
  send(events: readonly Outgoing[]): Promise<void>;
  close(): Promise<void>;
};

export async function connectProducer({ bootstrap, topic, partitions }: World): Promise<ShapedProducer> {
  const kafka = new Kafka({ clientId: 'contestant', brokers: [bootstrap], logLevel: logLevel.ERROR });
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  const messageOf = ({ eventId, key, value }: Outgoing): Message => ({
    ...{ key, value, headers: { id: eventId } },
    partition: partitionOf(key, partitions),
  });
  return {
    async send(events) {
      await producer.send({ topic, acks: -1, messages: events.map(messageOf) });
    },
    close: () => producer.disconnect(),
  };
}

export type SharedSends = {
  /** Resolves when the broker has acknowledged this event. */
  add(event: Outgoing): Promise<void>;
};

type Waiting = { event: Outgoing; done: PromiseWithResolvers<undefined> };

/**
 * One send for all events that are waiting, and one send at a time, for a peer that hands over its events one by one
 * but many at once. So the events of a key keep the order in which they were added; in one send it is that of their
 * versions.
 */
export function shareSends(producer: ShapedProducer): SharedSends {
  let waiting: Waiting[] = [];
  let sending = false;

  async function sendAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.toSorted((a, b) => a.event.version - b.event.version);
      waiting = [];
      try {
        await producer.send(batch.map(({ event }) => event));
        for (const { done } of batch) done.resolve(undefined);
      } catch (error) {
        for (const { done } of batch) done.reject(error);
      }
    }
    sending = false;
  }

  return {
    async add(event) {
      const done = Promise.withResolvers<undefined>();
      waiting.push({ event, done });
      if (!sending) {
        sending = true;
        // After all that the peer hands over in this turn of the event loop.
        setImmediate(() => void sendAll());
      }
      await done.promise;
    },
  };
}
