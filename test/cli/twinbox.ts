/**
 * Runs the command as a process of its own, in a folder of its own, with only the settings that are
 * given.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { removeEmbeddedPostgres } from '../../cli/embedded/remove.ts';
import { ignoreConnectionSettings } from '../../lib/config/config.ts';
import { collect, finish, type Finished } from '../support/child.ts';
import { inEnvironment } from '../support/environment.ts';
import { runHere } from './in-process.ts';

/** These start processes, or are one until they are told to end. */
const STARTING = new Set(['up', 'demo', 'repl', 'simulator']);

const MAIN = resolve(import.meta.dirname, '../../cli/main.ts');

/** Settings with which a command takes its standard input and error for a terminal, on any machine. */
export const AS_TERMINAL = {
  NODE_OPTIONS: `--import=${pathToFileURL(resolve(import.meta.dirname, 'as-terminal.ts')).href}`,
};

export type Up = {
  api: string;
  /** Null: there is none. */
  console: string | null;
  simulator: string;
  pid: number;
  process: ChildProcess;
  /** What it has written to standard error so far. */
  stderr(): string;
  exited: Promise<number | null>;
};

type RunOptions = { env?: Record<string, string>; input?: string };

export type Place = {
  readonly folder: string;
  /**
   * The first run of each command in a place is a process of its own. A later one is a call in this
   * process where it can be: it takes a tenth of the time, and a process of its own would prove the same
   * once more.
   */
  run(args: string[], options?: RunOptions): Promise<Finished>;
  up(env?: Record<string, string>): Promise<Up>;
};

/**
 * Call this in the body of a `describe`; `env` is called when a process starts. Processes that are
 * still running are killed at the end.
 */
export function usePlace(env: () => Record<string, string> = () => ({})): Place {
  let folder = '';
  const running = new Set<ChildProcess>();
  const seen = new Set<string>();
  let isBusy = false;
  before('make a folder', async () => {
    folder = await mkdtemp(join(tmpdir(), 'twinbox-cli-'));
  });
  after('end what runs and remove the folder', async () => {
    for (const child of running) {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    await removeEmbeddedPostgres(join(folder, 'data', 'postgres'));
    await removeEmbeddedPostgres(join(folder, 'data', 'demo', 'postgres'));
    await removeEmbeddedPostgres(join(folder, 'data', 'try', 'postgres'));
    await rm(folder, { recursive: true, force: true });
  });

  const settings = (extra: Record<string, string> = {}): Record<string, string> => ({
    TWINBOX_DATA_DIR: join(folder, 'data'),
    API_PORT: '0',
    SIMULATOR_PORT: '0',
    ...env(),
    ...extra,
  });

  function start(args: string[], extra?: Record<string, string>): ChildProcess {
    const child = spawn(process.execPath, [MAIN, ...args], {
      // Without the .env of this repository.
      cwd: folder,
      env: { ...ignoreConnectionSettings(), ...settings(extra) },
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    return child;
  }

  /**
   * Not what reads standard input or is told how Node runs, not with a program as configuration, which Node
   * loads once, and not beside another call, since both would change the environment of this process.
   */
  function canRunHere(args: string[], { env: extra, input }: RunOptions): boolean {
    const command = args.find((each) => !each.startsWith('-')) ?? '';
    const isFirst = !seen.has(command);
    seen.add(command);
    if (isFirst || STARTING.has(command) || isBusy || input !== undefined || process.stdin.isTTY)
      return false;
    const given = settings(extra);
    const isProgram = (path: string) => /\.[jt]s$/.test(path);
    return !('NODE_OPTIONS' in given) && ![...readdirSync(folder), ...Object.values(given)].some(isProgram);
  }

  async function callHere(args: string[], extra?: Record<string, string>): Promise<Finished> {
    const before = process.cwd();
    isBusy = true;
    try {
      process.chdir(folder);
      return await inEnvironment(settings(extra), () => runHere(...args));
    } finally {
      process.chdir(before);
      isBusy = false;
    }
  }

  return {
    get folder() {
      return folder;
    },
    async run(args, options = {}) {
      if (canRunHere(args, options)) return await callHere(args, options.env);
      return await finish(start(args, options.env), options.input);
    },
    async up(extra) {
      const child = start(['up', '--json'], extra);
      const stderr = collect(child.stderr);
      const exited = once(child, 'exit').then(([code]) => code as number | null);
      if (!child.stdout) throw new Error('no output');
      const line = once(createInterface({ input: child.stdout }), 'line').then(([text]) => String(text));
      const text = await Promise.race([line, exited]);
      if (typeof text !== 'string') throw new Error(`up ended with ${text}: ${stderr()}`);
      const said = JSON.parse(text) as Pick<Up, 'api' | 'console' | 'simulator' | 'pid'>;
      return { ...said, process: child, stderr, exited };
    },
  };
}

/** One JSON request; throws on anything but a 2xx. */
export async function call<T>(method: string, url: string, body?: object): Promise<T> {
  const answer = await fetch(url, {
    method,
    ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text}`);
  return (text === '' ? null : JSON.parse(text)) as T;
}

/** Calls the simulator as an application of the same account does: with a form, as Stripe takes it. */
export async function callStripe<T>(
  { simulator }: Pick<Up, 'simulator'>,
  method: string,
  path: string,
  form?: Record<string, string>,
): Promise<T> {
  const answer = await fetch(`${simulator}${path}`, {
    method,
    headers: { authorization: 'Bearer sk_test_twinbox_fake' },
    ...(form ? { body: new URLSearchParams(form) } : {}),
  });
  return (await answer.json()) as T;
}

export function noLimits({ simulator }: Pick<Up, 'simulator'>): Promise<unknown> {
  return call('PUT', `${simulator}/_sim/rate-limits`, { global_per_second: null, endpoint_per_second: null });
}
