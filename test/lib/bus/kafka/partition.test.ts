import { expect } from 'chai';
import fc from 'fast-check';
import { createRequire } from 'node:module';
import { murmur2, partitionOf } from '../../../../lib/bus/kafka/partition.ts';

describe('the partition of a key', () => {
  // Apache Kafka's own: clients/src/test/java/org/apache/kafka/common/utils/UtilsTest.java, testMurmur2.
  const vectors: [string, number][] = [
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ];
  for (const [key, hash] of vectors) {
    it(`is the one that Java finds for ${key}`, () => {
      expect(murmur2(Buffer.from(key))).to.equal(hash);
    });
  }

  it('is the one that kafkajs finds, for any bytes', () => {
    const theirs = createRequire(import.meta.url)('kafkajs/src/producer/partitioners/default/murmur2') as (
      bytes: Buffer,
    ) => number;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(murmur2(bytes)).to.equal(theirs(Buffer.from(bytes)));
      }),
    );
  });

  it('is that of its bytes, for any key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (key) => {
        expect(partitionOf(key, 1_000)).to.equal((murmur2(Buffer.from(key)) & 0x7fffffff) % 1_000);
      }),
    );
  });

  it('is always an existing one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 1000 }), (key, count) => {
        expect(partitionOf(key, count)).to.be.within(0, count - 1);
      }),
    );
  });
});
