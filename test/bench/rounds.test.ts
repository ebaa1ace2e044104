import { expect } from 'chai';
import { inTurns, median, ratioOf } from '../../bench/world/rounds.ts';

describe('rounds of a measurement', () => {
  it('run all in their order, then in the opposite one', async () => {
    const order: string[] = [];
    const trials = await inTurns(['a', 'b'], 2, (name) => Promise.resolve(order.push(name)));
    expect(order.join('')).to.equal('abbaabba');
    expect(trials.get('a')).to.deep.equal([1, 4, 5, 8]);
  });

  it('leave out one that answered null from then on', async () => {
    const order: string[] = [];
    const trials = await inTurns(['a', 'b'], 2, (name) => {
      order.push(name);
      return Promise.resolve(name === 'b' ? null : 1);
    });
    expect(order.join('')).to.equal('abaaa');
    expect([...trials.keys()]).to.deep.equal(['a']);
  });

  it('give the median of the ratios of their pairs, not the ratio of the medians', () => {
    expect(ratioOf([10, 20, 90], [10, 10, 30])).to.deep.equal({ value: 2, spread: [1, 3] });
    expect(median([1, 2, 3, 10])).to.equal(2.5);
  });
});
