// What every bus has to keep. The test of an implementation calls this with a function that creates
// one.
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { busPart } from '../../../lib/health/readiness.ts';
import type { Bus, Message, Published, Received } from '../../../lib/bus/bus.ts';
import { waitUntil } from '../../support/signal.ts';

export type BusUnderTest = {
  bus: Bus;
  /** A topic that exists and that no other test uses. */
  topic: string;
  close(): Promise<void>;
};

export type BusFactory = (options: { maxValueBytes?: number }) => Promise<BusUnderTest>;

let lastId = 0;

export function newMessage(topic: string, message: Partial<Message> = {}): Message {
  const eventId = randomUUID();
  lastId += 1;
  return {
    topic,
    key: 'customer:1',
    value: JSON.stringify({ n: lastId }),
    headers: { ce_id: eventId, ce_sequence: String(lastId) },
    eventId,
    syncEventId: lastId,
    ...message,
  };
}

/** What a relay does: it publishes again while the error says that a repeat may help. */
export async function publishUntilTaken(bus: Bus, messages: readonly Message[]): Promise<Published[]> {
  return await waitUntil(
    async () => {
      try {
        return await bus.publish(messages);
      } catch (error) {
        if (error instanceof Error && 'retryable' in error && error.retryable === true) return false;
        throw error;
      }
    },
    { timeoutMs: 30_000, what: 'the bus to take the messages' },
  );
}

