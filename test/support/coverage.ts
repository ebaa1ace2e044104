import { existsSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const ROOMS = ['api', 'cli', 'db', 'lib', 'relay', 'workers'];

/** Prints how much of the code the suites ran, from what V8 left in the folder. */
export async function reportCoverage(folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  if (!existsSync(folder)) return;
  const c8 = join(import.meta.dirname, '../../node_modules/c8/bin/c8.js');
  const included = ROOMS.flatMap((room) => ['--include', `${room}/**/*.ts`]);
  const args = [c8, 'report', '--temp-directory', folder, '--reporter', 'text-summary', '--all', ...included];
  await once(spawn(process.execPath, args, { env, stdio: 'inherit' }), 'exit');
}
