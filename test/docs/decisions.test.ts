import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect } from 'chai';

const FOLDER = resolve(import.meta.dirname, '../../docs/decisions');

type Decision = { file: string; number: string; title: string; date: string; state: string };

const names = readdirSync(FOLDER)
  .filter((name) => name !== 'README.md')
  .sort();
const index = readFileSync(resolve(FOLDER, 'README.md'), 'utf8');

/** What a page states in its first lines. */
function readDecision(file: string): Decision {
  const [first = '', empty, third = ''] = readFileSync(resolve(FOLDER, file), 'utf8').split('\n');
  const heading = /^# (\d{4}): (\S.*)$/.exec(first);
  const stamp =
    /^(\d{4}-\d\d-\d\d), (accepted|superseded by \d{4}) \(\[terms\]\(\.\.\/glossary\.md\)\)$/.exec(third);
  if (!heading || empty !== '' || !stamp)
    throw new Error(
      `${file} must begin with "# <number>: <title>", an empty line, "<date>, accepted ([terms](../glossary.md))"`,
    );
  const [, number = '', title = ''] = heading;
  const [, date = '', state = ''] = stamp;
  return { file, number, title, date, state };
}

describe('docs/decisions', () => {
  it('names every page by a number of four digits, which its heading repeats', () => {
    for (const name of names) {
      expect(name).to.match(/^\d{4}-[a-z0-9-]+\.md$/);
      expect(readDecision(name).number, name).to.equal(name.slice(0, 4));
    }
  });

  it('gives each number once, in the order in which the decisions were taken', () => {
    const decisions = names.map(readDecision);
    const numbers = decisions.map(({ number }) => number);
    expect(numbers).to.deep.equal([...new Set(numbers)]);
    const dates = decisions.map(({ date }) => date);
    expect(dates).to.deep.equal(dates.toSorted());
  });

  it('has one row for each page in README.md: number, title, a sentence in plain language, state', () => {
    const rows = [...index.matchAll(/^\| (\[\d{4}\].*) \|$/gm)].map(([, row = '']) => row.split(' | '));
    const listed = rows.map(([link, title, , state]) => [link, title, state]);
    const pages = names.map(readDecision);
    expect(listed).to.deep.equal(
      pages.map(({ number, file, title, state }) => [`[${number}](${file})`, title, state]),
    );
    for (const [link, , plain = ''] of rows) expect(plain, link).to.match(/^[A-Z].{20,}\.$/);
  });

  it('is superseded only by decisions that exist', () => {
    const numbers = names.map((name) => name.slice(0, 4));
    for (const { state, file } of names.map(readDecision))
      if (state !== 'accepted') expect(numbers, file).to.include(state.slice(-4));
  });
});
