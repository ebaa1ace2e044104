// What the tests of pages share: the parts of a page, and the commands of Twinbox that it names.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');

export const readPage = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Every page for readers, by its path from the root. */
export function allPages(): string[] {
  const docs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`);
  return ['README.md', 'SECURITY.md', ...docs.toSorted()];
}

/** The sections of a level, by their headings. */
export function sectionsOf(page: string, level = '##'): Map<string, string> {
  const parts = page.split(new RegExp(`^${level} `, 'm')).slice(1);
  return new Map(parts.map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n'))]));
}

export function blocksOf(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, 'g'))].map(
    ([, block = '']) => block,
  );
}

/** The words of every `npx twinbox …`, in blocks and between backticks; the shell's own part is left out. */
export function twinboxCommands(page: string): string[][] {
  const blocks = [...page.matchAll(/```\w*\n([^]*?)```/g)].map(([, block = '']) =>
    block.replaceAll('\\\n', ' '),
  );
  const spans = [...page.replaceAll(/```[^]*?```/g, '').matchAll(/`([^`]+)`/g)].map(([, span = '']) =>
    span.replaceAll('\n', ' '),
  );
  return [...blocks.flatMap((block) => block.split('\n')), ...spans].flatMap((line) =>
    [...line.matchAll(/npx twinbox((?: +[^\s|&;<>#()`…]+)+)/g)].map(([, rest = '']) => wordsOf(rest)),
  );
}

/** Words as a shell makes them, as far as pages need it. */
function wordsOf(text: string): string[] {
  return [...text.matchAll(/'[^']*'?|"[^"]*"?|[^\s'"]+/g)].map(([word]) =>
    word.replaceAll(/^['"]|['"]$/g, ''),
  );
}
