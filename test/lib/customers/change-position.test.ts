import { expect } from 'chai';
import fc from 'fast-check';
import {
  decodePosition,
  encodePosition,
  parseSnapshot,
  snapshotText,
  type Position,
  type Snapshot,
} from '../../../lib/customers/change-position.ts';

const number = fc.integer({ min: 1, max: 2 ** 50 });
const snapshot: fc.Arbitrary<Snapshot> = fc
  .tuple(number, fc.array(fc.integer({ min: 1, max: 10_000 }), { maxLength: 50 }))
  .map(([xmin, steps]) => {
    let xid = xmin;
    const running = steps.map((step, at) => (at === 0 ? xmin : (xid += step)));
    return { xmin, xmax: xid + 1, running };
  })
  // No transaction has a number whose low 32 bits are 0: PostgreSQL leaves them out.
  .filter(({ xmin, xmax, running }) => [xmin, xmax, ...running].every((xid) => xid % 2 ** 32 !== 0));
const position: fc.Arbitrary<Position> = fc
  .tuple(snapshot, snapshot, number, number, fc.option(number, { nil: null }), fc.array(fc.nat(1_000_000)))
  .map(([seen, win, floor, id, lastId, below]) => ({
    ...{ place: '0123abcd', seen, floor: floor + 1_000_000, next: { xid: seen.xmax, id } },
    lateFloors: seen.running.map((_, at) => floor + 1_000_000 - (below[at] ?? 0)),
    window: lastId === null ? null : { win, lastId, settledTo: 0 },
  }));

describe('a position in the changes of customers', () => {
  it('is read back unchanged, from a text that needs no encoding in a URL', () => {
    fc.assert(
      fc.property(position, (one) => {
        const text = encodePosition(one);
        expect(text).to.match(/^[0-9a-z.-]+$/);
        expect(decodePosition(text)).to.deep.equal(one);
      }),
      { numRuns: 500 },
    );
  });

  it('is refused if any character is lost, added or changed', () => {
    fc.assert(
      fc.property(position, fc.nat(), fc.constantFrom('', '0', 'z', '.', '-'), (one, place, by) => {
        const text = encodePosition(one);
        const at = place % text.length;
        const broken = text.slice(0, at) + by + text.slice(at + 1);
        if (broken !== text) expect(decodePosition(broken)).to.equal(null);
        expect(decodePosition(text.slice(0, at))).to.equal(null);
        expect(decodePosition(`${text}${by}x`)).to.equal(null);
      }),
      { numRuns: 500 },
    );
  });

  it('is refused if its values are impossible, even where its checksum is right', () => {
    const good: Position = {
      ...{ place: '0123abcd', seen: { xmin: 5, xmax: 9, running: [5, 7] }, floor: 10, lateFloors: [3, 4] },
      ...{ next: { xid: 9, id: 10 }, window: null },
    };
    expect(decodePosition(encodePosition(good))).to.deep.equal(good);
    const bad: Partial<Position>[] = [
      { seen: { xmin: 0, xmax: 9, running: [5, 7] } },
      { seen: { xmin: 5, xmax: 6, running: [5, 7] } },
      { seen: { xmin: 5, xmax: 9, running: [5, 5] } },
      { seen: { xmin: 2 ** 60, xmax: 2 ** 60, running: [] }, lateFloors: [] },
      { lateFloors: [3] },
      { lateFloors: [3, -4] },
      { floor: -5 },
      { next: { xid: 2 ** 70, id: 1 } },
      { window: { win: { xmin: 5, xmax: 4, running: [5] }, lastId: 1, settledTo: 0 } },
      { window: { win: { xmin: 5, xmax: 9, running: [] }, lastId: 2 ** 60, settledTo: 0 } },
    ];
    for (const part of bad) {
      expect(decodePosition(encodePosition({ ...good, ...part })), JSON.stringify(part)).to.equal(null);
    }
  });

  it('stays short enough for a URL while 500 transactions run', () => {
    const running = Array.from({ length: 500 }, (_, at) => 4_000_000_000 + at * 7);
    const seen = { xmin: 4_000_000_000, xmax: 4_000_010_000, running };
    const text = encodePosition({
      ...{ place: '0123abcd', seen, floor: 9_000_000_000, next: { xid: seen.xmax, id: 9_000_000_000 } },
      lateFloors: running.map((_, at) => 9_000_000_000 - at * 1_000),
      window: { win: seen, lastId: 9_000_000_000, settledTo: 0 },
    });
    expect(text.length).to.be.lessThan(8_000);
  });

  it('contains snapshots in the form of PostgreSQL', () => {
    for (const text of ['1:1:', '100:104:100,102', '5:9:'])
      expect(snapshotText(parseSnapshot(text))).to.equal(text);
  });
});
