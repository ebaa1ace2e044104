import { expect } from 'chai';
import { createProgress } from '../../cli/progress.ts';

describe('progress without a terminal', () => {
  it('is a line when something has changed, and at most one line every 30 seconds', () => {
    const said: string[] = [];
    let now = 0;
    const output = { canRedraw: false, say: (text = '') => said.push(text), redraw: () => undefined };
    const progress = createProgress(output, 'compared', () => now);
    for (let second = 1; second <= 200; second += 1) {
      now = second * 1_000;
      progress.update(second < 65 ? 59 : 60);
    }
    progress.end();
    expect(said).to.deep.equal(['59 compared', '60 compared']);
  });
});
