import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { expect } from 'chai';
import { systemClock } from '../../lib/clock.ts';
import { ignoreConnectionSettings } from '../../lib/config/config.ts';
import { rolesPart } from '../../lib/health/roles.ts';
import { collect } from '../support/child.ts';
import { useDatabase } from '../support/database.ts';
import { waitUntil } from '../support/signal.ts';
import { usePlace, type Up } from './twinbox.ts';

type Ready = { status: string; warnings: string[]; published_not_received: { events: number } };
type Status = { roles: Record<string, { living: { process: string }[] }>; problems: string[] };

/** What issue and documentation promise: from the kill or the freeze to the first sign of it. */
const SEEN_WITHIN_MS = 30_000;

describe('a system whose processes die or freeze', () => {
  const database = useDatabase();
  const place = usePlace(() => ({ DATABASE_URL: database.url }));
  let up: Up;
  let api: ChildProcess;
  let apiUrl: string;
  before('everything in one process, and an API of its own beside it', async () => {
    up = await place.up();
    apiUrl = `http://127.0.0.1:${await freePort()}`;
    api = spawn(process.execPath, [resolve(import.meta.dirname, '../../api/main.ts')], {
      cwd: place.folder,
      env: {
        ...ignoreConnectionSettings(),
        DATABASE_URL: database.url,
        // An API never speaks to it.
        KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:1',
        STRIPE_WEBHOOK_SECRET: 'whsec_of_a_test',
        API_PORT: new URL(apiUrl).port,
        LOG_FORMAT: 'json',
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const stderr = collect(api.stderr);
    await waitUntil(async () => (await ready()) !== null, {
      timeoutMs: 30_000,
      what: `the API answers: ${stderr()}`,
    });
  });
  after(async () => {
    if (api.exitCode !== null || api.signalCode !== null) return;
    const gone = once(api, 'exit');
    api.kill('SIGKILL');
    await gone;
  });

  async function freePort(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    return port;
  }
  async function ready(): Promise<(Ready & { code: number }) | null> {
    try {
      const answer = await fetch(`${apiUrl}/ready`, { signal: AbortSignal.timeout(5_000) });
      const body = (await answer.json()) as Partial<Ready>;
      // One that starts answers too, with a problem document.
      return body.warnings ? { ...(body as Ready), code: answer.status } : null;
    } catch {
      return null; // not there yet, or frozen
    }
  }
  /** How long until that is seen, and what is said; printed, since it is a promise. */
  async function timeUntil(what: string, isSeen: () => Promise<boolean>): Promise<void> {
    const began = performance.now();
    // Three times as long as promised: a machine under load must not fail what is measured here.
    await waitUntil(isSeen, { timeoutMs: 3 * SEEN_WITHIN_MS, everyMs: 250, what });
    const seconds = (performance.now() - began) / 1_000;
    console.log(`      ${what}: seen after ${seconds.toFixed(1)} s`);
    expect(seconds * 1_000, `${what}, on a machine that is not overloaded`).to.be.lessThan(SEEN_WITHIN_MS);
  }
  const says = (pattern: RegExp) => async (): Promise<boolean> =>
    (await ready())?.warnings.some((warning) => pattern.test(warning)) ?? false;
  const status = async (): Promise<Status> =>
    JSON.parse((await place.run(['status', '--json'])).stdout) as Status;

  it('whole: nothing is missing, and the roles are listed from whichever folder', async () => {
    const seen = await ready();
    expect(seen?.warnings).to.deep.equal([]);
    expect(seen).to.deep.include({ code: 200, roles: { api: 2, relay: 1, worker: 1, housekeeping: 1 } });
    const { stdout } = await place.run(['status'], {
      env: { TWINBOX_DATA_DIR: `${place.folder}/elsewhere` },
    });
    expect(stdout)
      .to.match(/^relay +\S+:\d+ (active|standby)$/m)
      .and.to.match(/^worker +\S+:\d+ \d+ in hand$/m);
    expect(stdout).not.to.match(/twinbox up/);
  });

  it('frozen: relay, worker and housekeeping are named by the API, which stays ready, and by the doctor', async () => {
    up.process.kill('SIGSTOP');
    await timeUntil(
      'a freeze of relay and worker',
      says(/^no worker is running: .* showed its last sign of life/),
    );
    const seen = await ready();
    expect(seen?.code).to.equal(200);
    expect(seen?.warnings.join('\n')).to.match(/no relay is running/);
    const { stdout, code } = await place.run(['doctor', '--json'], {
      env: { TWINBOX_DATA_DIR: `${place.folder}/elsewhere` },
    });
    expect(code).to.equal(1);
    expect(stdout)
      .to.match(/no worker is running: the last one/)
      .and.to.match(/no relay is running: the last one/);
    up.process.kill('SIGCONT');
    await waitUntil(async () => (await ready())?.warnings.length === 0, {
      timeoutMs: 60_000,
      what: 'all is well',
    });
  });

  it('killed: the same, and the API takes a customer all the same', async () => {
    up.process.kill('SIGKILL');
    await up.exited;
    await timeUntil('a kill of relay and worker', says(/^no worker is running/));
    const answer = await fetch(`${apiUrl}/api/v1/customers`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'Ada', email: 'ada@example.com' }),
    });
    expect(answer.status).to.equal(201);
    expect((await ready())?.code).to.equal(200);
    const { roles, problems } = await status();
    expect(roles['worker']?.living).to.deep.equal([]);
    expect(roles['api']?.living).to.have.length(1);
    expect(problems.join('\n')).to.match(/no relay is running: the last one/);
    const { stdout } = await place.run(['status']);
    expect(stdout).to.match(/^worker +\S+:\d+ silent since \d{4}-/m);
  });

  it('killed, an API is missed by whoever else asks', async () => {
    api.kill('SIGKILL');
    await once(api, 'exit');
    await timeUntil('a kill of the API', async () =>
      (
        (await rolesPart(database.db, systemClock, { owner: null, systems: ['stripe'] })()).warnings ?? []
      ).some((text) => /^no api is running: the last one/.test(text)),
    );
    const { stdout } = await place.run(['status']);
    expect(stdout).to.match(/^process +none since \d{4}-.*: npx twinbox up starts one$/m);
    expect(stdout).not.to.match(/^!/m);
  });
});
