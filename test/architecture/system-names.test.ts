import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { EXCEPTIONS, findSystemNames, NAME_RULE, readNamingFiles } from './system-names.ts';

const ROOT = join(import.meta.dirname, '../..');

describe('the names of external systems', () => {
  it('stand in no file of the engine', () => {
    expect(findSystemNames(readNamingFiles()).join('\n')).to.equal('');
  });

  const planted: [string, string][] = [
    ['lib/sync/x.ts', "if (system === 'stripe') skip();"],
    ['lib/intake/x.ts', 'const every = { stripe: 60_000 };'],
    ['lib/operations/x.ts', 'const says = `records at Stripe`;'],
    ['lib/limits/x.ts', "const lower = 'STRIPE_RATE_LIMIT';"],
    ['workers/x.ts', 'await createStripeIntegration(settings);'],
    ['lib/bus/x.ts', "const group = 'quickbooks';"],
    ['relay/x.ts', 'const isSalesforce = true;'],
    ['db/x.ts', "const sql = `where system = 'stripe'`;"],
    ['db/migrations/9999-x.sql', "update connections set system = 'stripe';"],
  ];
  for (const [path, text] of planted) {
    it(`would be caught in ${path}: ${text}`, () => {
      expect(findSystemNames([{ path, text }])).to.have.lengthOf(1);
      expect(findSystemNames([{ path, text }])[0]).to.include(NAME_RULE);
    });
  }

  it('may stand in comments, and are no part of other words', () => {
    const texts = [
      '// Stripe keeps events for 30 days.\nconst days = 30;',
      '/** As `stripe` does. */\nexport const days = 30; /* Stripe */',
      'const text = stripEnds(name);',
    ];
    expect(findSystemNames(texts.map((text) => ({ path: 'lib/sync/x.ts', text })))).to.deep.equal([]);
    expect(findSystemNames([{ path: 'db/x.sql', text: '-- as stripe does\nselect 1;' }])).to.deep.equal([]);
  });

  it('are excused only where a name is there', () => {
    const files = readNamingFiles().filter(({ path }) => path in EXCEPTIONS);
    expect(files.map(({ path }) => path)).to.have.members(Object.keys(EXCEPTIONS));
    const elsewhere = files.map(({ path, text }) => ({ path: `moved/${path}`, text }));
    for (const file of elsewhere) expect(findSystemNames([file]), file.path).to.not.deep.equal([]);
    expect(Object.keys(EXCEPTIONS).filter((path) => !existsSync(join(ROOT, path)))).to.deep.equal([]);
  });
});