export function describeBusContract(name: string, createBus: BusFactory, timeoutMs = 30_000): void {
  describe(`${name}: the contract of a bus`, function () {
    this.timeout(timeoutMs * 2);

    const withBus = async (
      fn: (tested: BusUnderTest) => Promise<void>,
      options: { maxValueBytes?: number } = {},
    ): Promise<void> => {
      const tested = await createBus(options);
      try {
        await fn(tested);
      } finally {
        await tested.close();
      }
    };
    const collect = async ({ bus, topic }: BusUnderTest, group: string, into: Received[] = []) => {
      const stop = await bus.subscribe({
        topic,
        group,
        handler: (batch) => Promise.resolve(void into.push(...batch)),
      });
      return { into, stop };
    };
    const arrived = (into: Received[], count: number) =>
      waitUntil(() => into.length >= count, { timeoutMs, what: `${count} messages` });

    it('answers for each message, in order, with the position at which it was stored', () =>
      withBus(async ({ bus, topic }) => {
        const messages = Array.from({ length: 20 }, (_, n) =>
          newMessage(topic, { key: `customer:${n % 7}` }),
        );
        const places = await bus.publish(messages);
        expect(places.map((place) => place.topic)).to.deep.equal(messages.map(() => topic));
        const next = new Map<number, number>();
        for (const { partition, offset } of places) {
          expect(offset).to.equal(next.get(partition) ?? offset);
          next.set(partition, offset + 1);
        }
        const byKey = new Map(messages.map(({ key }, n) => [key, places[n]?.partition]));
        messages.forEach(({ key }, n) => expect(places[n]?.partition).to.equal(byKey.get(key)));
        const [after] = await bus.publish(messages.slice(0, 1));
        expect(after?.offset).to.equal(next.get(after?.partition ?? -1));
      }));

    it('delivers messages unchanged, at the position that publish returned', () =>
      withBus(async (tested) => {
        const { bus, topic } = tested;
        const { into } = await collect(tested, 'one');
        const value = `{"name":"Zoë 💶 \\u0000","long":"${'é'.repeat(50_000)}"}`;
        const message = newMessage(topic, { value, key: 'customer:ü' });
        const [place] = await bus.publish([message]);
        await arrived(into, 1);
        const { headers, key, eventId } = message;
        expect(into[0]).to.deep.include({ ...place, value, key, eventId });
        expect(into[0]?.headers).to.deep.include({ ...headers });
        expect(into[0]?.syncEventId).to.be.oneOf([message.syncEventId, null]);
      }));

    it('keeps each key in the order of publishing', () =>
      withBus(async (tested) => {
        const { bus, topic } = tested;
        const { into } = await collect(tested, 'one');
        const messages = Array.from({ length: 200 }, (_, n) =>
          newMessage(topic, { key: `customer:${n % 5}` }),
        );
        for (let at = 0; at < messages.length; at += 40) await bus.publish(messages.slice(at, at + 40));
        await arrived(into, messages.length);
        for (let n = 0; n < 5; n += 1) {
          const key = `customer:${n}`;
          const ids = (list: readonly { key: string | null; eventId: string | null }[]) =>
            list.filter((one) => one.key === key).map(({ eventId }) => eventId);
          expect(ids(into)).to.deep.equal(ids(messages));
        }
      }));

    it('publishes what was prepared beside another publish, as often as it is given', () =>
      withBus(async (tested) => {
        const { bus, topic } = tested;
        const { into } = await collect(tested, 'one');
        const pages = [1, 2, 3].map(() => Array.from({ length: 9 }, () => newMessage(topic)));
        const [first = [], second = [], third = []] = pages;
        await bus.publish(first);
        const publishing = bus.publish(second);
        bus.prepare?.(third);
        await publishing;
        await bus.publish(third);
        bus.prepare?.(first);
        await bus.publish(third);
        await arrived(into, 36);
        expect(into.map(({ value }) => value)).to.deep.equal(
          [first, second, third, third].flat().map(({ value }) => value),
        );
      }));

    it('delivers every message to every group', () =>
      withBus(async (tested) => {
        const { into: one } = await collect(tested, 'one');
        const { into: two } = await collect(tested, 'two');
        const messages = Array.from({ length: 10 }, () => newMessage(tested.topic));
        await tested.bus.publish(messages);
        await Promise.all([arrived(one, 10), arrived(two, 10)]);
        for (const into of [one, two]) {
          expect(into.map(({ eventId }) => eventId)).to.deep.equal(messages.map(({ eventId }) => eventId));
        }
      }));

    it('delivers a batch again whose handler failed, and nothing after it before that', () =>
      withBus(async ({ bus, topic }) => {
        const taken: Received[] = [];
        let failures = 2;
        await bus.subscribe({
          topic,
          group: 'one',
          handler: (batch) => {
            if (failures-- > 0) return Promise.reject(new Error('not now'));
            taken.push(...batch);
            return Promise.resolve();
          },
        });
        const messages = Array.from({ length: 6 }, () => newMessage(topic));
        await publishUntilTaken(bus, messages.slice(0, 3));
        await publishUntilTaken(bus, messages.slice(3));
        await arrived(taken, 6);
        const firsts = [...new Set(taken.map(({ eventId }) => eventId))];
        expect(firsts).to.deep.equal(messages.map(({ eventId }) => eventId));
      }));

    it('delivers nothing to a group that has left', () =>
      withBus(async (tested) => {
        const { bus, topic } = tested;
        const { into: gone, stop } = await collect(tested, 'gone');
        const { into: stays } = await collect(tested, 'stays');
        await bus.publish([newMessage(topic)]);
        await Promise.all([arrived(gone, 1), arrived(stays, 1)]);
        await stop();
        await bus.publish([newMessage(topic)]);
        await arrived(stays, 2);
        expect(gone).to.have.length(1);
      }));

    it('refuses a bad record with a code of its own, and accepts the others', () =>
      withBus(
        async (tested) => {
          const { bus, topic } = tested;
          const { into } = await collect(tested, 'one');
          const long = newMessage(topic, { value: JSON.stringify('x'.repeat(20_000)) });
          const error: unknown = await bus.publish([long]).catch((reason: unknown) => reason);
          expect(error).to.include({ code: 'record_refused', retryable: false });
          const short = newMessage(topic);
          await bus.publish([short]);
          await arrived(into, 1);
          expect(into.map(({ eventId }) => eventId)).to.deep.equal([short.eventId]);
        },
        { maxValueBytes: 10_000 },
      ));

    it('publishes an empty page at once', () =>
      withBus(async ({ bus }) => {
        expect(await bus.publish([])).to.deep.equal([]);
      }));

    it('has an identity that stays the same', () =>
      withBus(async ({ bus }) => {
        const identity = await bus.identity();
        expect(identity).to.match(/^(in-process|kafka:.+)$/);
        expect(await bus.identity()).to.equal(identity);
      }));

    it('reports no problem while all is well', () =>
      withBus(async (tested) => {
        const { bus, topic } = tested;
        const { into } = await collect(tested, 'one');
        expect(bus.health()).to.deep.equal({ problem: null });
        await bus.publish([newMessage(topic)]);
        await arrived(into, 1);
        expect(bus.health()).to.deep.equal({ problem: null });
        expect(await busPart(bus)()).to.deep.equal({ ready: true });
      }));

    it('accepts nothing after it was closed', () =>
      withBus(async ({ bus, topic }) => {
        await bus.close();
        const error: unknown = await bus.publish([newMessage(topic)]).catch((reason: unknown) => reason);
        expect(error).to.include({ code: 'closed' });
      }));
  });
}
