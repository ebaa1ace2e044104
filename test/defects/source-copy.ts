import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Defect, Edit } from './defect.ts';

/** Folders that no test needs, or that no test may change. */
const LEFT_OUT = new Set(['node_modules', '.git', '.twinbox', '.env', 'coverage']);

const ROOT = join(import.meta.dirname, '../..');

/** Copies the whole source to `folder`, which is created; its packages are those of the original. */
export async function copySource(folder: string): Promise<void> {
  await cp(ROOT, folder, {
    recursive: true,
    filter: (source) => !LEFT_OUT.has(source.slice(ROOT.length + 1)),
  });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
}

/**
 * Puts the defect into a copy of the source; the returned function removes it again. Throws, and
 * changes nothing, if it is stale.
 */
export async function applyDefect(folder: string, { name, edits }: Defect): Promise<() => Promise<void>> {
  const before = new Map<string, string>();
  const after = new Map<string, string>();
  for (const { file, find, replace } of edits) {
    const source = after.get(file) ?? (await readFile(join(folder, file), 'utf8'));
    if (!before.has(file)) before.set(file, source);
    const places = source.split(find).length - 1;
    if (places !== 1) throw new StaleDefect(name, file, places);
    after.set(
      file,
      source.replace(find, () => replace),
    );
  }
  await writeAll(folder, after);
  return () => writeAll(folder, before);
}

/** The source has changed under a defect: record its text again, or the defect proves nothing. */
export class StaleDefect extends Error {
  constructor(name: string, file: Edit['file'], places: number) {
    super(`the defect "${name}" is stale: its text stands ${places} times in ${file}, not once`);
  }
}

async function writeAll(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  for (const [file, text] of files) await writeFile(join(folder, file), text);
}
