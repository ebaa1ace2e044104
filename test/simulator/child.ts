/** The simulator as a child process, to be killed. */
import { bareEnvironment } from '../support/environment.ts';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export type Child = { port: number; pid: number; kill(signal: NodeJS.Signals): Promise<number | null> };
export type FailedChild = { code: number | null; stderr: string };

const MAIN = fileURLToPath(new URL('../../simulator/main.ts', import.meta.url));

/** Starts it on a free port; resolves when it listens, or when it has ended without ever listening. */
export function startChild(settings: Record<string, string>): Promise<Child | FailedChild> {
  const defaults = {
    SIMULATOR_PORT: '0',
    SIMULATOR_GLOBAL_PER_SECOND: 'off',
    SIMULATOR_ENDPOINT_PER_SECOND: 'off',
  };
  const env = bareEnvironment({ ...defaults, ...settings });
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const port = /:(\d+)\n/.exec(text)?.[1];
      if (port === undefined) return;
      resolve({
        port: Number(port),
        pid: child.pid ?? 0,
        kill(signal) {
          child.kill(signal);
          return ended;
        },
      });
    });
    void ended.then((code) => resolve({ code, stderr }));
  });
}

export function listening(child: Child | FailedChild): Child {
  if ('port' in child) return child;
  throw new Error(`The simulator did not start: ${child.stderr}`);
}
