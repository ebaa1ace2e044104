import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { errorGroupsPage } from '../../cli/development/error-groups-page.ts';
import { systems } from '../../lib/integrations/registry.ts';
import { meanings } from '../../lib/operations/meanings.ts';

describe('docs/error-groups.md', () => {
  const page = readFileSync(new URL('../../docs/error-groups.md', import.meta.url), 'utf8');

  it('is as `make codes` writes it', () => {
    expect(page).to.equal(errorGroupsPage());
  });

  it('has one entry for each code of each table: what it means, who is hurt, the cure', () => {
    const tables = [...Object.values(meanings), ...systems.all.map(({ failures = {} }) => failures)];
    const rows = [...page.matchAll(/^\| `([\w-]+)` \| .+\. \| (?:one|all) \| .+\. \|$/gm)].map(
      ([, code]) => code,
    );
    expect(rows).to.have.members(tables.flatMap((table) => Object.keys(table)));
  });
});
