import { spawn } from 'node:child_process';
import type { Value } from '../../lib/catalogue/value.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { startSystem, type System } from '../../cli/embedded/system.ts';
import { pauseConnection, resumeConnection } from '../../db/connections.ts';
import { ignoreConnectionSettings, loadConfig } from '../../lib/config/config.ts';
import { createLogger } from '../../lib/log.ts';
import { call } from '../cli/twinbox.ts';
import { finish } from '../support/child.ts';
import { useDatabase, type TestDatabase } from '../support/database.ts';
import { waitUntil } from '../support/signal.ts';
import { besideOthers, toyAt } from '../support/toy/double/definition.ts';
import { startToy, type ToyServer } from '../support/toy/double/server.ts';

type Row = {
  id: number;
  name: string;
  external_mappings: Record<string, string>;
  sync: Record<string, { state: string }>;
};

const CLI = fileURLToPath(import.meta.resolve('../support/toy/double/cli.ts'));

describe('Toy and Stripe side by side', () => {
  const database = useDatabase();
  // Stopped before the database is removed.
  describe('in one process', () => runSideBySide(database));
});

function runSideBySide(database: TestDatabase): void {
  const soon = { timeoutMs: 40_000, everyMs: 20 };
  let folder: string;
  let toy: ToyServer;
  let system: System | undefined;

  before('start the whole of it with a second system', async () => {
    folder = await mkdtemp(join(tmpdir(), 'twinbox-two-'));
    toy = await startToy();
    const env = { DATABASE_URL: database.url, TWINBOX_DATA_DIR: folder };
    system = await startSystem({
      config: loadConfig(env, { envFile: false }),
      log: createLogger({ level: 'error', format: 'json', stream: process.stdout }),
      ports: { api: 0, simulator: 0 },
      systems: besideOthers(toyAt(toy.url)),
    });
    toy.subscribe(url('/webhooks/toy'));
  });
  after('stop it', async () => {
    toy.release();
    await system?.stop();
    await toy.close();
    await rm(folder, { recursive: true, force: true });
  });

  const running = (): System => {
    if (!system) throw new Error('it does not run');
    return system;
  };
  const url = (path: string): string => `${running().url}/api/v1${path}`;
  const read = (id: number): Promise<Row> => call<Row>('GET', url(`/customers/${id}`));
  const make = (name: string): Promise<Row> =>
    call<Row>('POST', url('/customers'), { name, email: `${name.toLowerCase()}@two.example` });
  const counterpart = async (id: number, name: string): Promise<string | undefined> =>
    (await read(id)).external_mappings[name];

  const nameAtToy = async (id: number): Promise<string | null | undefined> => {
    const externalId = await counterpart(id, 'toy');
    return toy.people().find((person) => person.id === externalId)?.full_name;
  };
  async function nameAtStripe(id: number): Promise<Value | undefined> {
    const externalId = await counterpart(id, 'stripe');
    if (externalId === undefined) return undefined;
    const found = await running().integration.fetch(externalId);
    return found.state === 'present' ? found.record.fields['name'] : undefined;
  }
  async function bothSay(id: number, name: string): Promise<void> {
    await waitUntil(async () => (await nameAtToy(id)) === name, { ...soon, what: `${name} at the toy` });
    await waitUntil(async () => (await nameAtStripe(id)) === name, { ...soon, what: `${name} at Stripe` });
  }
  const linked = (id: number, name: string): Promise<boolean> =>
    waitUntil(async () => (await read(id)).sync[name]?.state === 'linked', {
      ...soon,
      what: `customer ${id} agrees with ${name}`,
    });

  it('get each customer that is made, and each edit of it', async () => {
    const { id } = await make('Ada');
    await bothSay(id, 'Ada');
    await call('PATCH', url(`/customers/${id}`), { name: 'Ada King' });
    await bothSay(id, 'Ada King');
  });

  it('get the edits of each other through our row, and never their own back', async () => {
    const { id } = await make('Bea');
    await bothSay(id, 'Bea');
    await linked(id, 'toy');
    const written = (): number => toy.calls.effects();
    const before = written();
    toy.edit((await counterpart(id, 'toy')) ?? '', { full_name: 'Bea Toy' });
    await bothSay(id, 'Bea Toy');
    await linked(id, 'toy');
    expect((await read(id)).name).to.equal('Bea Toy');
    expect(written()).to.equal(before);
  });

  it('are paused one by one: the other goes on', async () => {
    const { db } = running();
    await pauseConnection(db, 'toy', 'a test', new Date());
    const { id } = await make('Cy');
    await linked(id, 'stripe');
    expect(toy.people().map(({ full_name: name }) => name)).to.not.include('Cy');
    await resumeConnection(db, 'toy', new Date());
    await bothSay(id, 'Cy');
  });

  it('do not wait for each other: while one hangs the other goes on', async () => {
    toy.hang();
    const { id: first } = await make('Dee');
    await waitUntil(() => toy.waiting() > 0, { ...soon, what: 'the toy was asked' });
    const { id: second } = await make('Eve');
    await linked(first, 'stripe');
    await linked(second, 'stripe');
    expect(await counterpart(second, 'toy')).to.equal(undefined);
    toy.release();
    await bothSay(first, 'Dee');
    await bothSay(second, 'Eve');
  });

  it('are shown side by side by /ready', async () => {
    const { intake } = await call<{ intake: Record<string, object> }>('GET', `${running().url}/ready`);
    expect(Object.keys(intake)).to.deep.equal(['stripe', 'toy']);
    expect(intake['toy']).to.include({ webhooks_refused: 0 });
  });

  async function command<T>(...args: string[]): Promise<T> {
    const child = spawn(process.execPath, [CLI, ...args, '--json'], {
      cwd: folder,
      env: {
        ...ignoreConnectionSettings(),
        ...{ DATABASE_URL: database.url, TWINBOX_DATA_DIR: join(folder, 'beside') },
        ...{ SIMULATOR_URL: running().simulatorUrl ?? '', TOY_DOUBLE: toy.url },
      },
    });
    const { code, stdout, stderr } = await finish(child);
    expect(code, stderr).to.equal(0);
    return JSON.parse(stdout) as T;
  }

  it('are both what a command is about, unless it names one', async () => {
    const { systems: verified } = await command<{ systems: Record<string, { agree: number }> }>(
      ...['verify', '--wait', '30'],
    );
    expect(verified['stripe']?.agree).to.be.greaterThan(4);
    expect(verified['toy']?.agree).to.equal(verified['stripe']?.agree);

    expect(await command('pause', 'toy')).to.include({ system: 'toy', paused: true, was_paused: false });
    type Account = { account: string; paused_at: string | null };
    const status = await command<{ stripe: Account; toy: Account; unmatched: object }>('status');
    expect(status.toy).to.include({ account: 'toy_account' });
    expect([status.stripe.paused_at, typeof status.toy.paused_at]).to.deep.equal([null, 'string']);
    expect(Object.keys(status.unmatched)).to.deep.equal(['stripe', 'toy']);
    const { systems: resumed } = await command<{ systems: Record<string, { was_paused: boolean }> }>(
      'resume',
    );
    expect(resumed['stripe']).to.include({ was_paused: false });
    expect(resumed['toy']).to.include({ was_paused: true });
  }).timeout(300_000);
}
