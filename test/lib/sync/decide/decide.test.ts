import { expect } from 'chai';
import { checkSentences, rungs, sentences, table, type Checked } from './sentences.ts';

const RUNS = 5_000;

describe(`decide, in ${RUNS} generated situations`, function () {
  this.timeout(300_000);
  let checked: Checked;

  before(() => {
    checked = checkSentences(RUNS);
  });

  for (const sentence of Object.keys(sentences))
    it(sentence, () => {
      if (checked.broken && ['', sentence].includes(checked.broken.sentence)) throw checked.broken.error;
    });

  it('has a table of its rungs in docs/sync.md, with the same names in the same order', () => {
    expect(table.map(({ rung }) => rung)).to.deep.equal(rungs);
  });

  it('has no rung that was not reached', () => {
    const { reached } = checked;
    for (const rung of rungs) console.log(`    ${String(reached.get(rung) ?? 0).padStart(6)}  ${rung}`);
    expect(rungs.filter((rung) => !reached.has(rung))).to.deep.equal([]);
  });
});
