import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The files in which the rules found nothing, kept from one `make lint` to the next. */
export type LintNotes = {
  /** Where TypeScript stores its notes; they are removed together with ours. */
  typesFile: string;
  isClean(path: string): boolean;
  remember(paths: readonly string[]): void;
  forget(paths: readonly string[]): void;
};

/** With other settings or other packages every file is checked again. */
export const SETTINGS = ['eslint.config.js', 'tsconfig.json', 'package-lock.json'];

export function openLintNotes(root: string): LintNotes {
  const cache = join(root, 'node_modules/.cache/lint');
  const folder = join(cache, hashSettings(root));
  const file = join(folder, 'clean');
  if (!existsSync(file)) rmSync(cache, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });

  let known: Set<string> | undefined;
  // Read after TypeScript's notes, since another run writes in the reverse order: see test/lint.ts.
  const clean = () => (known ??= new Set(existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []));
  const change = (paths: readonly string[], apply: (path: string) => unknown) => {
    paths.forEach(apply);
    writeFileSync(file, [...clean()].join('\n'));
  };
  return {
    typesFile: join(folder, 'types.tsbuildinfo'),
    isClean: (path) => clean().has(path),
    remember: (paths) => change(paths, (path) => clean().add(path)),
    forget: (paths) => change(paths, (path) => clean().delete(path)),
  };
}

function hashSettings(root: string): string {
  const hash = createHash('sha256');
  for (const name of SETTINGS) hash.update(readFileSync(join(root, name)));
  return hash.digest('hex').slice(0, 16);
}
