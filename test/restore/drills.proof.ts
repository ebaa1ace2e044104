// The drills of docs/restore.md, with its own commands: a restore in place and beside, a fail-over and a cut-over while people work on
// both sides. What is measured is printed.
import { join } from 'node:path';
import { expect } from 'chai';
import { createDb, type Db } from '../../db/connection.ts';
import { ensureDatabase } from '../../db/server.ts';
import { call, usePlace, type Up } from '../cli/twinbox.ts';
import { freePorts } from '../kafka/support/ports.ts';
import { effectsTwice, livingOnBothSides, openDeliveries } from '../processes/at-the-end.ts';
import { createFleet, type Fleet, type Member } from '../processes/fleet.ts';
import { createPeople } from '../processes/people.ts';
import { lossesOf } from '../support/losses.ts';
import { makeRunFolder, removeRunFolder } from '../support/run-folder.ts';
import { waitUntil } from '../support/signal.ts';
import { findPrograms, sayNotTried } from './installed.ts';
import { blocksOf, runBlock } from './page.ts';
import { giveToServer, makeDataFolder, makeServer, openAddress, serve, type Server } from './servers.ts';

type Customer = { id: number; version: number; name: string };

const SECRET = 'whsec_only_for_the_simulator';
const LONG = { timeoutMs: 600_000, everyMs: 100 };

