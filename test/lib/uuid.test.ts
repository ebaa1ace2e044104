import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { newEventId, uuidFromTime, uuidLowerBound, uuidTime } from '../../lib/uuid.ts';

const NOW = new Date('2026-03-04T05:06:07.089Z');

describe('uuid', () => {
  it('makes a new id of version 7 with its time', () => {
    const id = newEventId(NOW);
    expect(id).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(uuidTime(id)).to.equal(NOW.getTime());
    expect(newEventId(NOW)).not.to.equal(id);
  });

  it('matches the example of RFC 9562, appendix A.6', () => {
    const bytes = Buffer.from('0cc318c4dc0c0c07398f', 'hex');
    expect(uuidFromTime(0x017f22e279b0, bytes)).to.equal('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
  });

  it('makes the same id from the same time and hash, and another one from another hash', () => {
    const idOf = (text: string) =>
      uuidFromTime(1_700_000_000_000, createHash('sha256').update(text).digest());
    expect(idOf('evt_1')).to.equal(idOf('evt_1'));
    expect(idOf('evt_1')).not.to.equal(idOf('evt_2'));
  });

  it('sorts by time, with the lower limit below every id of its millisecond and above the one before', () => {
    const time = NOW.getTime();
    const smallest = uuidFromTime(time, Buffer.alloc(10));
    const largestBefore = uuidFromTime(time - 1, Buffer.alloc(10, 0xff));
    expect(uuidLowerBound(time) < smallest).to.equal(true);
    expect(uuidLowerBound(time) > largestBefore).to.equal(true);
  });

  it('refuses times that 48 bits cannot hold, short hashes and other versions', () => {
    for (const ms of [-1, 0.5, NaN, 2 ** 48])
      expect(() => uuidLowerBound(ms), String(ms)).to.throw(RangeError);
    expect(() => uuidFromTime(1, Buffer.alloc(9))).to.throw(RangeError);
    for (const text of ['', 'x', 'f47ac10b-58cc-4372-a567-0e02b2c3d479']) {
      expect(() => uuidTime(text), text).to.throw(RangeError);
    }
  });
});
