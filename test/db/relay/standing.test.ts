import { expect } from 'chai';
import fc from 'fast-check';
import { commonStanding, compareSnapshots, type Standing } from '../../../db/relay/standing.ts';

/** Transactions by their ids from 10 on: when each one begins and ends. Ids are given out in the order of beginnings. */
type Transaction = { xid: number; begins: number; ends: number };

const transactions = fc
  .array(fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 60 })), { minLength: 1, maxLength: 12 })
  .map((list) =>
    list
      .toSorted(([a], [b]) => a - b)
      .map(([begins, lasts], n): Transaction => ({ xid: 10 + n, begins, ends: begins + lasts })),
  );

/** As pg_current_snapshot() gives it: xmax is the one after the newest transaction that has ended. */
function snapshotAt(all: readonly Transaction[], time: number): string {
  const xmax = Math.max(9, ...all.filter(({ ends }) => ends <= time).map(({ xid }) => xid)) + 1;
  const running = all.filter(({ xid, begins, ends }) => xid < xmax && begins <= time && ends > time);
  const xids = running.map(({ xid }) => xid);
  return `${Math.min(xmax, ...xids)}:${xmax}:${xids.join(',')}`;
}

function isVisible(xid: number, snapshot: string): boolean {
  const [, xmax = '', running = ''] = snapshot.split(':');
  return xid < Number(xmax) && !running.split(',').includes(String(xid));
}

const hasPassed = ({ seen, win, lastId }: Standing, { id, xid }: { id: number; xid: number }): boolean =>
  isVisible(xid, seen) || (win !== null && id <= lastId && isVisible(xid, win));

const times = fc.array(fc.tuple(fc.nat(100), fc.nat(100), fc.nat(14), fc.boolean()), {
  minLength: 1,
  maxLength: 4,
});

function standingOf(all: readonly Transaction[], [a, b, lastId, open]: [number, number, number, boolean]) {
  const standing = { lateFloors: '{}', restoredTo: null, floor: a, pendingFloor: a };
  const [seen, win] = [snapshotAt(all, Math.min(a, b)), snapshotAt(all, Math.max(a, b))];
  return { ...standing, seen, win: open ? win : null, lastId: open ? lastId : 0 };
}

describe('what several cursors have passed together', () => {
  it('is nothing that one of them has not passed', () => {
    fc.assert(
      fc.property(transactions, times, (all, list) => {
        const cursors = list.map((each) => standingOf(all, each));
        const [first, ...others] = cursors;
        if (first === undefined) return;
        const common = commonStanding([first, ...others]);
        const rows = all.flatMap(({ xid }) => Array.from({ length: 14 }, (_, id) => ({ id, xid })));
        const wrong = rows.filter(
          (row) => hasPassed(common, row) && !cursors.every((each) => hasPassed(each, row)),
        );
        expect(wrong).to.deep.equal([]);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is all that a single one has passed', () => {
    fc.assert(
      fc.property(transactions, times, (all, [one]) => {
        if (one === undefined) return;
        const cursor = standingOf(all, one);
        const common = commonStanding([cursor]);
        expect(common).to.deep.equal(cursor.lastId === 0 ? { ...cursor, win: null } : cursor);
      }),
    );
  });

  it('is the open window up to where the last of them is, if they have opened the same one', () => {
    const at = {
      seen: '10:10:',
      win: '20:20:',
      floor: 1,
      pendingFloor: 2,
      lateFloors: '{}',
      restoredTo: null,
    };
    const [a, b] = [
      { ...at, lastId: 70 },
      { ...at, lastId: 50 },
    ];
    expect(commonStanding([a, b])).to.deep.equal(b);
    const ended = { ...at, seen: '20:20:', win: null, lastId: 0 };
    expect(commonStanding([ended, a]), 'one has closed it').to.deep.equal(a);
    const later = { ...at, win: '25:30:25', lastId: 60 };
    expect(commonStanding([later, a])).to.deep.equal({ ...a, lastId: 60 });
    const closed = { ...at, win: null, lastId: 0 };
    expect(commonStanding([a, closed]), 'one has not opened it').to.deep.equal(closed);
  });

  it('takes the floors of the cursor that is furthest behind', () => {
    const [old, young] = [
      {
        seen: '10:14:10',
        win: null,
        lastId: 0,
        floor: 3,
        pendingFloor: 5,
        lateFloors: '{"10": 2}',
        restoredTo: null,
      },
      { seen: '14:14:', win: null, lastId: 0, floor: 6, pendingFloor: 7, lateFloors: '{}', restoredTo: null },
    ];
    expect(commonStanding([young, old])).to.deep.equal(old);
  });
});

describe('two snapshots of one cluster', () => {
  it('are in the order in which they were taken, whatever their length', () => {
    expect(compareSnapshots('1:1:', '900:1000:900')).to.be.below(0);
    expect(compareSnapshots('9:20:9,12', '20:20:')).to.be.below(0);
    expect(compareSnapshots('18446744073709551614:18446744073709551615:', '20:20:')).to.be.above(0);
    expect(compareSnapshots('20:20:', '20:20:')).to.equal(0);
  });
});
