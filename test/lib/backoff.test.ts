import { expect } from 'chai';
import { backoffCeiling, fullJitter } from '../../lib/backoff.ts';

const limits = { baseMs: 100, capMs: 300_000 };

describe('fullJitter', () => {
  it('is spread evenly from zero up to a ceiling that doubles and stops at the cap', () => {
    const longest = [1, 2, 3, 4, 12, 13, 2000].map((failures) => backoffCeiling(failures, limits));
    expect(longest).to.deep.equal([100, 200, 400, 800, 204_800, 300_000, 300_000]);
    expect(fullJitter(3, { ...limits, random: () => 0 })).to.equal(0);
    expect(fullJitter(3, { ...limits, random: () => 0.5 })).to.equal(200);
    expect(fullJitter(3, { ...limits, random: () => 0.999_999 })).to.equal(400);
  });

  it('returns whole milliseconds', () => {
    for (let failures = 1; failures < 20; failures += 1) {
      expect(Number.isInteger(fullJitter(failures, limits))).to.equal(true);
    }
  });
});
