import { expect } from 'chai';
import { usePlace } from '../cli/twinbox.ts';
import { expectLinked, fillCatalogues, linkThem, settingsOf, type Catalogues } from './first-link.ts';

const SIZE = 10_000;
const MOST_MB = 200;

describe(`two catalogues of ${SIZE} customers each`, function () {
  this.timeout(0);
  let both: Catalogues;
  const place = usePlace(() => ({
    ...settingsOf(both),
    // As the launcher sets them.
    NODE_OPTIONS: '--max-semi-space-size=4 --max-old-space-size=1024',
  }));

  before('fill them', async () => {
    both = await fillCatalogues(SIZE);
    expect((await place.run(['migrate'])).code).to.equal(0);
  });
  after('remove them', () => both.end());

  it('are linked during live edits on both sides, killed three times and resumed, in less than 200 MB', async () => {
    const { edits, kills, seconds, upMb } = await linkThem(both, place, {
      killAt: [0.2, 0.5, 0.8],
      edits: 1_000,
    });
    console.log(
      `    ${SIZE} rows and ${SIZE} records: ${seconds.toFixed(0)} s, ${kills} kills, ${edits} edits on each side, at most ${upMb ?? '?'} MB`,
    );
    await expectLinked(both, place);
    if (upMb !== null) expect(upMb).to.be.lessThan(MOST_MB);
  });
});
