// The broker's classes as the JVM wants them in memory (AppCDS): halves every start but the first,
// whose orderly stop makes it.
import { randomUUID } from 'node:crypto';
import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../files.ts';

export type ClassArchive = {
  /** For the command line. */
  options: string[];
  /** To be called when the JVM has ended. */
  keep(): Promise<void>;
};

export async function openClassArchive(folder: string): Promise<ClassArchive> {
  const path = join(folder, 'classes.jsa');
  if (await isThere(path)) {
    // Java ignores an archive that another version of Java has made, and logs nothing.
    return { options: ['-Xshare:auto', `-XX:SharedArchiveFile=${path}`], keep: () => Promise.resolve() };
  }
  const part = `${path}.${randomUUID()}`;
  return {
    options: [`-XX:ArchiveClassesAtExit=${part}`],
    async keep() {
      // There is none after a kill.
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
