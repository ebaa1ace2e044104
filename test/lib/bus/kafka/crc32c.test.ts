import { expect } from 'chai';
import fc from 'fast-check';
import { createRequire } from 'node:module';
import { crc32c } from '../../../../lib/bus/kafka/crc32c.ts';

describe('the checksum of a record batch', () => {
  it('is that of the standard: RFC 3720, B.4, and the check value of CRC catalogues', () => {
    expect(crc32c(Buffer.from('123456789'))).to.equal(0xe3069283);
    expect(crc32c(Buffer.alloc(32))).to.equal(0x8a9136aa);
    expect(crc32c(Buffer.alloc(32, 0xff))).to.equal(0x62a8ab43);
    expect(crc32c(Buffer.alloc(0))).to.equal(0);
  });

  it('is the one that kafkajs finds, for any bytes', () => {
    const theirs = createRequire(import.meta.url)('kafkajs/src/protocol/recordBatch/crc32C/crc32C') as (
      bytes: Uint8Array,
    ) => number;
    fc.assert(
      // Wherever in memory they begin.
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 7 }), (bytes, from) => {
        expect(crc32c(bytes.subarray(from))).to.equal(theirs(bytes.subarray(from)));
      }),
    );
  });
});
