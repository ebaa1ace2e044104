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

/**
 * The time from the kill or the freeze to the first report of it, as the documentation promises.
 */
const SEEN_WITHIN_MS = 30_000;

describe('the status of a system whose processes die or freeze', () => {
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
        // An API never connects to Kafka.
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
      // An API that is starting answers too, with a problem document.
      return body.warnings ? { ...(body as Ready), code: answer.status } : null;
    } catch {
      return null; // not started yet, or frozen
    }
  }
  /**
   * How long until the change is reported, and with which text; printed, since the time is a
   * promise.
   */
  async function timeUntil(what: string, isSeen: () => Promise<boolean>): Promise<void> {
    const began = performance.now();
    // Three times the promised time: a busy machine must not fail this measurement.
    await waitUntil(isSeen, { timeoutMs: 3 * SEEN_WITHIN_MS, everyMs: 250, what });
    const seconds = (performance.now() - began) / 1_000;
    console.log(`      ${what}: seen after ${seconds.toFixed(1)} s`);
    expect(seconds * 1_000, `${what}, on a machine that is not overloaded`).to.be.lessThan(SEEN_WITHIN_MS);
  }
  const says = (pattern: RegExp) => async (): Promise<boolean> =>
    (await ready())?.warnings.some((warning) => pattern.test(warning)) ?? false;
  const status = async (): Promise<Status> =>
    JSON.parse((await place.run(['status', '--json'])).stdout) as Status;

  it('names no missing role while all run, and lists the roles from whichever folder it is asked', async () => {
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

  it('names relay, worker and housekeeping when they freeze: in the API, which stays ready, and in doctor', async () => {
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

  it('names the same when they are killed, and the API takes a customer all the same', async () => {
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

  it('names a killed API in any other process that is asked', async () => {
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

describe('the status of a system of which no process runs', () => {
  const database = useDatabase();
  const place = usePlace(() => ({ DATABASE_URL: database.url }));

  it('says what is parked, since when, and which command shows why', async () => {
    await database.db('external_mappings').insert({
      ...{ internal_id: 999, system: 'stripe', state: 'parked', reason: 'email_invalid' },
      ...{ first_failed_at: '2026-01-02T03:04:05Z' },
    });
    const { stdout, stderr } = await place.run(['status']);
    expect(stdout).to.match(/^process +none/m);
    expect(stdout.match(/^!.*$/gm)).to.deep.equal([
      '! 1 parked since 2026-01-02 03:04:05 (1 email_invalid): "npx twinbox groups" shows why',
    ]);
    expect(stderr).to.match(/^npx twinbox groups says why pairs are parked/m);
  });
});
