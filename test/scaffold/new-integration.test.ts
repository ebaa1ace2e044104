// A new integration, written into a copy of the tree by the commands of the page that explains it, and
// thrown away afterwards.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { ignoreConnectionSettings } from '../../lib/config/config.ts';
import { copySource } from '../defects/source-copy.ts';
import { collect } from '../support/child.ts';
import { useDatabase } from '../support/database.ts';
import { waitUntil } from '../support/signal.ts';

const PAGE = resolve(import.meta.dirname, '../../docs/how-to/write-an-integration.md');

describe('make new-integration', function () {
  this.timeout(600_000);
  const database = useDatabase();
  const [write, double, up, look, lint] = blocksOf(readFileSync(PAGE, 'utf8'));
  const running: ChildProcess[] = [];
  let folder: string;
  let untouched: string[];
  let ports: { api: number; double: number };

  before('copy the tree', async () => {
    folder = await mkdtemp(join(tmpdir(), 'twinbox-new-'));
    await copySource(join(folder, 'tree'));
    untouched = await readdir(join(folder, 'tree'), { recursive: true });
    ports = { api: await freePort(), double: await freePort() };
  });
  after('throw the copy away', async () => {
    await stopAll();
    await rm(folder, { recursive: true, force: true });
  });

  async function stopAll(): Promise<void> {
    for (const child of running.splice(0)) {
      if (child.exitCode !== null || child.pid === undefined) continue;
      const gone = once(child, 'exit');
      process.kill(-child.pid, 'SIGTERM');
      await gone;
    }
  }

  const settings = (): NodeJS.ProcessEnv => ({
    ...ignoreConnectionSettings(),
    // What is meant for the tests of the original.
    ...{ RESULT_FILE: undefined, NODE_V8_COVERAGE: undefined, TEST_POSTGRES_URL: undefined },
    ...{ MAKEFLAGS: undefined, MAKELEVEL: undefined, MFLAGS: undefined },
    ...{ DATABASE_URL: database.url, TWINBOX_DATA_DIR: join(folder, 'data') },
    ...{ API_PORT: String(ports.api), SIMULATOR_PORT: '0', TMPDIR: folder },
  });
  /** As the page has it, but for the two ports. */
  const placed = (commands = ''): string =>
    commands.replaceAll(':8000', `:${ports.api}`).replaceAll('12222', String(ports.double));

  async function run(commands: string | undefined): Promise<string> {
    const script = `set -e\nnpx() { shift; node_modules/.bin/node cli/main.ts "$@"; }\n${placed(commands)}`;
    const options = { cwd: join(folder, 'tree'), env: settings(), maxBuffer: 2 ** 26 };
    try {
      return (await promisify(execFile)('bash', ['-c', script], options)).stdout;
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      throw new Error(`${commands ?? ''}\n${stdout.slice(-6_000)}\n${stderr.slice(-2_000)}`, {
        cause: error,
      });
    }
  }

  function start(commands: string | undefined): () => string {
    const child = spawn('bash', ['-c', placed(commands)], {
      cwd: join(folder, 'tree'),
      env: settings(),
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    running.push(child);
    return collect(child.stdout);
  }

  it('refuses what it cannot write, says why, and writes nothing', async () => {
    const refused = async (args: string): Promise<string> =>
      await run(`make new-integration ${args}`).then(
        () => 'written',
        (error: unknown) => String(error),
      );
    for (const [args, reason] of [
      ['', 'NAME is missing'],
      ['NAME=acme', 'ENTITY is missing'],
      ['NAME=acme ENTITY=invoice', 'ENTITY=invoice: there is no such entity; there is: customer'],
      ['NAME=Acme-2 ENTITY=customer', 'a name has 2 to 20 small letters and digits'],
      ['NAME=stripe ENTITY=customer', 'NAME=stripe: there is a system with this name already'],
      ['NAME=class ENTITY=customer', 'a reserved word of JavaScript'],
      ['NAME=kafka ENTITY=customer', "Twinbox's own settings begin with KAFKA_"],
      ['NAME=person ENTITY=customer', 'uses the word "person" for something else'],
      [
        'NAME=pocket ENTITY=customer',
        'nothing is overwritten, and this is there already: test/support/pocket/',
      ],
    ] as const)
      expect(await refused(args), args).to.include(reason);
    expect(await run('make new-integration HELP=1')).to.include(
      'make new-integration NAME=acme ENTITY=customer',
    );
    expect(await readdir(join(folder, 'tree'), { recursive: true })).to.deep.equal(untouched);
  });

  it('writes a second system whose tests pass as it stands', async () => {
    const said = await run(write);
    expect(said)
      .to.include('Acme is written')
      .and.include('Acme and Stripe side by side')
      .and.include('the integration contract, kept by acme')
      .and.include('not asked of acme: by unique tag')
      .and.match(/\n\d+ passed, 0 failed\n$/);
    const definitions = await readFile(join(folder, 'tree/lib/integrations/definitions.ts'), 'utf8');
    expect(definitions.match(/acme/g)).to.have.lengthOf(2);
  });

  it('brings contacts both ways, by the commands of the page', async () => {
    const printed = start(double);
    const soon = { timeoutMs: 120_000, everyMs: 100 };
    await waitUntil(() => printed().includes('ACME_WEBHOOK_SECRET'), { ...soon, what: 'the double started' });
    start(up);
    const isReady = async (): Promise<boolean> =>
      await fetch(`http://127.0.0.1:${ports.api}/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    await waitUntil(isReady, { ...soon, what: 'Twinbox is ready' });
    const shown = await run(look);
    expect(shown)
      .to.match(/"full_name":"Ada Byron","mail":"ada@example\.com",.*"tag":"\w+:/)
      .and.match(/1 customer agrees, 0 drift/);
    expect(shown.slice(shown.lastIndexOf('0 drift'))).to.include('"name":"Ada Lovelace"');
    // Before their database is removed.
    await stopAll();
  });

  it('writes what has its form, its types and its rules', async () => {
    await run(lint);
    await run(
      'make test ONLY="lib/integrations/registry.test.ts lib/config/docs.test.ts architecture/imports.test.ts docs/pages.test.ts"',
    );
  });
});

/** The commands of each block of a page. */
function blocksOf(page: string): string[] {
  return [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
