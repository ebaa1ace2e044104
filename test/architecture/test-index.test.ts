import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { factsOf, readSources } from './source.ts';
import { missingFrom, proofsOf, testIndex } from './test-index.ts';

const ROOT = join(import.meta.dirname, '../..');

describe('the index of the tests', () => {
  const sources = readSources();

  it('is what the tree and the imports say; if not, run: make index', () => {
    expect(readFileSync(join(ROOT, 'docs/tests.md'), 'utf8')).to.equal(testIndex(sources));
  });

  it('names tests for every file', () => {
    const without = proofsOf(sources).filter(({ tests, partOf }) => tests.length === 0 && partOf === null);
    expect(without.map(({ path }) => path)).to.deep.equal([]);
  });

  it('names nothing by hand that is not there', () => {
    expect(missingFrom(ROOT)).to.deep.equal([]);
  });

  const proofOf = (files: Record<string, string>, path: string) =>
    proofsOf(Object.entries(files).map(([name, text]) => factsOf(name, text))).find(
      (proof) => proof.path === path,
    );

  it('takes the tests that are named after a file before those that import it', () => {
    const files = {
      'lib/a.ts': '',
      'lib/a-b.ts': '',
      'test/lib/a.test.ts': '',
      'test/lib/a-c.test.ts': '',
      'test/lib/a-b.test.ts': "import '../../lib/a.ts';",
    };
    expect(proofOf(files, 'lib/a.ts')?.tests).to.deep.equal(['lib/a.test.ts', 'lib/a-c.test.ts']);
    expect(proofOf(files, 'lib/a-b.ts')?.tests).to.deep.equal(['lib/a-b.test.ts']);
  });

  it('takes tests that import a file, and then the nearest file that uses it', () => {
    const files = {
      'lib/x/a.ts': "import './b.ts';",
      'lib/x/b.ts': "import './c.ts';",
      'lib/x/c.ts': '',
      'test/cli/y.test.ts': "import '../../lib/x/a.ts';",
      'test/lib/x/z.test.ts': "import '../../../lib/x/a.ts';",
    };
    expect(proofOf(files, 'lib/x/a.ts')?.tests).to.deep.equal(['lib/x/z.test.ts', 'cli/y.test.ts']);
    expect(proofOf(files, 'lib/x/c.ts')).to.deep.equal({
      path: 'lib/x/c.ts',
      tests: [],
      partOf: 'lib/x/a.ts',
    });
  });
});
