// An archive of the broker's classes in the JVM's memory format (AppCDS). The first orderly stop
// creates it; later starts then take half the time.
import { randomUUID } from 'node:crypto';
import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../files.ts';

export type ClassArchive = {
  /** Options for the command line of Java. */
  options: string[];
  /** Has to be called when the JVM has ended. */
  keep(): Promise<void>;
};

export async function openClassArchive(folder: string): Promise<ClassArchive> {
  const path = join(folder, 'classes.jsa');
  if (await isThere(path)) {
    // Java silently ignores an archive of another Java version.
    return { options: ['-Xshare:auto', `-XX:SharedArchiveFile=${path}`], keep: () => Promise.resolve() };
  }
  const part = `${path}.${randomUUID()}`;
  return {
    options: [`-XX:ArchiveClassesAtExit=${part}`],
    async keep() {
      // After a kill there is no archive.
      if (await isThere(part)) await rename(part, path);
      await rm(part, { force: true });
    },
  };
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
