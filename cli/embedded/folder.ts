// Creates the data folder of a process, and reports at once if nothing can be stored in it.
import { randomBytes } from 'node:crypto';
import { access, constants, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../../lib/errors.ts';
import { hasCode } from './files.ts';

/**
 * Creates the folder and its parents if they are missing, and tries to write a file in it. Throws
 * `folder_unusable`.
 */
export async function prepareFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
    const trial = join(folder, `trial-${process.pid}-${randomBytes(4).toString('hex')}`);
    await writeFile(trial, '', { flag: 'wx', mode: 0o600 });
    await rm(trial, { force: true });
  } catch (error) {
    throw folderUnusable(folder, error) ?? error;
  }
}

/**
 * Not with `recursive: true`: if the kernel creates no folders (`/proc`), Node then tries for ever.
 */
async function makeFolder(folder: string): Promise<void> {
  try {
    return await mkdir(folder);
  } catch (error) {
    if (hasCode(error, 'EEXIST') && (await stat(folder)).isDirectory()) return;
    const parent = dirname(folder);
    if (!hasCode(error, 'ENOENT') || parent === folder) throw error;
    await makeFolder(parent);
  }
  await mkdir(folder).catch(async (error: unknown) => {
    // Another process was quicker.
    if (!hasCode(error, 'EEXIST') || !(await stat(folder)).isDirectory()) throw error;
  });
}

/** Only reads: returns the folder, or its nearest parent that exists. Throws `folder_unusable`. */
export async function inspectFolder(folder: string): Promise<string> {
  try {
    const info = await stat(folder);
    if (!info.isDirectory()) throw Object.assign(new Error('no folder'), { code: 'EEXIST' });
    await access(folder, constants.W_OK | constants.X_OK);
    return folder;
  } catch (error) {
    const parent = dirname(folder);
    if (hasCode(error, 'ENOENT') && parent !== folder) return await inspectFolder(parent);
    throw folderUnusable(folder, error) ?? error;
  }
}

const WHY: Record<string, string> = {
  EEXIST: 'a file is in its place',
  ENOTDIR: 'a part of the path is a file',
  ENOENT: 'no folder can be created there',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'it is read-only',
  ENAMETOOLONG: 'the path is too long',
  ELOOP: 'its symbolic links form a circle',
  ENOSPC: 'the disk is full',
  EDQUOT: 'this user’s share of the disk is used up',
};

/** The error for a failed call of the file system; null if the error is of another kind. */
export function folderUnusable(folder: string, error: unknown): AppError | null {
  const why = whyUnusable(error);
  if (why === null) return null;
  const shown = folder.length > 120 ? `${folder.slice(0, 119)}…` : folder;
  return new AppError('folder_unusable', {
    cause: error,
    detail: `Nothing can be kept in ${shown}: ${why}. Let TWINBOX_DATA_DIR name a folder that this user can write to`,
  });
}

/** Why the file system refused a call, for people; null if the error is of another kind. */
export function whyUnusable(error: unknown): string | null {
  return error instanceof Error && 'code' in error ? (WHY[String(error.code)] ?? null) : null;
}
