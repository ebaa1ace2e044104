import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { startSystem, type System } from '../../cli/embedded/system.ts';
import { ignoreConnectionSettings, loadConfig } from '../../lib/config/config.ts';
import { systems, type Registry } from '../../lib/integrations/registry.ts';
import { createLogger } from '../../lib/log.ts';
import { call } from '../cli/twinbox.ts';
import { finish } from '../support/child.ts';
import { useDatabase, type TestDatabase } from '../support/database.ts';
import { waitUntil } from '../support/signal.ts';
import { besideOthers, toyAt } from '../support/toy/double/definition.ts';
import { startToy, type ToyServer } from '../support/toy/double/server.ts';

type Row = { id: number; sync: Record<string, { state: string; reason?: string }> };
type Standing = { mapped: number; waiting: number; without: number };

const CLI = join(import.meta.dirname, '../support/toy/double/cli.ts');

describe('a second system that is added to a filled database', () => {
  const database = useDatabase();
  // Stopped before the database is removed.
  describe('in one process', () => runAdded(database));
});

function runAdded(database: TestDatabase): void {
  const soon = { timeoutMs: 40_000, everyMs: 20 };
  let folder: string;
  let toy: ToyServer;
  let system: System | undefined;
  const old: number[] = [];

  const running = (): System => {
    if (!system) throw new Error('it does not run');
    return system;
  };
  async function start(registry: Registry): Promise<void> {
    system = await startSystem({
      config: loadConfig({ DATABASE_URL: database.url, TWINBOX_DATA_DIR: folder }, { envFile: false }),
      log: createLogger({ level: 'error', format: 'json', stream: process.stdout }),
      ports: { api: 0, simulator: 0 },
      systems: registry,
    });
  }
  const url = (path: string): string => `${running().url}/api/v1${path}`;
  const read = (id: number): Promise<Row> => call<Row>('GET', url(`/customers/${id}`));
  const make = (name: string): Promise<Row> =>
    call<Row>('POST', url('/customers'), { name, email: `${name.toLowerCase()}@added.example` });
  const linked = (id: number, name: string): Promise<boolean> =>
    waitUntil(async () => (await read(id)).sync[name]?.state === 'linked', {
      ...soon,
      what: `customer ${id} agrees with ${name}`,
    });
  async function standing(): Promise<Standing | undefined> {
    const { rows } = await running().db.raw<{ rows: Standing[] }>(
      `select count(m.id) as mapped, count(*) filter (where m.state = 'waiting' and m.reason = 'not_linked') as waiting,
              count(*) filter (where m.id is null) as without
       from customers c left join external_mappings m on m.internal_id = c.id and m.system = 'toy' where c.id = any(:old)`,
      { old },
    );
    return rows[0];
  }

  before('fill the database with one system', async () => {
    folder = await mkdtemp(join(tmpdir(), 'twinbox-added-'));
    toy = await startToy();
    await start(systems);
    for (const name of ['Ada', 'Bea', 'Cy']) {
      const { id } = await make(name);
      old.push(id);
      await linked(id, 'stripe');
    }
    // Retention has taken the events of one.
    await running().db.transaction(async (tx) => {
      await tx.raw(`set local session_replication_role = replica`);
      await tx.raw(`delete from sync_events where entity_key = 'customer:' || ?`, [old[0] ?? 0]);
    });
    await running().stop();
    await start(besideOthers(toyAt(toy.url)));
  });
  after('stop it', async () => {
    await system?.stop();
    await toy.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('gets the new rows, and none of those that were there before a person consents', async () => {
    const { id } = await make('Dee');
    await linked(id, 'toy');
    await linked(id, 'stripe');
    await call('PATCH', url(`/customers/${old[1] ?? 0}`), { name: 'Bea King' });
    await linked(old[1] ?? 0, 'stripe');
    await waitUntil(async () => (await standing())?.without === 0, { ...soon, what: 'every row is mapped' });
    expect(await standing()).to.deep.equal({ mapped: 3, waiting: 3, without: 0 });
    expect(toy.people().map(({ full_name: name }) => name)).to.deep.equal(['Dee']);
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

  it('is shown with what waits for its first link, and the first one is not', async () => {
    type Status = { waiting: Record<string, unknown>[] };
    const status = await command<Status>('status');
    expect(JSON.stringify(status)).to.include('not_linked');
    const explained = await command<object>('explain', 'customer', String(old[0]));
    expect(JSON.stringify(explained)).to.include('was in the table before Toy was connected');
  }).timeout(120_000);

  it('is linked by the consent of a person, system by system', async () => {
    await command('link', '--system', 'toy', '--all', '--yes');
    for (const id of old) await linked(id, 'toy');
    expect(toy.people().map(({ full_name: name }) => name)).to.have.members(['Ada', 'Bea King', 'Cy', 'Dee']);
    expect((await read(old[0] ?? 0)).sync['stripe']?.state).to.equal('linked');
  }).timeout(120_000);
}
