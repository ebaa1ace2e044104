import { expect } from 'chai';
import type { Handler, Message, Received } from '../../../lib/bus/bus.ts';
import { createInProcessBus } from '../../../lib/bus/in-process.ts';
import { toReceived } from '../../../lib/bus/kafka/received.ts';
import { traceBus } from '../../../lib/bus/traced.ts';
import { textOf } from '../../../lib/bus/value.ts';
import { toMessages } from '../../../lib/events/envelope.ts';
import { createRouting } from '../../../lib/events/routing.ts';
import { noTracing, type Tracing } from '../../../lib/tracing/tracing.ts';
import { contextOf } from '../../support/otlp-receiver.ts';
import { withTraces } from '../../support/traces.ts';
import { row } from '../events/event-row.ts';

const settings = {
  routing: createRouting({ customerEvents: false, systems: ['stripe'] }),
  headers: 'full',
  installation: 'ab12cd34',
} as const;

/** The stored context of the request with this number. */
const stored = (n: number): string => `00-${n.toString(16).padStart(32, '0')}-${'b'.repeat(16)}-01`;
const withoutFlags = (trace: string): string => trace.slice(0, -3);

/** A bus that keeps what it is given, and that a test can let deliver. */
function createKeptBus(tracing: Tracing) {
  const sent: Message[] = [];
  const handlers: Handler[] = [];
  const inner = createInProcessBus({ required: {} });
  const bus = traceBus(
    {
      ...inner,
      publish: (messages) => {
        sent.push(...messages);
        return Promise.resolve(messages.map(({ topic }, offset) => ({ topic, partition: 0, offset })));
      },
      subscribe: ({ handler }) => {
        handlers.push(handler);
        return Promise.resolve(() => Promise.resolve());
      },
    },
    { kind: 'kafka', publishing: tracing, receiving: tracing },
  );
  const deliver = async (batch: Received[]): Promise<void> => {
    for (const handler of handlers) await handler(batch);
  };
  return { bus, inner, sent, deliver };
}

/** What Kafka gives back of a message: its headers are bytes. */
function throughKafka({ topic, key, value, headers }: Message, offset: number): Received {
  const bytes = Object.entries(headers).map(([name, text]): [string, Buffer] => [name, Buffer.from(text)]);
  return toReceived(topic, 3, {
    ...{ key: Buffer.from(key), value: Buffer.from(textOf(value)), headers: Object.fromEntries(bytes) },
    ...{ offset: String(offset), timestamp: '1772600000000', attributes: 0 },
  });
}

describe('the bus with spans', () => {
  it('sends each stored context as it is, and links to it', () =>
    withTraces(async ({ traces, receiver }) => {
      const { bus, sent } = createKeptBus(traces.of('relay'));
      const messages = toMessages(
        [1, 2].map((n) => ({ ...row, id: n, trace: stored(n) })),
        settings,
      );
      const copy = structuredClone(messages);
      await bus.publish(messages);
      expect(sent).to.deep.equal(copy);
      expect(sent.map(({ headers }) => headers['traceparent'])).to.deep.equal([stored(1), stored(2)]);
      const [publish] = await receiver.find('the publish', ({ kind }) => kind === 4);
      expect(publish).to.deep.include({
        ...{ name: 'publish sync.outbound', parentSpanId: null, failed: false },
        links: [withoutFlags(stored(1)), withoutFlags(stored(2))],
      });
      expect(publish?.attributes).to.deep.include({
        'messaging.system': 'kafka',
        'messaging.batch.message_count': 2,
      });
    }));

  it('links what it receives from Kafka to the context in its headers, and hands it on unchanged', () =>
    withTraces(async ({ traces, receiver }) => {
      const { bus, deliver } = createKeptBus(traces.of('worker'));
      const got: Received[] = [];
      const handler: Handler = (batch) => Promise.resolve(void got.push(...batch));
      await bus.subscribe({ topic: 'sync.outbound', group: 'twinbox.test.stripe', handler });
      const batch = toMessages([{ ...row, trace: stored(7) }, row], settings).map(throughKafka);
      await deliver(batch);
      expect(got).to.deep.equal(batch);
      expect(got.map(({ headers }) => headers['traceparent'])).to.deep.equal([stored(7), undefined]);
      const [receive] = await receiver.find('the receive', ({ kind }) => kind === 5);
      expect(receive).to.deep.include({
        ...{ name: 'receive sync.outbound', parentSpanId: null },
        links: [withoutFlags(stored(7))],
      });
      expect(receive?.attributes).to.include({ 'messaging.consumer.group.name': 'twinbox.test.stripe' });
    }));

  it('links to each of 1,000 contexts of a page, to one context once, and to no text that is none', () =>
    withTraces(async ({ traces, receiver }) => {
      const { bus } = createKeptBus(traces.of('relay'));
      const page = Array.from({ length: 1_000 }, (_, n) => ({ ...row, id: n, trace: stored(n + 1) }));
      await bus.publish(toMessages(page, settings));
      const odd = ['x', `ff${stored(5).slice(2)}`, `00-${'0'.repeat(32)}-${'b'.repeat(16)}-01`];
      const same = [stored(9), stored(9), ...odd].map((trace) => ({ ...row, trace }));
      await bus.publish(toMessages(same, settings));
      await traces.close();
      const links = receiver.spans().map((span) => span.links);
      expect(links.map(({ length }) => length).sort()).to.deep.equal([1, 1_000]);
    }));

  it('has the code of what went wrong, and throws it on', () =>
    withTraces(async ({ traces, receiver }) => {
      const { bus, deliver } = createKeptBus(traces.of('worker'));
      const fault = Object.assign(new Error('ada@example.com is refused'), { code: '23505' });
      await bus.subscribe({ topic: 'sync.outbound', group: 'g', handler: () => Promise.reject(fault) });
      const thrown = await deliver(toMessages([row], settings).map(throughKafka)).catch(
        (error: unknown) => error,
      );
      expect(thrown).to.equal(fault);
      const [receive] = await receiver.find('the receive', ({ failed }) => failed);
      expect(receive?.attributes).to.include({ 'error.type': '23505' });
      expect(JSON.stringify(receiver.requests())).to.not.include('ada@example.com');
      expect(receive && contextOf(receive)).to.match(/^00-[0-9a-f]{32}-[0-9a-f]{16}$/);
    }));

  it('is the bus itself where no spans are recorded', () => {
    const bus = createInProcessBus({ required: {} });
    expect(traceBus(bus, { kind: 'in_process', publishing: noTracing, receiving: noTracing })).to.equal(bus);
  });
});
