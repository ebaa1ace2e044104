// The commands of docs/restore.md, run as written.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import type { serverAccount } from '../../cli/embedded/binaries.ts';
import type { Finished } from '../support/child.ts';
import { bareEnvironment } from '../support/environment.ts';
import type { Installed } from '../db/installed-server.ts';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../..');

/** The blocks of one section in a language, in order. Throws for a heading that does not exist. */
export async function blocksOf(heading: string, language: 'sh' | 'text' = 'sh'): Promise<string[]> {
  const page = await readFile(resolve(ROOT, 'docs/restore.md'), 'utf8');
  const section = page.split(/^#{2,3} /m).find((text) => text.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`docs/restore.md has no section ${heading}`);
  const blocks = section.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'));
  return [...blocks].map(([, text = '']) => text);
}

/**
 * Runs one block, in a shell in which `npx twinbox` is this program and the others are those of an
 * installation.
 */
export async function runBlock(
  { bin }: Installed,
  block: string,
  variables: Record<string, string>,
  /** Whose programs these are: PostgreSQL's own refuse to run as root. */
  as: Awaited<ReturnType<typeof serverAccount>> & { cwd?: string } = {},
): Promise<Finished> {
  const script = `set -euo pipefail
npx() { shift; '${process.execPath}' '${resolve(ROOT, 'cli/main.ts')}' "$@"; }
${block}`;
  const env = bareEnvironment({ ...variables, PATH: `${bin}:${bareEnvironment()['PATH'] ?? ''}` });
  try {
    const { stdout, stderr } = await run('bash', ['-c', script], { ...as, env, maxBuffer: 64 * 1024 * 1024 });
    return { code: 0, stdout, stderr };
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'number') throw error;
    const { stdout, stderr } = error as unknown as { stdout: string; stderr: string };
    return { code: error.code, stdout, stderr };
  }
}
