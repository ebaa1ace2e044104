import { expect } from 'chai';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environmentWith } from '../support/environment.ts';
import { testServerUrl } from '../support/server.ts';
import { defects } from './all.ts';
import type { Defect } from './defect.ts';
import { applyDefect, copySource, StaleDefect } from './source-copy.ts';
import { brokenCatchers, tryDefect, type Finding } from './trial.ts';

/** `make defects` tries all of them; this test tries its machinery with three. */
describe('seeded defects', function () {
  this.timeout(120_000);
  let folder: string;
  let copy: string;

  before('copy the source', async () => {
    folder = await mkdtemp(join(tmpdir(), 'twinbox-defects-'));
    copy = join(folder, 'source');
    await copySource(copy);
  });
  after('remove the copy', () => rm(folder, { recursive: true, force: true }));

  const named = (name: string): Defect => {
    const found = defects.find((defect) => defect.name === name);
    if (!found) throw new Error(`no defect "${name}"`);
    return found;
  };
  const tried = async (defect: Defect): Promise<Finding> =>
    tryDefect(copy, defect, environmentWith({ TEST_POSTGRES_URL: await testServerUrl() }));
  const harmless = (caughtBy: Defect['caughtBy']): Defect => ({
    name: 'harmless',
    edits: [{ file: 'lib/clock.ts', find: 'export type Clock', replace: '\nexport type Clock' }],
    caughtBy,
  });
  const merging = 'test/lib/sync/merge.test.ts';

  it('have each of their texts exactly once in the source', async () => {
    const stale: string[] = [];
    for (const defect of defects) {
      const takeOut = await applyDefect(copy, defect).catch((error: unknown) => {
        if (!(error instanceof StaleDefect)) throw error;
        stale.push(error.message);
      });
      await takeOut?.();
    }
    expect(stale).to.eql([]);
  });

  it('are caught by the named test, and leave the copy as it was', async () => {
    const defect = named('no version check when writing ours');
    const file = join(copy, defect.edits[0]?.file ?? '');
    const before = await readFile(file, 'utf8');
    const { result, detail } = await tried(defect);
    expect(result, detail).to.equal('caught');
    expect(await readFile(file, 'utf8')).to.equal(before);
  });

  it('are caught by a history', async () => {
    const { result, detail } = await tried({
      ...named('no fence check at settle'),
      caughtBy: 'histories',
    });
    expect(result, detail).to.equal('caught');
  });

  it('count as not caught where the test passes, does not exist, or cannot be loaded', async () => {
    const ends = harmless({ file: merging, title: 'merge' });
    expect((await tried(ends)).result).to.equal('not caught');
    expect((await tried(harmless({ file: merging, title: 'no such test' }))).result).to.equal('did not run');
    const unreadable = {
      ...ends,
      edits: [{ file: merging, find: "import { expect } from 'chai';", replace: '}' }],
    };
    expect((await tried(unreadable)).result).to.equal('did not run');
  });

  it('are refused when the source no longer has their text', async () => {
    const stale = {
      ...harmless('histories'),
      edits: [{ file: 'lib/clock.ts', find: 'no such text', replace: '' }],
    };
    const error = await applyDefect(copy, stale).catch((failure: unknown) => failure);
    expect(error).to.be.instanceOf(StaleDefect);
    expect(String(error)).to.include('"harmless" is stale').and.to.include('lib/clock.ts');
  });

  it('prove nothing where the test fails also without them', async () => {
    const without = await brokenCatchers(
      copy,
      [harmless({ file: merging, title: 'no such test' })],
      environmentWith({}),
    );
    expect(without.join()).to.include('does not pass without any defect: no such test');
  });
});
