// Api, relay, worker and simulator as the processes of a deployment, started and killed by the
// test.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { isReadySign } from '../../lib/process/ready-sign.ts';
import { bareEnvironment } from '../support/environment.ts';

export type Kind = 'api' | 'relay' | 'worker' | 'simulator';

export type LogLine = { event: string; level: string; why?: string } & Record<string, unknown>;

export type Member = {
  kind: Kind;
  pid: number;
  /** The address of /health and /ready; for the simulator, its own address. */
  url: string;
  log(): LogLine[];
  /** Sends the signal and returns the exit status, null if a signal ended the process. */
  end(signal: NodeJS.Signals): Promise<number | null>;
  isAlive(): boolean;
};

export type Ended = { code: number | null; output: string };

export type Fleet = {
  /** Resolves when the process is ready; throws with its output if it ended before. */
  start(kind: Kind, env?: Record<string, string>): Promise<Member>;
  /** For a start that has to fail: returns the result. */
  fail(kind: Kind, env?: Record<string, string>): Promise<Ended>;
  members(kind?: Kind): Member[];
  endAll(): Promise<void>;
};

const ROOT = resolve(import.meta.dirname, '../..');
const MAIN: Record<Kind, string> = {
  api: 'api/main.ts',
  relay: 'relay/main.ts',
  worker: 'workers/main.ts',
  simulator: 'simulator/main.ts',
};

/** `settings` is called at each start. */
export function createFleet(settings: () => Record<string, string>): Fleet {
  const running = new Map<ChildProcess, Member>();

  function launch(kind: Kind, env: Record<string, string>) {
    const child = spawn(process.execPath, [join(ROOT, MAIN[kind])], {
      env: bareEnvironment({ LOG_FORMAT: 'json', HEALTH_PORT: '0', ...settings(), ...env }),
      // Away from the .env of this repository.
      cwd: settings()['TWINBOX_DATA_DIR'] ?? '/',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
    const closed = once(child, 'close').then(([code]) => code as number | null);
    return { child, output: () => output, closed };
  }

  async function start(kind: Kind, env: Record<string, string> = {}): Promise<Member> {
    const { child, output, closed } = launch(kind, env);
    const up = kind === 'simulator' ? seen(child, / listens on (\S+)\n/) : ready(child);
    const first = await Promise.race([up, closed]);
    if (typeof first === 'number' || first === null)
      throw new Error(`${kind} ended with ${first}: ${output()}`);
    const log = (): LogLine[] => output().split('\n').flatMap(toLine);
    const member: Member = {
      kind,
      pid: child.pid ?? 0,
      url: kind === 'simulator' ? first : addressIn(log()),
      log,
      async end(signal) {
        child.kill(signal);
        return await closed;
      },
      isAlive: () => child.exitCode === null && child.signalCode === null,
    };
    running.set(child, member);
    void closed.then(() => running.delete(child));
    return member;
  }

  return {
    start,
    async fail(kind, env = {}) {
      const { output, closed } = launch(kind, env);
      return { code: await closed, output: output() };
    },
    members: (kind) => [...running.values()].filter((one) => kind === undefined || one.kind === kind),
    async endAll() {
      await Promise.all([...running.values()].map((one) => one.end('SIGKILL')));
    },
  };
}

async function ready(child: ChildProcess): Promise<string> {
  for (;;) {
    const [message] = (await once(child, 'message')) as [unknown];
    if (isReadySign(message)) return 'ready';
  }
}

async function seen(child: ChildProcess, pattern: RegExp): Promise<string> {
  let text = '';
  for (;;) {
    const [part] = (await once(child.stdout ?? child, 'data')) as [string];
    text += part;
    const found = pattern.exec(text)?.[1];
    if (found !== undefined) return found;
  }
}

function toLine(text: string): LogLine[] {
  return text.startsWith('{') ? [JSON.parse(text) as LogLine] : [];
}

/** A process that consists of several prints it in the lines of each. */
function addressIn(log: LogLine[]): string {
  const started = log.filter(({ event }) => event === 'process.started');
  const addresses = started.flatMap(({ url, health }) => [url, health]);
  return addresses.find((address): address is string => typeof address === 'string') ?? '';
}
