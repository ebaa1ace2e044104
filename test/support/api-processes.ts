// API processes that a test starts, asks and kills.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Db } from '../../db/server/connection.ts';
import { demandDescribed, describedRoutes } from '../api/described.ts';
import { environmentWith } from './environment.ts';
import { waitUntil } from './signal.ts';

export type ApiProcess = {
  url: string;
  /** Null if the process died before it answered. */
  send(method: string, path: string, request: { key?: string; body?: unknown }): Promise<Said | null>;
  kill(): Promise<void>;
  /** Resolves when the process has ended. */
  ended: Promise<unknown>;
};

export type Said = { status: number; replayed: boolean; text: string; headers: Headers };

export async function startApiProcess(url: string, failpoints = ''): Promise<ApiProcess> {
  const script = new URL('./api-child.ts', import.meta.url).pathname;
  const child: ChildProcess = spawn(process.execPath, [script, url, failpoints], {
    env: environmentWith({}),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const [line] = (await once(child.stdout ?? child, 'data')) as unknown[];
  const address = String(line).trim();
  const routes = describedRoutes();
  return {
    url: address,
    ended,
    async send(method, path, { key, body }) {
      let said: Said;
      try {
        const response = await fetch(address + path, {
          method,
          headers: {
            ...(body !== undefined && { 'Content-Type': 'application/json' }),
            ...(key !== undefined && { 'Idempotency-Key': key }),
          },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        });
        const { status, headers } = response;
        const replayed = headers.get('Idempotent-Replayed') === 'true';
        const text = await response.text();
        said = { status, replayed, headers, text };
      } catch (error) {
        // The only reason for no answer here: the process was killed.
        if (child.exitCode === null && child.signalCode === null) await ended;
        if (child.signalCode === 'SIGKILL') return null;
        throw error;
      }
      demandDescribed({ routes }, { method, url: path, answer: said });
      return said;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** The transactions of killed processes have ended: the server notices a dead client by itself. */
export async function transactionsEnd(db: Db): Promise<void> {
  const gone = async (): Promise<boolean> => {
    const { rows } = await db.raw<{ rows: unknown[] }>(
      `select from pg_stat_activity where datname = current_database() and application_name = 'api-child' and state <> 'idle'`,
    );
    return rows.length === 0;
  };
  await waitUntil(gone, { timeoutMs: 10_000, what: 'the end of the killed process’s transactions' });
}
