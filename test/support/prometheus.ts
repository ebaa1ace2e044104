// Prometheus and promtool for tests: those of the machine, or, in CI, of the Debian package `prometheus`.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Context } from 'mocha';
import { waitUntil } from './signal.ts';

const has = (program: string): boolean => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;

/** Skips the suite with one loud line if the machine has none; in CI it is installed, or the suite fails. */
export function needPrometheus(test: Context): void {
  const isCi = process.env['CI'] === 'true';
  if (isCi && !has('promtool')) {
    spawnSync('apt-get', ['update'], { stdio: 'ignore' });
    spawnSync('apt-get', ['install', '--yes', '--no-install-recommends', 'prometheus'], { stdio: 'ignore' });
  }
  if (has('promtool') && has('prometheus')) return;
  if (isCi) throw new Error('there is no promtool, and the package "prometheus" could not be installed');
  console.log('    NOT TESTED: alerts and dashboards need Prometheus: apt-get install prometheus');
  test.skip();
}

export function promtool(...args: string[]): { code: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
  return { code: status, said: stdout + stderr };
}

export interface Prometheus {
  /** The series that a query returns now. */
  query(expr: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]>;
  stop(): Promise<void>;
}

/** Reads a target and looks at the rules every second; its data is in the folder. */
export async function startPrometheus(
  folder: string,
  { target, key, rules }: { target: string; key: string; rules: string },
): Promise<Prometheus> {
  const config = join(folder, 'prometheus.json');
  await writeFile(
    config,
    JSON.stringify({
      global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
      rule_files: [rules],
      scrape_configs: [
        { job_name: 'twinbox', authorization: { credentials: key }, static_configs: [{ targets: [target] }] },
      ],
    }),
  );
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'tsdb')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  const isReady = async (): Promise<boolean> =>
    await fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  await waitUntil(isReady, { timeoutMs: 20_000, everyMs: 100, what: 'Prometheus is ready' });
  return {
    async query(expr) {
      const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expr)}`);
      const body = (await answer.json()) as {
        status: string;
        error?: string;
        data: { result: { metric: Record<string, string>; value: [number, string] }[] };
      };
      if (body.status !== 'success') throw new Error(`${expr}: ${body.error ?? 'no answer'}`);
      return body.data.result;
    },
    stop: () => stop(child),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
