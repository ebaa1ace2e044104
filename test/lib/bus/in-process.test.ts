import { expect } from 'chai';
import type { Received } from '../../../lib/bus/bus.ts';
import { createInProcessBus } from '../../../lib/bus/in-process.ts';
import { createSignal } from '../../support/signal.ts';
import { describeBusContract, newMessage } from './contract.ts';

let topics = 0;

describeBusContract('in process', (options) => {
  const bus = createInProcessBus(options);
  topics += 1;
  return Promise.resolve({ bus, topic: `topic-${topics}`, close: () => bus.close() });
});

describe('the in-process bus', () => {
  const code = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);
  const take = () => Promise.resolve();

  it('ends a publish only when every group has done its work', async () => {
    const bus = createInProcessBus();
    const slow = createSignal();
    let done = false;
    await bus.subscribe({ topic: 'a', group: 'quick', handler: take });
    await bus.subscribe({
      topic: 'a',
      group: 'slow',
      handler: async () => {
        await slow.promise;
        done = true;
      },
    });
    const publishing = bus.publish([newMessage('a')]).then(() => done);
    slow.fire();
    expect(await publishing).to.equal(true);
  });

  it('refuses a topic that needs a reader and has none, before anything is delivered', async () => {
    const bus = createInProcessBus({ required: { 'sync.outbound': ['stripe', 'other'] } });
    const seen: Received[] = [];
    const handler = (batch: readonly Received[]) => Promise.resolve(void seen.push(...batch));
    await bus.subscribe({ topic: 'customer.events', group: 'x', handler });
    const stop = await bus.subscribe({ topic: 'sync.outbound', group: 'stripe', handler });
    const page = [newMessage('customer.events'), newMessage('sync.outbound')];
    expect(await code(bus.publish(page))).to.include({ code: 'no_subscriber', retryable: true });
    expect(seen).to.deep.equal([]);
    await bus.subscribe({ topic: 'sync.outbound', group: 'other', handler: take });
    await bus.publish(page);
    expect(seen).to.have.length(2);
    await stop();
    expect(await code(bus.publish(page))).to.include({ code: 'no_subscriber' });
  });

  it('publishes the other topics without any reader', async () => {
    const bus = createInProcessBus({ required: { 'sync.outbound': ['stripe'] } });
    await bus.publish([newMessage('customer.events'), newMessage('sync.dlq')]);
  });

  it('fails with the cause when a handler fails, after the other groups have finished', async () => {
    const bus = createInProcessBus();
    const cause = new Error('out of order');
    const slow = createSignal();
    let done = false;
    await bus.subscribe({ topic: 'a', group: 'bad', handler: () => Promise.reject(cause) });
    await bus.subscribe({
      topic: 'a',
      group: 'good',
      handler: async () => {
        await slow.promise;
        done = true;
      },
    });
    const publishing = code(bus.publish([newMessage('a')]));
    slow.fire();
    expect(await publishing).to.include({ code: 'handler_failed', retryable: true, cause });
    expect(done).to.equal(true);
  });

  it('treats a handler that throws like one that rejects', async () => {
    const bus = createInProcessBus();
    await bus.subscribe({
      topic: 'a',
      group: 'bad',
      handler: () => {
        throw new Error('at once');
      },
    });
    expect(await code(bus.publish([newMessage('a')]))).to.include({ code: 'handler_failed' });
  });

  it('delivers one batch of a topic at a time, in the order of the calls', async () => {
    const bus = createInProcessBus();
    const first = createSignal();
    const order: (number | string | null)[] = [];
    await bus.subscribe({
      topic: 'a',
      group: 'one',
      handler: async ([message]) => {
        order.push(message?.offset ?? null);
        if (message?.offset === 0) await first.promise;
        order.push(`${message?.offset} done`);
      },
    });
    const publishing = [bus.publish([newMessage('a')]), bus.publish([newMessage('a')])];
    first.fire();
    await Promise.all(publishing);
    expect(order).to.deep.equal([0, '0 done', 1, '1 done']);
  });

  it('shares the batches of one group among its members', async () => {
    const bus = createInProcessBus();
    const counts = [0, 0];
    for (const member of [0, 1]) {
      await bus.subscribe({
        topic: 'a',
        group: 'one',
        handler: () => Promise.resolve(void (counts[member] = (counts[member] ?? 0) + 1)),
      });
    }
    for (let n = 0; n < 6; n += 1) await bus.publish([newMessage('a')]);
    expect(counts).to.deep.equal([3, 3]);
  });

  it('finishes running work when it is closed', async () => {
    const bus = createInProcessBus();
    const slow = createSignal();
    let done = false;
    await bus.subscribe({
      topic: 'a',
      group: 'one',
      handler: async () => {
        await slow.promise;
        done = true;
      },
    });
    const publishing = bus.publish([newMessage('a')]);
    const closing = bus.close().then(() => done);
    slow.fire();
    expect(await closing).to.equal(true);
    await publishing;
  });
});
