import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import form from '../../oxfmt.config.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

describe('AGENTS.md', () => {
  const text = read('AGENTS.md');

  it('names every room of lib, db and simulator', () => {
    const rooms = ['lib', 'db', 'simulator'].flatMap((top) =>
      readdirSync(join(ROOT, top), { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && entry.name !== 'openapi')
        .map(({ name }) => `\`${top}/${name}/\``),
    );
    for (const room of rooms) expect(text).to.include(room);
  });

  it('names no file or folder that is not there', () => {
    const paths = [...text.matchAll(/`((?:lib|db|api|cli|relay|workers|simulator|test|docs)\/[\w./-]*)`/g)];
    expect(paths).to.have.length.above(20);
    for (const [, path = ''] of paths) expect(existsSync(join(ROOT, path)), path).to.equal(true);
  });

  it('names no command that make does not have', () => {
    const targets = [...read('Makefile').matchAll(/^([a-z]+):/gm)].map(([, name]) => name);
    for (const [, name] of text.matchAll(/(?:^|`)make ([a-z]+)/gm)) expect(targets).to.include(name);
  });

  it('is at most a screen and a half', () => {
    expect(text.split('\n').length).to.be.at.most(75);
  });
});

describe('.editorconfig', () => {
  it('says the form that make format gives', () => {
    const [, everywhere = ''] = /^\[\*\]\n((?:.+\n)+)/m.exec(read('.editorconfig')) ?? [];
    const lines = [...everywhere.matchAll(/^(\w+) = (.+)$/gm)];
    const said: Record<string, string> = {};
    for (const [, name = '', value = ''] of lines) said[name] = value;
    expect(said).to.deep.equal({
      charset: 'utf-8',
      end_of_line: 'lf',
      insert_final_newline: 'true',
      trim_trailing_whitespace: 'true',
      indent_style: 'space',
      indent_size: '2',
      max_line_length: String(form.printWidth),
    });
  });
});

describe('.vscode/launch.json', () => {
  it('starts files that are there', () => {
    type Launch = { configurations: { program?: string; runtimeExecutable?: string }[] };
    const { configurations } = JSON.parse(read('.vscode/launch.json')) as Launch;
    const files = configurations.flatMap(({ program, runtimeExecutable }) =>
      [program, runtimeExecutable].flatMap((path) => path ?? []),
    );
    expect(files).to.have.lengthOf(4);
    for (const file of files)
      expect(existsSync(file.replace(/^\$\{workspaceFolder\}/, ROOT)), file).to.equal(true);
  });
});
