// How a contestant's program is started as a process of its own, and ended.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { bareEnvironment } from '../../test/support/environment.ts';
import type { Running, World } from './contestant.ts';

export type Program = {
  command?: string;
  args: readonly string[];
  env?: Record<string, string>;
};

/** Starts it in the world's folder; what it prints as an error is seen. Ends it by SIGTERM. */
export function startProgram({ command = process.execPath, args, env = {} }: Program, world: World): Running {
  const child = spawn(command, args, {
    cwd: world.folder,
    env: bareEnvironment(env),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  const state = { stopping: false };
  void ended.then(() => {
    if (!state.stopping)
      console.error(`*** ${args.join(' ').slice(0, 120)} ended by itself: ${endOf(child)} ***`);
  });
  if (child.pid === undefined) throw new Error(`${command} does not start`);
  return {
    pid: child.pid,
    async stop() {
      state.stopping = true;
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
      child.kill('SIGTERM');
      await ended;
      clearTimeout(late);
    },
  };
}

function endOf({ exitCode, signalCode }: ChildProcess): string {
  return signalCode ?? `exit status ${exitCode}`;
}

/** Runs a contestant's own file as its program, which reads the world again by `worldOfArguments`. */
export function startFile(file: string, world: World, ...more: string[]): Running {
  // kafkajs 2.2.4 sets a timer to a negative time, and Node warns of it.
  const quiet = '--disable-warning=TimeoutNegativeWarning';
  return startProgram({ args: [quiet, file, JSON.stringify(world), ...more] }, world);
}

export function worldOfArguments(): World {
  return JSON.parse(process.argv[2] ?? '{}') as World;
}
