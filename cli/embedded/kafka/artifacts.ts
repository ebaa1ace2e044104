// Fetches Java programs from their Maven artifacts, once, and keeps them: above all a real Apache Kafka. No
// container engine and no manual download is needed.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '../../../lib/errors.ts';
import { hasCode, isMissing } from '../files.ts';

const run = promisify(execFile);

export const KAFKA_VERSION = '4.3.1';

/**
 * Artifacts that a broker without OAuth, tiered storage and native codecs does not need: 28 MB
 * instead of 44.
 */
const EXCLUDED = [
  'com.github.luben:zstd-jni',
  'org.xerial.snappy:snappy-java',
  'org.scala-lang:scala-reflect',
  'com.fasterxml.jackson.dataformat:jackson-dataformat-csv',
  'com.github.ben-manes.caffeine:caffeine',
  'org.bitbucket.b_c:jose4j',
  'commons-beanutils:commons-beanutils',
  'commons-collections:commons-collections',
  'commons-digester:commons-digester',
];

// kafka-tools is for Kafka's own console clients, whose other jars the broker has already. Without
// an slf4j binding Kafka logs nothing; slf4j-simple needs no configuration file.
const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>twinbox</groupId><artifactId>kafka-broker</artifactId><version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${KAFKA_VERSION}</version>
      <exclusions>${EXCLUDED.map(exclusion).join('')}</exclusions>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>${KAFKA_VERSION}</version>
      <exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>
    </dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`;

const GOAL = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
const CACHE = join(import.meta.dirname, '../../../node_modules/.cache/twinbox');

export type Artifacts = {
  /** In messages: 'Apache Kafka'. */
  what: string;
  /** Of the folder that keeps them: 'kafka'. */
  name: string;
  version: string;
  pom: string;
};

const KAFKA: Artifacts = { what: 'Apache Kafka', name: 'kafka', version: KAFKA_VERSION, pom: POM };

export type Jars = {
  /**
   * For `java -cp`; always in the same order, since an AppCDS archive is valid only for that order.
   */
  classpath: string;
  folder: string;
};

export async function kafkaJars(say: (text: string) => void): Promise<Jars> {
  return await mavenJars(KAFKA, say);
}

/** Throws `kafka_unavailable` if Java, Maven or the artifacts are not available. */
export async function mavenJars(artifacts: Artifacts, say: (text: string) => void): Promise<Jars> {
  const { what, name, version, pom } = artifacts;
  await requireProgram('java', ['-version'], `${what} needs Java 17 or newer`);
  const key = createHash('sha256').update(pom).digest('hex').slice(0, 8);
  const folder = join(CACHE, `${name}-${version}-${key}`);
  const jars = (await jarsIn(folder)) ?? (await fetchJars(folder, artifacts, say));
  return { folder, classpath: jars.join(':') };
}

async function jarsIn(folder: string): Promise<string[] | undefined> {
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => name.endsWith('.jar'))
      .sort()
      .map((name) => join(folder, name));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function fetchJars(
  folder: string,
  { what, version, pom }: Artifacts,
  say: (text: string) => void,
): Promise<string[]> {
  await requireProgram('mvn', ['-version'], `${what} needs Maven`);
  say(`fetching ${what} ${version} with Maven, once`);
  await mkdir(dirname(folder), { recursive: true });
  // Fetched into another folder and then renamed, so that an interrupted fetch never looks
  // complete.
  const part = await mkdtemp(`${folder}-`);
  try {
    await writeFile(join(part, 'pom.xml'), pom);
    const args = ['-B', '-q', '-ntp', GOAL, '-DincludeScope=runtime', `-DoutputDirectory=${part}`];
    await run('mvn', args, { cwd: part, timeout: 300_000 }).catch((cause: unknown) => {
      throw unavailable(`Maven could not fetch ${what} ${version}: ${lastLine(cause)}`, cause);
    });
    await rename(part, folder).catch((error: unknown) => {
      // Another process was quicker; its jars are the same.
      if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    });
  } finally {
    await rm(part, { recursive: true, force: true });
  }
  return (await jarsIn(folder)) ?? [];
}

async function requireProgram(program: string, args: string[], needs: string): Promise<void> {
  await run(program, args).catch((cause: unknown) => {
    throw unavailable(`${needs}, and \`${program}\` does not run on this machine`, cause);
  });
}

function unavailable(detail: string, cause: unknown): AppError {
  return new AppError('kafka_unavailable', { detail, cause });
}

function lastLine(error: unknown): string {
  const output = error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error);
  return output.split('\n').find((line) => line.startsWith('[ERROR]')) ?? String(error);
}

function exclusion(name: string): string {
  const [group, artifact] = name.split(':');
  return `<exclusion><groupId>${group}</groupId><artifactId>${artifact}</artifactId></exclusion>`;
}
