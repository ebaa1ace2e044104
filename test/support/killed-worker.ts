import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { databaseUrl } from '../../db/server.ts';
import { environmentWith } from './environment.ts';
import { testServerUrl } from './server.ts';
import { waitUntil } from './signal.ts';
import { expireLeases } from './sync-rows.ts';
import type { SyncWorld } from './sync.ts';

/** Thirty processes load the same files. */
const CACHE = { NODE_COMPILE_CACHE: join(tmpdir(), 'twinbox-compile-cache') };

/**
 * For each failpoint a worker of its own, which is killed there: `prepare` brings about what it is to do, `after` looks once it is
 * dead, its transaction is over and its lease too. Throws if one of them ended in another way.
 */
export async function killAtEach<T>(
  world: SyncWorld,
  points: string[],
  { prepare, after }: { prepare: () => Promise<T>; after: (prepared: T, point: string) => Promise<void> },
): Promise<void> {
  const url = databaseUrl(await testServerUrl(), await databaseName(world));
  const start = (point: string | undefined) => (point === undefined ? null : startChild(world, url, point));
  let child = start(points[0]);
  let next: ReturnType<typeof start> = null;
  try {
    for (const [index, point] of points.entries()) {
      next = start(points[index + 1]); // loads while this one works
      const prepared = await prepare();
      const end = await child?.run();
      if (end !== 'SIGKILL') throw new Error(`not killed at ${point}: ${String(end)}`);
      await backendsEnd(world);
      await expireLeases(world.db);
      await after(prepared, point);
      child = next;
    }
  } finally {
    child?.end();
    next?.end();
  }
}

type Child = { run(): Promise<unknown>; end(): void };

/** One that is loaded and waits; `run` lets it go and answers by what it ended. */
function startChild(world: SyncWorld, url: string, point: string): Child {
  const script = new URL('./lane-child.ts', import.meta.url).pathname;
  const enable = new URL('./enable-failpoints.ts', import.meta.url).href;
  const child = spawn(process.execPath, ['--import', enable, script, url, world.simulator.url], {
    env: environmentWith({ ...CACHE, FAILPOINTS: `${point}=kill` }),
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  return {
    run: async () => {
      const ended = once(child, 'exit');
      // It works at the time that it is now, not when it was loaded.
      child.stdin.write(`${world.clock.now().toISOString()}\n`);
      return ((await ended) as unknown[])[1];
    },
    end: () => void child.kill('SIGKILL'),
  };
}

/** A transaction of a killed process ends when the server notices. */
async function backendsEnd(world: SyncWorld): Promise<void> {
  const gone = async (): Promise<boolean> => {
    const { rows } = await world.db.raw<{ rows: unknown[] }>(
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

async function databaseName(world: SyncWorld): Promise<string> {
  const { rows } = await world.db.raw<{ rows: { name: string }[] }>(`select current_database() as name`);
  return rows[0]?.name ?? '';
}
