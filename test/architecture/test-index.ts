// docs/tests.md: which tests prove each file. A test stands where its file stands (lib/sync/merge.ts:
// test/lib/sync/merge.test.ts); for a file without one it is derived from what the tests import.
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path/posix';
import { PROVEN_ELSEWHERE } from './proven-elsewhere.ts';
import { targetsOf, type SourceFacts } from './source.ts';

const ROOMS = ['lib', 'db', 'relay', 'workers', 'api'];
/** So many of the tests that import a file are enough to begin with. */
const MOST = 3;

export type Proof = {
  path: string;
  /** The path below test/. */
  tests: readonly string[];
  /** The nearest file that imports this one and has tests, for a file without tests of its own. */
  partOf: string | null;
};

type Tests = {
  /** Named after the file. */
  named: string[];
  /** Tests that import the file directly, the nearest first. */
  direct: string[];
  /** Tests that import the file through the support files beside them. */
  supported: string[];
};

/** One line for each file of the product, in the order of the tree. */
export function proofsOf(files: readonly SourceFacts[]): Proof[] {
  const product = files.filter(({ path }) => isProduct(path));
  const tests = testsOf(files);
  const importers = new Map<string, string[]>();
  for (const file of product) {
    for (const target of targetsOf(file))
      importers.set(target, [...(importers.get(target) ?? []), file.path]);
  }
  return product
    .map(({ path }) => path)
    .sort(byFolder)
    .map((path): Proof => {
      const { named, direct, supported } = tests.get(path) ?? NONE;
      if (named.length > 0) return { path, tests: named, partOf: null };
      const byHand = PROVEN_ELSEWHERE.filter(([, proven]) => proven === path).flatMap(([, , some]) => some);
      if (byHand.length > 0) return { path, tests: byHand, partOf: null };
      if (direct.length > 0) return { path, tests: direct.slice(0, MOST), partOf: null };
      const partOf = nearestProven(path, tests, importers);
      return { path, tests: partOf === null ? supported.slice(0, MOST) : [], partOf };
    });
}

const NONE: Tests = { named: [], direct: [], supported: [] };

/** Upwards along the imports, level by level, to a file that has tests. */
function nearestProven(
  path: string,
  tests: ReadonlyMap<string, Tests>,
  importers: ReadonlyMap<string, readonly string[]>,
): string | null {
  const seen = new Set([path]);
  const rank = (each: string): number => {
    const { named, direct, supported } = tests.get(each) ?? NONE;
    return [supported, direct, named].findLastIndex((some) => some.length > 0) + 1;
  };
  for (let level = [path]; level.length > 0;) {
    const above = level.flatMap((each) => importers.get(each) ?? []).filter((each) => !seen.has(each));
    level = [...new Set(above)];
    level.forEach((each) => seen.add(each));
    const [nearest] = level
      .filter((each) => rank(each) > 0)
      .sort((a, b) => rank(b) - rank(a) || nearness(path, b) - nearness(path, a) || a.localeCompare(b));
    if (nearest !== undefined) return nearest;
  }
  return null;
}

/** The tests of each file of the product. */
function testsOf(files: readonly SourceFacts[]): Map<string, Tests> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const found = new Map<string, Tests>();
  const testsAt = (path: string): Tests => {
    const tests = found.get(path) ?? { named: [], direct: [], supported: [] };
    found.set(path, tests);
    return tests;
  };
  /** How many files of the product each test imports: a test of few is about those files. */
  const reach = new Map<string, number>();
  for (const file of files) {
    const { path } = file;
    if (!/^test\/.*\.(test|proof)\.ts$/.test(path)) continue;
    const name = path.replace(/^test\//, '');
    const proven = namesake(name, byPath);
    if (proven !== undefined) testsAt(proven).named.push(name);
    const direct = new Set(targetsOf(file).filter(isProduct));
    reach.set(name, direct.size);
    for (const target of direct) testsAt(target).direct.push(name);
    const supports = targetsOf(file).filter((target) => dirname(target) === dirname(path));
    const supported = supports.flatMap((target) => byPath.get(target) ?? []).flatMap(targetsOf);
    for (const target of new Set(supported.filter(isProduct))) testsAt(target).supported.push(name);
  }
  for (const [path, { named, direct, supported }] of found) {
    named.sort((a, b) => a.length - b.length || a.localeCompare(b));
    const order = (a: string, b: string): number =>
      likeness(path, b) - likeness(path, a) ||
      nearness(path, b) - nearness(path, a) ||
      (reach.get(a) ?? 0) - (reach.get(b) ?? 0) ||
      a.localeCompare(b);
    direct.sort(order);
    supported.sort(order);
  }
  return found;
}

