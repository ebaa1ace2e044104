// The bus of the embedded form: everything is in one process, and nothing is stored.
//
// Guarantees: publish resolves only when the handlers of all subscribers have, so the relay's
// cursor moves only after the work is in PostgreSQL. A crash at any point loses nothing: the cursor
// has not moved, and the relay publishes the same page again.

import { BusError, type Bus, type Handler, type Message, type Published, type Received } from './bus.ts';
import { sizeOfValue, textOf } from './value.ts';

export type InProcessOptions = {
  /** Topic -> the groups that must have a subscriber before anything is published to the topic. */
  required?: Readonly<Record<string, readonly string[]>>;
  /**
   * A value longer than this many bytes is refused, as a broker would refuse it; no limit by
   * default.
   */
  maxValueBytes?: number;
};

type Topic = {
  offset: number;
  /** Group -> its members; each batch goes to one member, in rotation. */
  groups: Map<string, Handler[]>;
  delivered: number;
  /**
   * The current publish; the next one waits for it, so that messages keep the order of the calls.
   */
  last: Promise<unknown>;
};

export function createInProcessBus({ required = {}, maxValueBytes = Infinity }: InProcessOptions = {}): Bus {
  const topics = new Map<string, Topic>();
  let closed = false;

  function topicOf(name: string): Topic {
    let topic = topics.get(name);
    if (topic === undefined) {
      topic = { offset: 0, groups: new Map(), delivered: 0, last: Promise.resolve() };
      topics.set(name, topic);
    }
    return topic;
  }

  function refuse(messages: readonly Message[]): void {
    if (closed) throw new BusError('closed', 'the bus is closed');
    for (const name of new Set(messages.map(({ topic }) => topic))) demandReaders(name);
    const tooLong = messages.find(({ value }) => sizeOfValue(value) > maxValueBytes);
    if (tooLong === undefined) return;
    throw new BusError('record_refused', `event ${tooLong.eventId}: longer than ${maxValueBytes} bytes`, {
      topic: tooLong.topic,
    });
  }

  function demandReaders(name: string): void {
    const missing = (required[name] ?? []).find((group) => !topicOf(name).groups.has(group));
    if (missing === undefined) return;
    throw new BusError(
      'no_subscriber',
      `${name} has no subscriber for ${missing}: a message published to it would be lost`,
    );
  }

  async function publish(messages: readonly Message[]): Promise<Published[]> {
    refuse(messages);
    const published: Published[] = [];
    const batches = new Map<string, Received[]>();
    for (const message of messages) {
      const { topic } = message;
      // An offset is the place in the order of arrival; an offset of a failed publish is not used
      // again.
      const place = { topic, partition: 0, offset: topicOf(topic).offset++ };
      published.push(place);
      const batch = batches.get(topic);
      const installation = message.headers['ce_installation'] ?? null;
      const received = { ...message, value: textOf(message.value), ...place, installation, timestamp: null };
      if (batch === undefined) batches.set(topic, [received]);
      else batch.push(received);
    }
    const deliveries = [...batches].map(([name, batch]) => {
      const topic = topicOf(name);
      const delivery = topic.last.then(() => deliver(name, batch));
      // The next publish waits for this one, whether it succeeds or fails.
      topic.last = delivery.catch(() => undefined);
      return delivery;
    });
    const failed = (await Promise.allSettled(deliveries)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
    return published;
  }

  async function deliver(name: string, batch: readonly Received[]): Promise<void> {
    const topic = topicOf(name);
    // Checked again: a subscriber may have left while this batch waited.
    demandReaders(name);
    const count = topic.delivered++;
    const handlers = [...topic.groups.values()].flatMap((members) => members[count % members.length] ?? []);
    const settled = await Promise.allSettled(handlers.map(async (handler) => handler(batch)));
    const failed = settled.find(({ status }) => status === 'rejected');
    if (failed?.status !== 'rejected') return;
    throw new BusError('handler_failed', `a subscriber of ${name} failed`, {
      cause: failed.reason,
    });
  }

  return {
    publish,
    async subscribe({ topic: name, group, handler }) {
      const { groups } = topicOf(name);
      groups.set(group, [...(groups.get(group) ?? []), handler]);
      return async () => {
        const left = (groups.get(group) ?? []).filter((member) => member !== handler);
        if (left.length > 0) groups.set(group, left);
        else groups.delete(group);
        await topicOf(name).last;
      };
    },
    identity: () => Promise.resolve('in-process'),
    // A publish resolves when every handler has, so nothing published is unhandled.
    progress: () => Promise.resolve(null),
    health: () => ({ problem: null }),
    async close() {
      closed = true;
      await Promise.all([...topics.values()].map(({ last }) => last));
    },
  };
}
