import { expect } from 'chai';
import { without } from '../../lib/without.ts';

describe('an object without some of its members', () => {
  it('has the others in their order, and the object keeps all', () => {
    const all = { first: 1, second: null, third: undefined, fourth: 'four' };
    const left = without(all, 'second', 'fourth');
    expect(Object.entries(left)).to.deep.equal([
      ['first', 1],
      ['third', undefined],
    ]);
    expect(all).to.have.all.keys('first', 'second', 'third', 'fourth');
  });

  it('is equal to it where it has none of them', () => {
    const values: Record<string, number> = { one: 1 };
    expect(without(values, 'two')).to.deep.equal({ one: 1 });
  });
});