/** Whether the first part of a file's name is also a test's. */
function likeness(path: string, test: string): number {
  const [part] = basename(path, '.ts').split('-');
  return part === basename(test).split(/[-.]/)[0] ? 1 : 0;
}

/** lib/sync/merge-laws.test.ts is named after lib/sync/merge.ts, unless there is a lib/sync/merge-laws.ts. */
function namesake(test: string, files: ReadonlyMap<string, unknown>): string | undefined {
  const parts = basename(test)
    .replace(/\.(test|proof)\.ts$/, '')
    .split('-');
  const names = parts.map((_, at) =>
    join(dirname(test), `${parts.slice(0, parts.length - at).join('-')}.ts`),
  );
  return names.find((name) => isProduct(name) && files.has(name));
}

function isProduct(path: string): boolean {
  return ROOMS.includes(path.split('/')[0] ?? '') && basename(path) !== 'main.ts';
}

/** How many folders two paths have in common at their beginning. */
function nearness(a: string, b: string): number {
  const [left, right] = [dirname(a).split('/'), dirname(b).split('/')];
  const apart = left.findIndex((part, at) => part !== right[at]);
  return apart === -1 ? left.length : apart;
}

function byFolder(a: string, b: string): number {
  const place = (path: string) => ROOMS.indexOf(path.split('/')[0] ?? '');
  return (
    place(a) - place(b) ||
    dirname(a).localeCompare(dirname(b), 'en') ||
    basename(a).localeCompare(basename(b), 'en')
  );
}

const HEAD = `# Which tests prove what

Terms: [glossary](glossary.md).

\`make index\` writes this page from the tree and from what the tests import; \`make test\` compares the two.

A test stands where its file stands: \`lib/sync/merge.ts\` is proven by \`test/lib/sync/merge.test.ts\`, and by
\`merge-laws.test.ts\` beside it. Where no test is named after a file, its line names up to three tests that
import it, the nearest first; where none imports it, "see" names the nearest file that uses it and has tests.
Tests are named from \`test/\` on, as \`make test ONLY="..."\` takes them.
`;

export function testIndex(files: readonly SourceFacts[]): string {
  const proofs = proofsOf(files);
  const folders = [...new Set(proofs.map(({ path }) => dirname(path)))];
  const sections = folders.map((folder) => {
    const lines = proofs.filter(({ path }) => dirname(path) === folder).map(line);
    const whole = PROVEN_ELSEWHERE.filter(([, proven]) => proven === `${folder}/`).map(
      ([how, , tests]) => `- all of it, by ${how} → ${tests.join(', ')}`,
    );
    return `## ${folder}/\n\n${[...whole, ...lines].join('\n')}\n`;
  });
  return [HEAD, ...sections].join('\n');
}

function line({ path, tests, partOf }: Proof): string {
  const seen = partOf !== null && dirname(partOf) === dirname(path) ? basename(partOf) : partOf;
  return `- \`${basename(path)}\` → ${seen === null ? tests.join(', ') : `see \`${seen}\``}`;
}

/** Names a file or a folder of the table written by hand that does not exist. */
export function missingFrom(root: string): string[] {
  return PROVEN_ELSEWHERE.flatMap(([, proven, tests]) => [
    proven,
    ...tests.map((test) => `test/${test}`),
  ]).filter((path) => !existsSync(join(root, path)));
}
