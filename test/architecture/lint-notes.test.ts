import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { openLintNotes, SETTINGS } from '../support/lint-notes.ts';

const ROOT = resolve(import.meta.dirname, '../..');

describe('the notes of make lint', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'twinbox-lint-'));
    for (const name of SETTINGS) cpSync(join(ROOT, name), join(root, name));
    mkdirSync(join(root, 'node_modules'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('know the clean files of the run before, and not what was forgotten since', () => {
    expect(openLintNotes(root).isClean('lib/a.ts')).to.equal(false);
    openLintNotes(root).remember(['lib/a.ts', 'lib/b.ts']);
    openLintNotes(root).forget(['lib/b.ts']);
    const notes = openLintNotes(root);
    expect(['lib/a.ts', 'lib/b.ts'].map((path) => notes.isClean(path))).to.deep.equal([true, false]);
  });

  for (const name of SETTINGS)
    it(`are empty, and what TypeScript noted is gone, when ${name} has changed`, () => {
      const { remember, typesFile } = openLintNotes(root);
      remember(['lib/a.ts']);
      writeFileSync(typesFile, '{}');
      appendFileSync(join(root, name), '\n');
      const notes = openLintNotes(root);
      expect(notes.isClean('lib/a.ts')).to.equal(false);
      expect([typesFile, notes.typesFile].map((path) => existsSync(path))).to.deep.equal([false, false]);
    });

  it('take with them what TypeScript noted, when they are lost', () => {
    const { remember, typesFile } = openLintNotes(root);
    remember(['lib/a.ts']);
    writeFileSync(typesFile, '{}');
    rmSync(join(typesFile, '../clean'));
    openLintNotes(root);
    expect(existsSync(typesFile)).to.equal(false);
  });
});
