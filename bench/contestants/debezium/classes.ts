// Debezium's artifacts, and our program compiled against them: both once, and kept.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mavenJars } from '../../../cli/embedded/kafka/artifacts.ts';
import { hasCode, isMissing } from '../../../cli/embedded/files.ts';
import { AppError } from '../../../lib/errors.ts';

const run = promisify(execFile);

export const DEBEZIUM_VERSION = '3.6.1.Final';

const SOURCE = join(import.meta.dirname, 'Relay.java');

/** The class path of the program; throws `kafka_unavailable` if Java, Maven or the artifacts are not available. */
export async function debeziumClasses(): Promise<string> {
  const pom = await readFile(join(import.meta.dirname, 'pom.xml'), 'utf8');
  const artifacts = { what: 'Debezium', name: 'debezium', version: DEBEZIUM_VERSION, pom };
  const { folder, classpath } = await mavenJars(artifacts, (line) => console.log(line));
  const source = await readFile(SOURCE);
  const classes = join(folder, `relay-${createHash('sha256').update(source).digest('hex').slice(0, 8)}`);
  if (!(await exists(classes))) await compile(classes, classpath);
  return `${classpath}:${classes}`;
}

/** Into another folder that is then renamed, so that what is broken off never looks complete. */
async function compile(classes: string, classpath: string): Promise<void> {
  const part = await mkdtemp(`${classes}-`);
  try {
    await run('javac', ['-nowarn', '-d', part, '-cp', classpath, SOURCE]).catch((cause: unknown) => {
      const detail = `the program for Debezium needs a JDK: \`javac\` failed: ${String(cause)}`;
      throw new AppError('kafka_unavailable', { detail, cause });
    });
    await rename(part, classes).catch((error: unknown) => {
      // Another process was quicker; its classes are the same.
      if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    });
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
