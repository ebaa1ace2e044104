import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect } from 'chai';

const ROOT = resolve(import.meta.dirname, '../..');
const DOCS = join(ROOT, 'docs');
const GLOSSARY = join(DOCS, 'glossary.md');

type Page = { name: string; path: string; text: string };

const read = (path: string): Page => ({
  name: relative(ROOT, path),
  path,
  text: readFileSync(path, 'utf8'),
});

const docs = readdirSync(DOCS, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .map((name) => read(join(DOCS, name)));
const atTheTop = readdirSync(ROOT)
  .filter((name) => name.endsWith('.md'))
  .map((name) => read(join(ROOT, name)));

type Link = { target: string; anchor: string | undefined };

/** Links to files of ours; text between backticks is not a link. */
function linksOf({ path, text }: Page): Link[] {
  const prose = text.replaceAll(/```[\s\S]*?```|`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [file = '', anchor] = link.split('#');
      return { target: file === '' ? path : resolve(dirname(path), file), anchor };
    });
}

/** Anchors as GitHub makes them from headings. */
function anchorsOf(text: string): string[] {
  return [...text.replaceAll(/```[\s\S]*?```/g, '').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('the documentation', () => {
  for (const page of docs.filter(({ path }) => path !== GLOSSARY))
    it(`links to the glossary from ${page.name}`, () => {
      expect(linksOf(page).map(({ target }) => target)).to.include(GLOSSARY);
    });

  it('has no link to a file or a heading that is not there', () => {
    const broken = [...docs, ...atTheTop].flatMap((page) =>
      linksOf(page)
        .filter(({ target, anchor }) => {
          if (!existsSync(target)) return true;
          return anchor !== undefined && !anchorsOf(readFileSync(target, 'utf8')).includes(anchor);
        })
        .map(({ target, anchor }) => `${page.name} → ${relative(ROOT, target)}#${anchor ?? ''}`),
    );
    expect(broken).to.deep.equal([]);
  });

  it('explains each term of the glossary once, and orders each table by the alphabet', () => {
    const [words = '', retired = ''] = readFileSync(GLOSSARY, 'utf8').split('## Retired words');
    const wordsOf = (text: string): string[] =>
      [...text.matchAll(/^\| ([^|]+) \| [^|]+ \|$/gm)]
        .map(([, word = '']) => word)
        .filter((word) => !['word', 'old word', '---'].includes(word));
    const all = wordsOf(words);
    expect(all).to.have.length.above(50);
    expect(all).to.deep.equal([...new Set(all)]);
    for (const section of words.split('\n## ').slice(1)) {
      const sorted = wordsOf(section);
      expect(sorted).to.deep.equal(sorted.toSorted());
    }
    for (const word of ['stranger', 'poke', 'mend', 'desk; people']) expect(retired).to.include(`| ${word}`);
  });
});
