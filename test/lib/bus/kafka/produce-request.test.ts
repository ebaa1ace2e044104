import { expect } from 'chai';
import fc from 'fast-check';
import { createRequire } from 'node:module';
import type { Value } from '../../../../lib/bus/bus.ts';
import { partsOf } from '../../../../lib/bus/value.ts';
import { createBytes } from '../../../../lib/bus/kafka/bytes.ts';
import {
  writeProduceRequest,
  type ProduceRequest,
  type RecordBatch,
} from '../../../../lib/bus/kafka/produce-request.ts';

type Encoder = { buffer: Buffer };
type Request = { encode(): Promise<Encoder> };
const kafkajs = createRequire(import.meta.url);
const createRequest = kafkajs('kafkajs/src/protocol/request') as (request: {
  correlationId: number;
  clientId: string;
  request: Request;
}) => Promise<Encoder>;

function bytesOf(value: Value): Buffer {
  const { text, bytes } = partsOf(value);
  return Buffer.concat([Buffer.from(text), bytes]);
}

/** What kafkajs writes for the same records. */
async function writeByKafkajs({ version, correlationId, clientId, timeoutMs, batches, now }: ProduceRequest) {
  const make = kafkajs(`kafkajs/src/protocol/requests/produce/v${version}/request`) as (
    of: object,
  ) => Request;
  const topicData = [...Map.groupBy(batches, ({ topic }) => topic)].map(([topic, ofTopic]) => ({
    topic,
    partitions: ofTopic.map(({ partition, records }) => ({
      partition,
      messages: records.map((record) => ({ ...record, value: bytesOf(record.value), timestamp: now })),
    })),
  }));
  const request = make({ acks: -1, timeout: timeoutMs, topicData });
  return (await createRequest({ correlationId, clientId, request })).buffer;
}

const texts = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 100 }),
  // Half a surrogate pair too, which UTF-8 has no bytes for.
  fc.string({ unit: 'binary', maxLength: 100 }),
  // Around the lengths at which the length itself takes one more byte.
  fc.constantFrom(39, 40, 41, 63, 64, 65, 8_191, 8_192, 70_000).map((length) => 'x'.repeat(length)),
  fc.constantFrom(21, 22, 2_730, 2_731).map((length) => '語'.repeat(length)),
);
const records = fc.array(
  fc.record({
    key: texts,
    value: fc.oneof(texts, fc.record({ text: texts, bytes: fc.uint8Array({ maxLength: 300 }) })),
    headers: fc.dictionary(fc.string({ minLength: 1, maxLength: 50 }), texts, { maxKeys: 9 }),
  }),
  { minLength: 1, maxLength: 12 },
);
const requests = fc.record({
  version: fc.integer({ min: 3, max: 7 }),
  correlationId: fc.integer({ min: 0, max: 0x7fffffff }),
  clientId: fc.string({ maxLength: 20 }),
  timeoutMs: fc.integer({ min: 0, max: 0x7fffffff }),
  now: fc.integer({ min: 1, max: 8.64e15 }),
  batches: fc.uniqueArray(
    fc.record({ topic: fc.constantFrom('a', 'a.longer.topic'), partition: fc.nat(9), records }),
    { maxLength: 6, selector: ({ topic, partition }) => `${topic}/${partition}` },
  ),
});

const request = (batches: RecordBatch[]): ProduceRequest => ({
  ...{ version: 7, correlationId: 1, clientId: 'twinbox', timeoutMs: 8_000, now: 1_764_000_000_000 },
  batches,
});
const alike = (count: number): RecordBatch['records'] =>
  Array.from({ length: count }, (_, n) => ({
    key: `customer:${n}`,
    value: '{}',
    headers: { ce_id: `${n}` },
  }));

describe('writing a Produce request', () => {
  it('writes byte for byte what kafkajs writes, in a buffer that held another request', () => {
    // Small, so that it grows in the middle of anything.
    const bytes = createBytes(16);
    return fc.assert(
      fc.asyncProperty(requests, async (asked) => {
        const theirs = await writeByKafkajs(asked);
        expect(writeProduceRequest(bytes, asked).equals(theirs)).to.equal(true);
      }),
      { numRuns: 150 },
    );
  });

  it('does so for a batch of 20,000 records', async () => {
    const asked = request([{ topic: 'a', partition: 0, records: alike(20_000) }]);
    const theirs = await writeByKafkajs(asked);
    expect(writeProduceRequest(createBytes(), asked).equals(theirs)).to.equal(true);
  });

  it('refuses a version that has another form', () => {
    for (const version of [2, 8])
      expect(() => writeProduceRequest(createBytes(), { ...request([]), version })).to.throw(
        'Kafka 2.1 or newer',
      );
  });
});
