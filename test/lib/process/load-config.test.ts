import { execFile } from 'node:child_process';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
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
