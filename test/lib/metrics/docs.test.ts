import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { withTable } from '../../../lib/metrics/docs.ts';

describe('docs/metrics.md', () => {
  it('has every declared metric, as `make settings` writes it', async () => {
    const page = await readFile(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
    expect(page).to.equal(withTable(page));
  });
});
