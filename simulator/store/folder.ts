/**
 * Makes the data folder and the missing folders above it, for this user only, or says why data
 * cannot be kept in it.
 */
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Data cannot be kept in the data folder. */
export class FolderUnusableError extends Error {
  override readonly name = 'FolderUnusableError';
  readonly code = 'folder_unusable';
}

export function makeFolder(folder: string): void {
  try {
    make(folder);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.replace(/, mkdir .*/s, '') : String(cause);
    throw new FolderUnusableError(
      `Data cannot be kept in the simulator's data folder ${folder.slice(0, 120)} (${why}). Set SIMULATOR_DATA_DIR to a folder that this user can write to.`,
      { cause },
    );
  }
}

/** Not `recursive: true`: if the kernel allows no folders (`/proc`), Node tries that for ever. */
function make(folder: string): void {
  try {
    return mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (isFolder(folder)) return;
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!missing || dirname(folder) === folder) throw error;
    make(dirname(folder));
  }
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process made the folder first.
    if (!isFolder(folder)) throw error;
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    // A path that cannot be read cannot be used either; making the folder gives the reason.
    return false;
  }
}
