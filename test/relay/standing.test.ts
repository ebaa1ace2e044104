import { expect } from 'chai';
import { commonStanding, type Standing } from '../../db/relay/standing.ts';

const standing = (seen: string, win: string | null, lastId: number): Standing => ({
  ...{ seen, win, lastId },
  ...{ floor: 0, pendingFloor: 0, lateFloors: '{}', restoredTo: null },
});

const passed = (...all: [Standing, ...Standing[]]) => {
  const { seen, win, lastId } = commonStanding(all);
  return { seen, win, lastId };
};

describe('what several shards have passed together', () => {
  it('is the window of the one behind, up to the least of their places in it', () => {
    const found = passed(
      standing('10:10:', '20:20:', 70),
      standing('10:10:', '20:20:', 50),
      standing('10:10:', '25:25:', 60),
    );
    expect(found).to.deep.equal({ seen: '10:10:', win: '20:20:', lastId: 50 });
  });

  it('is all of that window where another one has seen the whole of it', () => {
    const found = passed(standing('20:20:', '30:30:', 90), standing('10:10:', '20:20:', 70));
    expect(found).to.deep.equal({ seen: '10:10:', win: '20:20:', lastId: 70 });
  });

  it('is nothing of that window if another one is within an older window, which shows less', () => {
    const found = passed(standing('10:10:', '20:20:', 50), standing('15:15:', '18:18:', 90));
    expect(found).to.deep.equal({ seen: '10:10:', win: null, lastId: 0 });
  });

  it('is behind by a transaction that still ran, though the snapshots end alike', () => {
    const found = passed(standing('5:10:', null, 0), standing('5:10:5', null, 0));
    expect(found).to.deep.equal({ seen: '5:10:5', win: null, lastId: 0 });
  });
});
