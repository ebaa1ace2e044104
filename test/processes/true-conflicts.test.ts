import { expect } from 'chai';
import { trueConflicts, type TeamEdit, type Values } from './true-conflicts.ts';

describe('a true conflict, as the proof counts it', () => {
  const A: TeamEdit = { side: 'ours', round: 1, field: 'name', value: 'A' };
  const B: TeamEdit = { side: 'theirs', round: 1, field: 'name', value: 'B' };
  const showed = (...names: string[]): Values[] => names.map((name) => ({ name, email: 'x@example.com' }));
  const met = [{ field: 'name', ours: 'A', theirs: 'B' }];

  it('is two edits of which neither was at the other side before the other was made', () => {
    expect(trueConflicts([A, B], showed('', 'A'), showed('', 'B', 'A'))).to.deep.equal(met);
    expect(trueConflicts([A, B], showed('', 'A', 'B'), showed('', 'B'))).to.deep.equal(met);
    expect(trueConflicts([A, B], showed('', 'A', 'B'), showed('', 'B', 'A', 'B'))).to.deep.equal(met);
  });

  it('is not there if one edit had been carried over before the other was made', () => {
    expect(trueConflicts([A, B], showed('', 'B', 'A'), showed('', 'B', 'A'))).to.deep.equal([]);
    expect(trueConflicts([A, B], showed('', 'A', 'B'), showed('', 'A', 'B'))).to.deep.equal([]);
  });

  it('is not there between edits of different rounds or fields, or with equal values', () => {
    const other: TeamEdit[] = [
      { ...B, round: 2 },
      { ...B, field: 'email' },
      { ...B, value: 'A' },
    ];
    for (const edit of other)
      expect(trueConflicts([A, edit], showed('', 'A'), showed('', 'B', 'A'))).to.deep.equal([]);
  });
});
