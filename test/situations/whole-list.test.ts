import { expect } from 'chai';
import { listSituations, SITUATIONS } from './situation.ts';

/**
 * Runs after all others of this folder, by its name: a situation counts as shown only after its
 * test has run.
 */
describe('the situations', () => {
  it('are all shown, by number', () => {
    const { lines, missing } = listSituations();
    for (const line of lines) console.log(`    ${line}`);
    console.log(`    situations: ${SITUATIONS - missing.length} of ${SITUATIONS}`);
    expect(missing).to.deep.equal([]);
  });
});
