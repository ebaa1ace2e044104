import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** One line of the test run: a check, or a folder of tests, in a process of its own. */
export type Job = {
  title: string;
  /** Arguments of Node. */
  args: string[];
  /** A file to which the job writes its counts; a job without one is a single check. */
  resultFile?: string;
  env?: Record<string, string>;
};

const bin = (path: string) => join(import.meta.dirname, '../../node_modules', path);

export const mochaProgram = bin('mocha/bin/mocha.js');

/** The number of processes for the tests of a long folder; each test file has its own databases. */
const PARTS: Record<string, number> = { cli: 3, db: 3, lib: 3 };

/**
 * The longest jobs begin first, so that nothing long is left at the end; the others follow by name.
 */
const FIRST = ['kafka', 'lint', 'lib', 'cli', 'db', 'flows'];

/**
 * These check how far the relay has certainly come, which any open transaction of the server holds
 * back, whatever its database: beside other suites they would wait for those.
 */
const ON_OWN_SERVER = new Set(['kafka', 'relay']);

/** For a folder or file of `test/`, without `test/` before it. */
export const needsOwnServer = (path: string): boolean => ON_OWN_SERVER.has(path.split('/')[0] ?? path);

/** The types and the rules, and the form. */
export function checks(folder: string): Job[] {
  return [
    counted('lint', [join(import.meta.dirname, '../lint.ts')], folder),
    { title: 'form', args: [bin('oxfmt/bin/oxfmt'), '--check', '.'] },
  ];
}

/** Every folder of `test/` with files that end in `ending` (`.test.ts`). */
export function suites(root: string, ending: string, folder: string): Job[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => suite(name, testFiles(join(root, name), ending), folder));
}

/** The named folders and files of `test/`, with or without `test/` before them. */
export function namedJobs(root: string, names: readonly string[], ending: string, folder: string): Job[] {
  return names
    .map((name) => name.replace(/^(\.\/)?test\//, '').replace(/\/$/, ''))
    .flatMap((name) => {
      const path = join(root, name);
      return name.endsWith('.ts')
        ? [mochaJob(name, [path], folder)]
        : suite(name, testFiles(path, ending), folder);
    });
}

export function longestFirst(jobs: readonly Job[]): Job[] {
  const place = ({ title }: Job) => {
    const at = FIRST.indexOf(title.split(' ')[0] ?? title);
    return at < 0 ? FIRST.length : at;
  };
  return jobs.toSorted((a, b) => place(a) - place(b));
}

function suite(name: string, files: string[], folder: string): Job[] {
  const parts = Math.min(PARTS[name] ?? 1, files.length);
  return Array.from({ length: parts }, (_, part) =>
    mochaJob(
      parts === 1 ? name : `${name} ${part + 1}/${parts}`,
      // Every third file, not a third of the list: neighbours do the same kind of work.
      files.filter((_file, at) => at % parts === part),
      folder,
    ),
  );
}

function mochaJob(title: string, files: string[], folder: string): Job {
  const reporter = join(import.meta.dirname, 'reporter.ts');
  const job = counted(title, [mochaProgram, '--reporter', reporter, ...files], folder);
  if (!needsOwnServer(title)) return job;
  return { ...job, env: { ...job.env, TEST_POSTGRES_URL: '' } };
}

function counted(title: string, args: string[], folder: string): Job {
  const resultFile = join(folder, `${title.replaceAll(/[/ ]/g, '-')}.json`);
  return { title, args, resultFile, env: { RESULT_FILE: resultFile } };
}

function testFiles(folder: string, ending: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(folder, name));
}
