import { expect } from 'chai';
import type { Message } from '../../../lib/bus/bus.ts';
import type { KafkaBus } from '../../../lib/bus/kafka/kafka.ts';
import { newMessage, publishUntilTaken } from '../../lib/bus/contract.ts';
import { waitUntil } from '../../support/signal.ts';
import { findFaults } from './read-back.ts';
import { makeTopic, readTopic, sharedBroker } from './shared-broker.ts';

const KEYS = 7;

export function page(topic: string, count: number, valueBytes = 200): Message[] {
  const value = JSON.stringify('x'.repeat(valueBytes));
  return Array.from({ length: count }, (_, n) => newMessage(topic, { key: `customer:${n % KEYS}`, value }));
}

/**
 * Publishes without a pause while the shared broker is stopped and killed alternately, then compares
 * the records of the topic.
 */
export async function restartUnderLoad(bus: KafkaBus, restarts: number): Promise<void> {
  const topic = await makeTopic(bus);
  const published: Message[] = [];
  const stop = { asked: false };
  const relaying = (async () => {
    while (!stop.asked) {
      const messages = page(topic, 100);
      published.push(...messages);
      await publishUntilTaken(bus, messages);
    }
  })();
  for (let n = 0; n < restarts; n += 1) {
    const before = published.length;
    // Every second time by a kill.
    await (n % 2 === 0 ? sharedBroker().stop() : sharedBroker().kill());
    await sharedBroker().start();
    const goesOn = () => published.length >= before + 200;
    await waitUntil(goesOn, { timeoutMs: 30_000, what: 'the stream to go on' });
  }
  stop.asked = true;
  await relaying;
  expect(findFaults(await readTopic(topic), published)).to.deep.equal([]);
}
