import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestDatabase } from '../database.ts';
import { environmentWith } from '../environment.ts';
import { waitUntil } from '../signal.ts';
import { expireLeases } from '../sync-rows.ts';
import type { ShopTask } from './worker-child.ts';
import type { ShopSide, ShopWorld } from './world.ts';

/**
 * Lets a worker of its own process do the due work at this side. Returns the failpoints that it passed,
 * or null if it was killed at one; then its transaction and its lease have ended.
 */
export async function workInChild(
  { url, db }: TestDatabase,
  { clock }: ShopWorld,
  { shop, system }: ShopSide,
  failpoints = '',
): Promise<string[] | null> {
  const script = new URL('./worker-child.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, url], {
    env: environmentWith({}),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const closed = once(child, 'close');
  const task: ShopTask = { url: shop.url, system, time: clock.now().toISOString(), failpoints };
  child.stdin.write(`${JSON.stringify(task)}\n`);
  const [code, signal] = (await closed) as [number | null, NodeJS.Signals | null];
  if (signal !== 'SIGKILL') {
    if (code !== 0) throw new Error(`the worker ended with ${signal ?? code}`);
    return JSON.parse(output) as string[];
  }
  const gone = async (): Promise<boolean> => {
    const { rows } = await db.raw<{ rows: unknown[] }>(
      `select 1 from pg_stat_activity where datname = current_database() and application_name = 'shop-child'`,
    );
    return rows.length === 0;
  };
  await waitUntil(gone, {
    timeoutMs: 10_000,
    everyMs: 5,
    what: 'the end of the killed worker’s connections',
  });
  await expireLeases(db);
  return null;
}
