import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ENTITY_EXCEPTIONS, ENTITY_RULE, findEntityNames } from './entity-names.ts';
import { readNamingFiles } from './system-names.ts';

const ROOT = join(import.meta.dirname, '../..');

describe('the names of entities and fields', () => {
  it('stand in no file of the engine', () => {
    expect(findEntityNames(readNamingFiles()).join('\n')).to.equal('');
  });

  const planted: [string, string][] = [
    ['lib/sync/x.ts', "const rule = fields.find(({ internal }) => internal === 'email');"],
    ['lib/sync/rungs/x.ts', 'if (row.name === null) return null;'],
    ['lib/intake/x.ts', 'const type = `stripe.customer.updated`;'],
    ['workers/x.ts', "const key = { entityType: 'customer' };"],
  ];
  for (const [path, text] of planted) {
    it(`would be caught in ${path}: ${text}`, () => {
      expect(findEntityNames([{ path, text }])).to.have.lengthOf(1);
      expect(findEntityNames([{ path, text }])[0]).to.include(ENTITY_RULE);
    });
  }

  it('are looked for only beside exceptions that exist', () => {
    const gone = Object.keys(ENTITY_EXCEPTIONS).filter((path) => !existsSync(join(ROOT, path)));
    expect(gone).to.deep.equal([]);
  });
});
