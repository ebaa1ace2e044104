import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Db } from '../../db/server/connection.ts';
import { databaseUrl } from '../../db/server/server.ts';
import { environmentWith } from './environment.ts';
import type { Task } from './lane-child.ts';
import { testServerUrl } from './server.ts';
import { waitUntil } from './signal.ts';
import { expireLeases } from './sync-rows.ts';
import type { SyncWorld } from './sync.ts';

/**
 * Thirty processes load the same files. A killed one keeps nothing of what it compiled, so the cache of
 * the whole run serves better than one of its own.
 */
const CACHE = {
  NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? join(tmpdir(), 'twinbox-compile-cache'),
};

/**
 * Starts a worker for each failpoint, which is killed there: `prepare` makes the work, `after`
 * checks once the worker is dead and its transaction and lease have ended. Throws if one of them
 * ended in another way.
 */
export async function killAtEach<T>(
  world: SyncWorld,
  points: string[],
  { prepare, after }: { prepare: () => Promise<T>; after: (prepared: T, point: string) => Promise<void> },
): Promise<void> {
  const workers = createWorkers(await databaseUrlOf(world.db));
  try {
    for (const point of points) {
      const prepared = await prepare();
      const passed = await workers.work(world, `${point}=kill`);
      if (passed !== null) throw new Error(`not killed at ${point}: ${passed.join(' ')}`);
      await after(prepared, point);
    }
  } finally {
    workers.end();
  }
}

export type Workers = {
  /**
   * Lets a worker do the due work of this world, at the world's time. Returns the failpoints that
   * it passed, or null if it was killed; then its transaction and its lease have ended. Throws if
   * it ended in another way.
   */
  work(
    world: Pick<SyncWorld, 'db' | 'clock' | 'simulator' | 'integration'>,
    failpoints?: string,
  ): Promise<string[] | null>;
  end(): void;
};

/** Workers as processes of their own; while one works the next one loads. */
export function createWorkers(url: string): Workers {
  let next = startChild(url);
  return {
    async work({ db, clock, simulator, integration: { system } }, failpoints = '') {
      const child = next;
      next = startChild(url);
      const time = clock.now().toISOString();
      const { code, signal, output } = await child.run({
        simulator: simulator.url,
        system,
        time,
        failpoints,
      });
      if (signal !== 'SIGKILL') {
        if (code !== 0) throw new Error(`the worker ended with ${signal ?? code}`);
        return JSON.parse(output) as string[];
      }
      await backendsEnd(db);
      await expireLeases(db);
      return null;
    },
    end: () => next.end(),
  };
}

type Ended = { code: number | null; signal: NodeJS.Signals | null; output: string };
type Child = { run(task: Task): Promise<Ended>; end(): void };

/** A worker that is loaded and waits. */
function startChild(url: string): Child {
  const script = new URL('./lane-child.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, url], {
    env: environmentWith(CACHE),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  return {
    run: async (task) => {
      const closed = once(child, 'close');
      child.stdin.write(`${JSON.stringify(task)}\n`);
      const [code, signal] = (await closed) as [number | null, NodeJS.Signals | null];
      return { code, signal, output };
    },
    end: () => void child.kill('SIGKILL'),
  };
}

/** The transaction of a killed process ends when the server notices. */
async function backendsEnd(db: Db): Promise<void> {
  const gone = async (): Promise<boolean> => {
    const { rows } = await db.raw<{ rows: unknown[] }>(
      `select 1 from pg_stat_activity where datname = current_database() and application_name = 'lane-child'`,
    );
    return rows.length === 0;
  };
  await waitUntil(gone, {
    timeoutMs: 10_000,
    everyMs: 5,
    what: 'the end of the killed process’s connections',
  });
}

async function databaseUrlOf(db: Db): Promise<string> {
  const { rows } = await db.raw<{ rows: { name: string }[] }>(`select current_database() as name`);
  return databaseUrl(await testServerUrl(), rows[0]?.name ?? '');
}
