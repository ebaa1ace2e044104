import { expect } from 'chai';
import fc from 'fast-check';
import type { Message } from '../../../../lib/bus/bus.ts';
import { halve, planRounds, sizeOf, type Batch } from '../../../../lib/bus/kafka/batches.ts';
import { partitionOf } from '../../../../lib/bus/kafka/partition.ts';
import { newMessage } from '../contract.ts';

const limits = { messages: 5, batchBytes: () => 2_000, roundBytes: 5_000, named: (topic: string) => topic };
const counts = new Map([
  ['a', 3],
  ['b', 1],
]);

describe('cutting a page into requests', () => {
  const page = fc.array(
    fc.record({
      topic: fc.constantFrom('a', 'b'),
      key: fc.constantFrom('customer:1', 'customer:2', 'customer:3', 'customer:4'),
      length: fc.integer({ min: 0, max: 3_000 }),
    }),
    { maxLength: 60 },
  );
  const toMessages = (list: { topic: string; key: string; length: number }[]): Message[] =>
    list.map(({ topic, key, length }) => newMessage(topic, { key, value: 'x'.repeat(length) }));
  const plan = (messages: readonly Message[]): Batch[][] => planRounds(messages, counts, limits);

  it('sends each message once, to the partition of its key, each partition in order', () => {
    fc.assert(
      fc.property(page, (list) => {
        const messages = toMessages(list);
        const batches = plan(messages).flat();
        expect(batches.flatMap(({ indexes }) => indexes).toSorted((a, b) => a - b)).to.deep.equal(
          messages.map((_, index) => index),
        );
        for (const group of Map.groupBy(
          batches,
          ({ topic, partition }) => `${topic}/${partition}`,
        ).values()) {
          const order = group.flatMap(({ indexes }) => indexes);
          expect(order).to.deep.equal(order.toSorted((a, b) => a - b));
          for (const index of order) {
            const { topic, key } = messages[index]!;
            expect(group[0]!.partition).to.equal(partitionOf(key, counts.get(topic)!));
          }
        }
      }),
    );
  });

  it('puts a partition at most once into a round, and exceeds the limits only for a single message that is too long', () => {
    fc.assert(
      fc.property(page, (list) => {
        const messages = toMessages(list);
        for (const round of plan(messages)) {
          const names = round.map(({ topic, partition }) => `${topic}/${partition}`);
          expect(new Set(names).size).to.equal(names.length);
          const bytes = round.reduce((sum, batch) => sum + batch.bytes, 0);
          if (round.length > 1) expect(bytes).to.be.at.most(limits.roundBytes);
          for (const batch of round) {
            expect(batch.indexes.length).to.be.within(1, limits.messages);
            const size = batch.indexes.reduce((sum, index) => sum + sizeOf(messages[index]!), 0);
            expect(batch.bytes).to.equal(size);
            if (batch.indexes.length > 1) expect(size).to.be.at.most(limits.batchBytes());
          }
        }
      }),
    );
  });

  it('halves a batch in order, down to single messages', () => {
    const batch: Batch = { topic: 'a', partition: 0, indexes: [3, 5, 8], bytes: 300 };
    const [first, second] = halve(batch);
    expect([first.indexes, second.indexes]).to.deep.equal([[3, 5], [8]]);
    expect(first.bytes + second.bytes).to.equal(300);
  });

  it('plans no round for an empty page', () => {
    expect(plan([])).to.deep.equal([]);
  });
});
