// The image's /app as a folder of this machine: the files that the Dockerfile copies, and the packages by its own npm line.
import { exec } from 'node:child_process';
import { cp, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { environmentWith } from '../support/environment.ts';
import { ROOT } from './compose.ts';
import { copiesOf, filesToCopy, instructionsOf, readStages, type Stage } from './dockerfile.ts';

const run = promisify(exec);

/** The registry of packages did not answer; nothing is wrong with the Dockerfile. */
export class NoRegistry extends Error {
  override readonly name = 'NoRegistry';
}

const NPM_MS = 90_000;

export async function buildImageFolder(folder: string): Promise<void> {
  const stages = readStages();
  const npmLines = stages
    .flatMap((stage) => instructionsOf(stage, 'RUN'))
    .filter((line) => line.startsWith('npm '));
  // Installed before the other files are copied, as in the image: no script of ours may be needed
  // for it.
  await copy(stages[0], folder);
  for (const line of npmLines) await runNpm(line, folder);
  await copy(stages.at(-1), folder);
}

async function copy(stage: Stage | undefined, folder: string): Promise<void> {
  for (const { from, to } of copiesOf(stage)) {
    for (const file of filesToCopy(from)) {
      const target = join(folder, to, file.slice(from.length));
      await mkdir(dirname(target), { recursive: true });
      await cp(join(ROOT, file), target);
    }
  }
}

async function runNpm(line: string, folder: string): Promise<void> {
  const env = environmentWith({ npm_config_prefer_offline: 'true', npm_config_fetch_retries: '1' });
  await run(line, { cwd: folder, env, timeout: NPM_MS }).catch((error: unknown) => {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    const unreachable = /E(NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|TIMEDOUT|NETUNREACH|HOSTUNREACH)/.exec(
      said,
    );
    const tookTooLong = error instanceof Error && 'killed' in error && error.killed === true;
    if (unreachable || tookTooLong)
      throw new NoRegistry(unreachable?.[0] ?? `no end within ${NPM_MS / 1000} s`);
    throw error;
  });
}
