import { execFile } from 'node:child_process';
import { mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { builtIn } from '../../../lib/catalogue/catalogue.ts';
import { ignoreConnectionSettings, loadConfig, type Config, type Env } from '../../../lib/config/config.ts';
import { AppError } from '../../../lib/errors.ts';
import { loadConfigAndCatalogue, type FullOptions } from '../../../lib/process/load-config.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

const TS = `import { defineConfig } from 'twinbox';

export default defineConfig({
  entities: { customer: { fields: { phone: { type: 'text' as const } } } },
});
`;
const JSON_TEXT =
  '{ "$schema": "./twinbox.schema.json", "entities": { "customer": { "table": "clients" } } }';

describe('the settings and the catalogue of a process', () => {
  let folder: string;
  beforeEach('make a folder', async () => {
    folder = await mkdtemp(join(tmpdir(), 'twinbox-config-'));
  });
  afterEach('remove the folder', () => rm(folder, { recursive: true, force: true }));

  const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);
  const load = (env: Env = {}, options: FullOptions = {}): Config =>
    loadConfigAndCatalogue(env, { envFile: false, folder, ...options });
  const problemOf = (env: Env = {}): string => {
    try {
      load(env);
    } catch (error) {
      if (error instanceof AppError && error.code === 'config_invalid') return error.message;
      throw error;
    }
    throw new Error('no problem');
  };

  it('have the built-in catalogue where there is no file', () => {
    expect(load()).to.deep.include({ configFile: null, catalogue: builtIn });
  });

  it('have the catalogue of twinbox.config.ts, which imports twinbox from any folder', async () => {
    await write('twinbox.config.ts', TS);
    const config = load();
    expect(config.configFile).to.equal(join(folder, 'twinbox.config.ts'));
    expect(config.catalogue.entities['customer']?.fields.map(({ name }) => name)).to.include('phone');
    expect(() => Object.assign(config.catalogue.entities, { other: 1 })).to.throw(TypeError);
  });

  it('have the catalogue of twinbox.config.json, with a byte order mark or without', async () => {
    await write('twinbox.config.json', `\ufeff${JSON_TEXT}`);
    expect(load().catalogue.entities['customer']?.table).to.equal('clients');
  });

  it('have the catalogue of the file that TWINBOX_CONFIG names, from the working folder on', async () => {
    await mkdir(join(folder, 'deploy'));
    await write('deploy/mine.json', JSON_TEXT);
    await write('twinbox.config.ts', 'throw new Error("not this one");');
    expect(load({ TWINBOX_CONFIG: 'deploy/mine.json' }).catalogue.entities['customer']?.table).to.equal(
      'clients',
    );
  });

  it('do not read a file where none is wanted', async () => {
    await write('twinbox.config.ts', 'throw new Error("read");');
    expect(load({}, { configFile: false }).catalogue).to.deep.equal(builtIn);
    expect(
      loadConfig({ TWINBOX_CONFIG: join(folder, 'twinbox.config.ts') }, { envFile: false }).configFile,
    ).to.equal(null);
    expect(ignoreConnectionSettings({ TWINBOX_CONFIG: 'x', TWINBOX_ENV: 'y' })).to.deep.equal({
      TWINBOX_ENV: 'y',
    });
  });

  it('refuse two files side by side', async () => {
    await write('twinbox.config.ts', TS);
    await write('twinbox.config.json', JSON_TEXT);
    expect(problemOf()).to.equal(
      `The configuration cannot be found: there are twinbox.config.ts and twinbox.config.json in ${folder}; keep one of them, or name one in TWINBOX_CONFIG.`,
    );
  });

  it('refuse a TWINBOX_CONFIG that names no file, or one of another kind', async () => {
    expect(problemOf({ TWINBOX_CONFIG: 'mine.ts' })).to.include(
      `TWINBOX_CONFIG is "mine.ts", and there is no file ${join(folder, 'mine.ts')}`,
    );
    expect(problemOf({ TWINBOX_CONFIG: '.' })).to.include('there is no file');
    await write('mine.yaml', '');
    expect(problemOf({ TWINBOX_CONFIG: 'mine.yaml' })).to.include('it must be a .ts or a .json file');
  });

  const BROKEN: [what: string, name: string, text: string, problem: string | RegExp][] = [
    ['a syntax error', 'twinbox.config.ts', 'export default {\n  a: ;\n};', 'line 2: Expression expected'],
    [
      'what JavaScript does not have',
      'twinbox.config.ts',
      'const a = 1;\nenum B { C }',
      /^line 2: TypeScript enum is not supported/,
    ],
    ['a throw', 'twinbox.config.ts', '\n\nthrow new Error("boo");', 'line 3: boo'],
    [
      'an unknown name',
      'twinbox.config.ts',
      'export default { a: unknown1 };',
      'line 1: unknown1 is not defined',
    ],
    ['a throw of no error', 'twinbox.config.ts', 'throw 5;', 'it throws 5'],
    [
      'an unknown package',
      'twinbox.config.ts',
      "import a from 'nope';\nexport default a;",
      /^Cannot find package 'nope'/,
    ],
    [
      'await',
      'twinbox.config.ts',
      'await 1;\nexport default {};',
      'it waits at its top level (await), which is not possible there',
    ],
    [
      'no default',
      'twinbox.config.ts',
      'export const config = {};',
      'it exports no default; write: export default defineConfig({ … })',
    ],
    ['a throw of null', 'twinbox.config.ts', 'throw null;', 'it throws null'],
    [
      'a throw of an error that says nothing',
      'twinbox.config.ts',
      '\nthrow new TypeError("");',
      'line 2: it throws TypeError without a message',
    ],
    [
      'a throw of what has no text',
      'twinbox.config.ts',
      'throw { toJSON() { throw 1; } };',
      'it throws a value that cannot be shown',
    ],
    [
      'a throw of an error whose message cannot be read',
      'twinbox.config.ts',
      'class Bad extends Error { get message(): string { throw 1; } }\nthrow new Bad();',
      /a value that cannot be shown$/,
    ],
    ...['process.exit(0);', "import { exit } from 'node:process';\nexit(0);"].map(
      (text): [string, string, string, string] => [
        `an end of the process (${text.slice(0, 12)})`,
        'twinbox.config.ts',
        `${text}\nexport default {};`,
        'it ends the process (process.exit); a configuration only says what stands',
      ],
    ),
    [
      'a comment at the start',
      'twinbox.config.json',
      '// ours\n{}',
      'line 1: JSON has no comments; remove it, or write a twinbox.config.ts',
    ],
    [
      'a comment behind a text that looks like one',
      'twinbox.config.json',
      '{\n  "$schema": "https://x/\\"//", /* here */ "entities": {} }',
      'line 2: JSON has no comments; remove it, or write a twinbox.config.ts',
    ],
    ['a comma too many', 'twinbox.config.json', '{\n  "entities": {},\n}', /\(line 3 column 1\)$/],
  ];
  for (const [what, name, text, problem] of BROKEN) {
    it(`name the file and the place of ${what}`, async () => {
      await write(name, text);
      const start = `${join(folder, name)} cannot be read: `;
      const says = problemOf();
      expect(says.slice(0, start.length)).to.equal(start);
      if (typeof problem === 'string') expect(says.slice(start.length)).to.equal(problem);
      else expect(says.slice(start.length)).to.match(problem);
    });
  }

  const UNPLAIN: [what: string, text: string, problem: string][] = [
    ['a promise', 'Promise.resolve({})', '/: is a Promise, and nothing waits for it'],
    ['an import', "import('node:fs')", '/: is a Promise, and nothing waits for it'],
    ['a Map', 'new Map()', '/: is an instance of Map; write a plain object'],
    ['an own class', 'new (class Mine { entities = {}; })()', '/: is an instance of Mine; write a plain'],
    ['a Map of entities', '{ entities: new Map() }', '/entities: is an instance of Map'],
    [
      'a promise of fields',
      '{ entities: { customer: { fields: Promise.resolve({}) } } }',
      '/entities/customer/fields: is a Promise',
    ],
    ['a Map of transforms', '{ transforms: new Map() }', '/transforms: is an instance of Map'],
    [
      'a key that throws',
      '{ get entities() { throw new Error("boo"); } }',
      '/entities: cannot be read: it throws boo',
    ],
    [
      'a circle',
      '(() => { const a: Record<string, unknown> = {}; a["entities"] = { customer: a }; return a; })()',
      '/entities/customer: leads back to an object that it lies in',
    ],
  ];
  for (const [what, text, problem] of UNPLAIN) {
    it(`do not take ${what} for an empty configuration`, async () => {
      await write('twinbox.config.ts', `export default ${text};\n`);
      expect(problemOf()).to.include(problem);
    });
  }

  it('take objects without a prototype, and a pair of transforms that is an instance', async () => {
    await write(
      'twinbox.config.ts',
      `class Same { toExternal(t: string) { return t; } toInternal(t: string) { return t; } }
       export default Object.assign(Object.create(null), { transforms: { same: new Same() } });`,
    );
    expect(Object.keys(load().catalogue.transforms)).to.deep.equal(['same']);
  });

  it('leave process.exit as it was, whatever the file does', async () => {
    const { exit } = process;
    await write('twinbox.config.ts', 'process.exit(0);');
    problemOf();
    expect(process.exit).to.equal(exit);
  });

  it('do not take a link that leads nowhere for no file', async () => {
    await symlink(join(folder, 'gone.ts'), join(folder, 'twinbox.config.ts'));
    expect(problemOf()).to.include('twinbox.config.ts is a link, and there is no file where it leads');
  });

  it('do not pass over a file that has nearly the name', async () => {
    for (const name of ['twinbox.config.js', 'Twinbox.config.ts', 'twinbox.config.yml']) {
      await write(name, '');
      expect(problemOf()).to.include(
        `there is ${name} in ${folder}, which is not read; the file is called twinbox.config.ts or twinbox.config.json`,
      );
      await rm(join(folder, name));
    }
    await write('twinbox.config.ts.orig', '');
    await write('twinbox.config.production.json', '{}');
    expect(load().configFile).to.equal(null);
    await write('twinbox.config.js', '');
    await write('twinbox.config.ts', TS);
    expect(load().configFile).to.equal(join(folder, 'twinbox.config.ts'));
  });

  it('name every problem of the file, and those of the settings, in one message', async () => {
    await write(
      'twinbox.config.json',
      '{ "entities": { "customer": { "fields": { "phone": { "type": "tel" }, "id": { "type": "text" } } } } }',
    );
    const says = problemOf({ API_PORT: 'x' });
    expect(says)
      .to.match(/^Twinbox cannot start with these settings:\n {2}- API_PORT/)
      .and.include(
        `\n${join(folder, 'twinbox.config.json')} cannot be used:\n  /entities/customer/fields/phone/type: `,
      )
      .and.include('\n  /entities/customer/fields/id: ')
      .and.match(/\nEach key is explained in docs\/catalogue\.md\.$/);
  });

  it('refuse transforms in JSON, which has no functions', async () => {
    await write(
      'twinbox.config.json',
      '{ "transforms": { "x": { "toExternal": "upper", "toInternal": "lower" } } }',
    );
    expect(problemOf()).to.include('/transforms/x/toExternal: must be a function');
  });
});

describe('the package', () => {
  it('is called twinbox in its own folder, for node without any help', async () => {
    const program = "import { defineConfig } from 'twinbox'; console.log(defineConfig({ entities: {} }));";
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
      cwd: ROOT,
    });
    expect(stdout).to.equal('{ entities: {} }\n');
  });
});
