// Starts, kills and stops the demo's system in a process of its own.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CliError, exit } from '../exit.ts';
import type { Announcement } from './child.ts';

export type SystemProcess = {
  pid: number;
  api: string;
  simulator: string | null;
  /** Sends SIGKILL: the process cannot finish anything. */
  kill(): Promise<void>;
  /** Sends SIGTERM, and returns the exit status. */
  stop(): Promise<number | null>;
};

const START_MS = 90_000;

export async function startSystemProcess(
  folder: string,
  { useSettings }: { useSettings: boolean },
): Promise<SystemProcess> {
  const logPath = join(folder, 'twinbox.log');
  const log = await open(logPath, 'a', 0o600);
  const main = fileURLToPath(new URL('./child.ts', import.meta.url));
  // In a process group of its own: Ctrl-C on the terminal goes to the demo, which then stops this
  // process.
  const child = spawn(process.execPath, [main, folder, ...(useSettings ? ['use-settings'] : [])], {
    stdio: ['pipe', 'pipe', log.fd],
    detached: true,
  });
  await log.close();
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const announced = await firstLine(child, exited);
  if ('failed' in announced) throw new CliError(announced.exitCode, announced.failed);
  return {
    pid: child.pid ?? 0,
    ...announced,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async stop() {
      child.kill('SIGTERM');
      return await exited;
    },
  };

  async function firstLine(from: ChildProcess, gone: Promise<number | null>): Promise<Announcement> {
    const timer = setTimeout(() => from.kill('SIGKILL'), START_MS);
    try {
      if (from.stdout === null) throw new Error('the process has no output');
      const lines = createInterface({ input: from.stdout });
      const line = await Promise.race([once(lines, 'line').then(([text]) => String(text)), gone]);
      if (typeof line === 'string') return JSON.parse(line) as Announcement;
      throw new CliError(exit.failed, `The system did not start (status ${line ?? 'none'}); see ${logPath}`);
    } finally {
      clearTimeout(timer);
    }
  }
}
