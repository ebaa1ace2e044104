import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export type UpProcess = {
  api: string;
  simulator: string;
  pid: number;
  child: ChildProcess;
  exited: Promise<unknown>;
};

/** `npx twinbox up`, of this checkout or of another one. */
export async function startUp(
  env: Record<string, string | undefined>,
  cwd: string,
  checkout = join(import.meta.dirname, '..'),
): Promise<UpProcess> {
  const command = join(checkout, 'cli/bin.mjs');
  const child = spawn(process.execPath, [command, 'up', '--json'], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    exited.then(() => []),
  ]);
  if (typeof line[0] !== 'string') throw new Error('twinbox up did not start');
  const { api, simulator, pid } = JSON.parse(line[0]) as { api: string; simulator: string; pid: number };
  return { api, simulator, pid, child, exited };
}
