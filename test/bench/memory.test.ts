import { expect } from 'chai';
import { memoryParts } from '../../bench/cpu.ts';

describe('what the memory of a process consists of', () => {
  it('adds up to all that it has in memory, its own program by itself', async function () {
    if (process.platform !== 'linux') return this.skip();
    const { program, v8, allocated, other } = await memoryParts(process.pid);
    const whole = process.memoryUsage.rss() / 2 ** 20;
    expect(program + v8 + allocated + other).to.be.within(0.9 * whole, 1.1 * whole);
    // Node’s program is 120 MB long, and some 50 of these are read at each start.
    expect(program).to.be.greaterThan(20);
    expect(v8).to.be.greaterThan(10);
  });

  it('is nothing of a process that has ended', async () => {
    expect(await memoryParts(2 ** 30)).to.deep.equal({ program: 0, v8: 0, allocated: 0, other: 0 });
  });
});