const programs = await findPrograms();
describe('the drills of docs/restore.md', function () {
  this.timeout(1_800_000);
  if (programs === null) return sayNotTried('the drills of docs/restore.md');
  let folder: string;
  let url = '';
  let apiPort = 0;
  let fleet: Fleet;
  let simulator: Member;
  const servers: Server[] = [];
  const settings = () => ({
    SIMULATOR_URL: simulator.url,
    SIMULATOR_WEBHOOK_SECRET: SECRET,
    STRIPE_RATE_LIMIT: '400',
    STRIPE_ENDPOINT_RATE_LIMIT: '100',
  });
  const place = usePlace(() => ({ DATABASE_URL: url, API_PORT: String(apiPort), ...settings() }));

  beforeEach('make a folder, a simulator and an address of the API', async () => {
    folder = await makeRunFolder('twinbox-drill-');
    [apiPort = 0] = await freePorts(1);
    fleet = createFleet(() => ({ TWINBOX_DATA_DIR: folder, SIMULATOR_WEBHOOK_SECRET: SECRET }));
    simulator = await fleet.start('simulator', {
      SIMULATOR_PORT: '0',
      SIMULATOR_GLOBAL_PER_SECOND: 'off',
      SIMULATOR_ENDPOINT_PER_SECOND: 'off',
      SIMULATOR_WEBHOOK_URL: `http://127.0.0.1:${apiPort}/api/v1/webhooks/stripe`,
    });
  });
  afterEach('end everything', async () => {
    await fleet.endAll();
    await Promise.all(servers.splice(0).map((server) => server.kill()));
    await removeRunFolder(folder);
  });

  const start = async (name: string, serverSettings: string[] = []): Promise<Server> => {
    const server = await makeServer(programs, folder, name, serverSettings);
    servers.push(server);
    return server;
  };
  const page = async (block: string | undefined, variables: Record<string, string>): Promise<string> => {
    const done = await runBlock(programs, block ?? 'false', { ...settings(), ...variables });
    expect(done.code, `${block}${done.stderr}`).to.equal(0);
    return done.stdout;
  };
  const end = async (up: Up): Promise<void> => {
    up.process.kill('SIGTERM');
    await up.exited;
  };
  const withDb = async <T>(work: (db: Db) => Promise<T>): Promise<T> => {
    const db = createDb({ url, poolSize: 2, applicationName: 'drill' });
    return await work(db).finally(() => db.destroy());
  };
  const make = (up: Up, name: string) =>
    call<Customer>('POST', `${up.api}/api/v1/customers`, { name, email: `${name}@example.com` });
  const verified = async (): Promise<void> => {
    await waitUntil(
      async () => {
        const { code } = await place.run(['verify', '--wait', '30']);
        return code === 0 || undefined;
      },
      { ...LONG, what: 'both sides agree' },
    );
  };
  /** What must hold at the end of each drill; answers how many live. */
  const nothingLostNorDoubled = async (): Promise<number> => {
    expect(await effectsTwice({ simulator })).to.deep.equal([]);
    return withDb(async (db) => {
      await waitUntil(async () => (await openDeliveries(db)).open === 0, {
        ...LONG,
        what: 'no open delivery',
      });
      const { here, linked, there } = await livingOnBothSides({ simulator }, db);
      expect({ linked, there }).to.deep.equal({ linked: here, there: here });
      return here;
    });
  };

  it('Backup and Restore, in place and beside', async () => {
    const server = await start('server');
    await ensureDatabase(server.url('postgres'), 'twinbox', 'template0');
    url = server.url('twinbox');
    const variables = {
      DATABASE_URL: url,
      DATABASE: 'twinbox',
      COPY: 'copied',
      COPY_URL: server.url('copied'),
      BACKUP: join(folder, 'backup'),
      MAINTENANCE_URL: server.url('postgres'),
    };
    expect(await place.run(['migrate'])).to.include({ code: 0 });
    let up = await place.up();
    const kept: Customer[] = [];
    for (let n = 0; n < 5; n += 1) kept.push(await make(up, `kept${n}`));
    await verified();
    const [backup] = await blocksOf('Backup');
    await page(backup, variables);

    // What the backup does not have: five customers, a rename here and one at Stripe, and a deletion there.
    const lost: Customer[] = [];
    for (let n = 0; n < 5; n += 1) lost.push(await make(up, `lost${n}`));
    const renamed = await call<Customer>('PATCH', `${up.api}/api/v1/customers/${kept[0]?.id}`, {
      name: 'here',
    });
    await verified();
    await end(up);

    const [restore, say, back] = await blocksOf('Restore');
    await page(restore, variables);
    const refused = await place.run(['up', '--json']);
    expect(refused.code).to.equal(69);
    expect(refused.stderr)
      .to.include('This database holds an older state that was put back in place')
      .and.include('npx twinbox relay --after-restore move');
    await page(say, variables);
    up = await place.up();
    // Made again before anybody said what becomes of the lost ones: not made at Stripe a second time.
    const again = await make(up, 'lost0');
    expect(lost.map(({ id }) => id)).to.not.include(again.id);
    const status = await waitUntil(
      async () => {
        const { stdout, stderr } = await place.run(['status']);
        return /Stripe has 5 customers that no customer here stands for/.test(stdout + stderr) || undefined;
      },
      { ...LONG, what: 'status names the lost rows' },
    );
    expect(status).to.equal(true);
    const record =
      (await listThere(simulator.url)).data.find(({ email }) => email === 'lost0@example.com')?.id ?? '';
    expect(await place.run(['link', String(again.id), '--record', record])).to.include({ code: 0 });
    const imported = await page(back, variables);
    expect(imported).to.match(/10 customers agree, 0 drift/);
    const first = await call<Customer>('GET', `${up.api}/api/v1/customers/${kept[0]?.id}`);
    expect(first.name, 'the rename came back from Stripe').to.equal('here');
    expect(first.version).to.be.above(renamed.version);
    expect(await nothingLostNorDoubled()).to.equal(10);
    await end(up);

    const [beside] = await blocksOf('Beside the original');
    await page(beside, variables);
    const there = await listThere(simulator.url);
    url = server.url('copied');
    const copy = await place.up();
    await call('PATCH', `${copy.api}/api/v1/customers/${kept[1]?.id}`, { name: 'of the copy' });
    await withDb((db) =>
      waitUntil(async () => (await openDeliveries(db)).unreceived === 0, {
        ...LONG,
        what: 'the copy has done its work',
      }),
    );
    expect(await listThere(simulator.url), 'the original’s customers').to.deep.equal(there);
    await end(copy);
    console.log('  restore in place: 5 rows lost by the backup, 5 taken back, 0 lost, 0 doubled');
  });

  it('a copy of the disk put back, without Kafka: Stripe shows it, and all is taken back', async () => {
    let server = await start('server');
    await ensureDatabase(server.url('postgres'), 'twinbox', 'template0');
    const address = await openAddress(server.port);
    url = `postgresql://twinbox@127.0.0.1:${address.port}/twinbox`;
    const again = async (from: string, to: string): Promise<void> => {
      await server.kill();
      await page('rm -rf "$TO" && cp -a "$FROM" "$TO"', { FROM: from, TO: to });
      server = await serve(programs, server.data);
      servers.push(server);
      address.leadTo(server.port);
    };
    try {
      expect(await place.run(['migrate'])).to.include({ code: 0 });
      const before = await place.up();
      for (let n = 0; n < 3; n += 1) await make(before, `kept${n}`);
      await verified();
      await end(before);
      const copy = join(folder, 'copy');
      await again(server.data, copy);
      const lost = await place.up();
      for (let n = 0; n < 3; n += 1) await make(lost, `lost${n}`);
      await verified();
      await end(lost);

      await again(copy, server.data);
      const unaware = await place.up();
      await unaware.exited;
      expect(unaware.stderr()).to.include(
        'Stripe names a request of this installation that it does not have',
      );
      expect((await place.run(['up', '--json'])).code).to.equal(69);
      const [, say, back] = await blocksOf('Restore');
      await page(say, { DATABASE_URL: url });
      const up = await place.up();
      await waitUntil(
        async () => {
          const { stdout, stderr } = await place.run(['status']);
          return /Stripe has 3 customers that no customer here stands for/.test(stdout + stderr) || undefined;
        },
        { ...LONG, what: 'status names the lost rows' },
      );
      expect(await page(back, { DATABASE_URL: url })).to.match(/6 customers agree, 0 drift/);
      expect(await nothingLostNorDoubled()).to.equal(6);
      await end(up);
    } finally {
      await address.close();
    }
  });

  it('Fail-over to a standby under load', async () => {
    const primary = await start('primary');
    await ensureDatabase(primary.url('postgres'), 'twinbox', 'template0');
    const data = await makeDataFolder(folder, 'standby');
    const [base, promote] = await blocksOf('Fail-over');
    await page(base, { PRIMARY_URL: primary.url('postgres'), STANDBY_DATA: data });
    await giveToServer(data);
    const standby = await serve(programs, data);
    servers.push(standby);
    const psql = (sql: string) =>
      page(`psql --dbname="$TO" --quiet --tuples-only --no-align --command="${sql}"`, {
        TO: primary.url('postgres'),
      });
    await psql(`alter system set synchronous_standby_names = '*'`);
    await psql('select pg_reload_conf()');
    const address = await openAddress(primary.port);
    url = `postgresql://twinbox@127.0.0.1:${address.port}/twinbox`;
    try {
      expect(await place.run(['migrate'])).to.include({ code: 0 });
      const up = await place.up();
      const people = createPeople({ apis: [up.api], simulator }, 7, LONG.timeoutMs);
      let seconds = 0;
      const failOver = async (): Promise<void> => {
        await waitUntil(() => people.begun() >= 20, { ...LONG, what: '20 customers' });
        await primary.kill();
        const began = performance.now();
        await page(promote, { STANDBY_URL: standby.url('postgres') });
        address.leadTo(standby.port);
        await waitUntil(
          () =>
            make(up, `after${Math.round(performance.now())}`).then(
              () => true,
              () => undefined,
            ),
          { ...LONG, everyMs: 20, what: 'a write after the fail-over' },
        );
        seconds = (performance.now() - began) / 1000;
      };
      await Promise.all([people.work(60, 6), failOver()]);
      await place.run(['resume', 'stripe', '--deletes']);
      await verified();
      const living = await nothingLostNorDoubled();
      const losses = await withDb(async (db) => lossesOf(db, await people.told(), people.edits));
      expect(losses).to.deep.equal([]);
      console.log(
        `  fail-over: ${living} customers, ${people.edits.length} edits, lost 0, doubled 0; writes again after ${seconds.toFixed(1)} s`,
      );
      await end(up);
    } finally {
      await address.close();
    }
  });

  it('Cut-over by logical replication under load', async () => {
    const old = await start('old', ['wal_level=logical']);
    const next = await start('next');
    for (const server of [old, next]) await ensureDatabase(server.url('postgres'), 'twinbox', 'template0');
    url = old.url('twinbox');
    const variables = { OLD_URL: old.url('twinbox'), NEW_URL: next.url('twinbox') };
    expect(await place.run(['migrate'])).to.include({ code: 0 });
    let up = await place.up();
    const people = createPeople({ apis: [up.api], simulator }, 11, LONG.timeoutMs);
    let seconds = 0;
    const cutOver = async (): Promise<void> => {
      await waitUntil(() => people.begun() >= 10, { ...LONG, what: '10 customers' });
      const [copy, wait, drop, say] = await blocksOf('Cut-over');
      await page(copy, variables);
      const sql = `select count(*) = 0 from pg_subscription_rel where srsubstate <> 'r'`;
      await waitUntil(
        async () =>
          (
            await page(`psql --dbname="$NEW_URL" --tuples-only --no-align --command="${sql}"`, variables)
          ).trim() === 't',
        { ...LONG, what: 'every table is copied' },
      );
      await waitUntil(() => people.begun() >= 20, { ...LONG, what: '20 customers' });
      const began = performance.now();
      await end(up);
      await waitUntil(async () => (await page(wait, variables)).trim() === 't', {
        ...LONG,
        what: 'all is there',
      });
      await page(drop, variables);
      await page(say, { DATABASE_URL: variables.NEW_URL });
      url = variables.NEW_URL;
      up = await place.up();
      await make(up, 'after-the-cut-over');
      seconds = (performance.now() - began) / 1000;
    };
    await Promise.all([people.work(36, 6), cutOver()]);
    // A webhook that met no API comes again when Stripe thinks best, or by the sweep.
    await place.run(['resume', 'stripe', '--deletes']);
    await verified();
    const living = await nothingLostNorDoubled();
    const losses = await withDb(async (db) => lossesOf(db, await people.told(), people.edits));
    expect(losses).to.deep.equal([]);
    console.log(
      `  cut-over: ${living} customers, ${people.edits.length} edits, lost 0, doubled 0; no writes for ${seconds.toFixed(1)} s`,
    );
    await end(up);
  });
});

function listThere(simulator: string): Promise<{ data: { id: string; email: string }[] }> {
  return fetch(`${simulator}/v1/customers?limit=100`, {
    headers: { authorization: 'Bearer sk_test_twinbox_fake' },
  }).then((answer) => answer.json() as Promise<{ data: { id: string; email: string }[] }>);
}
