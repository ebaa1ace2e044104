// The commands of docs/deployment.md, run as written; only names are replaced by unused ones.
import { execFile } from 'node:child_process';
import { loadConfig } from '../../lib/config/config.ts';
import { tableCatalogueOf } from '../../lib/process/table-catalogue.ts';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { createDb, type Db } from '../../db/server/connection.ts';
import { migrate } from '../../db/server/migrate.ts';
import { assertGround } from '../../db/server/preflight.ts';
import { databaseUrl, dropDatabase } from '../../db/server/server.ts';
import { systemClock } from '../../lib/clock.ts';
import { createCustomerStore } from '../../lib/customers/customers.ts';
import { createLogger } from '../../lib/log.ts';
import { connectDatabase } from '../../lib/process/database.ts';
import { findInstalled, startInstalled } from '../db/installed-server.ts';
import { createArrivals, drain, relayOn } from '../relay/world.ts';
import { environmentWith } from '../support/environment.ts';
import { testServerUrl } from '../support/server.ts';
import { customer as customerEntity } from '../../lib/catalogue/built-in.ts';

const text = await readFile(new URL('../../docs/deployment.md', import.meta.url), 'utf8');
const run = promisify(execFile);

/** The block of commands after this text. */
function commandsAfter(phrase: string): string {
  const at = text.indexOf(phrase);
  const [, commands] = /```(?:sql|sh)\n([^]*?)```/.exec(text.slice(at)) ?? [];
  if (at < 0 || commands === undefined)
    throw new Error(`docs/deployment.md has no commands after "${phrase}"`);
  return commands;
}

const named = (commands: string, suffix: string): string =>
  commands.replace(/\b(shop_utf8|shop|twinbox_owner|twinbox_rows)\b/g, `$1_${suffix}`);

describe('the database of docs/deployment.md', () => {
  let server: string;
  const suffix = String(process.pid);
  const [shop, owner, rows] = [`shop_${suffix}`, `twinbox_owner_${suffix}`, `twinbox_rows_${suffix}`];
  const opened: Db[] = [];
  const open = (url: string): Db => {
    const db = createDb({ url, poolSize: 4, applicationName: 'deployment' });
    opened.push(db);
    return db;
  };
  const urlOf = (role: string, password: string): string =>
    Object.assign(new URL(databaseUrl(server, shop)), { username: role, password }).href;
  const runSql = async (db: Db, phrase: string): Promise<void> => {
    // One statement at a time, as a person types them: a database cannot be made in a transaction.
    for (const statement of named(commandsAfter(phrase), suffix)
      .split(/;\n/)
      .filter((each) => each.trim() !== ''))
      await db.raw(statement);
  };

  before(async () => {
    server = await testServerUrl();
  });
  afterEach('remove what was made', async () => {
    for (const db of opened.splice(0)) await db.destroy();
    await dropDatabase(server, shop);
    const root = open(databaseUrl(server, 'postgres'));
    for (const role of [owner, rows]) await root.raw(`drop role if exists ${role}`);
    await root.destroy();
  });

  it('is migrated by its owner: as a database of its own, in a schema of its own, with an existing table', async () => {
    for (const way of ['its own', 'a schema', 'a table']) {
      const root = open(databaseUrl(server, 'postgres'));
      await runSql(root, '**A database of its own**');
      const inside = open(databaseUrl(server, shop));
      if (way === 'a schema') {
        await inside.raw('create table leases (mine int)');
        await runSql(inside, '**A schema of its own**');
      }
      if (way === 'a table') {
        await inside.raw(`create table customers (id bigint primary key, name text not null, email text not null);
          insert into customers values (1, 'Ada', 'ada@example.com')`);
        await runSql(inside, '**A table `customers` that is there already**');
      }
      const db = open(urlOf(owner, 'choose-one'));
      expect(await migrate(db), way).not.to.have.length(0);
      expect((await assertGround(db, 'partitions')).schema, way).to.equal(
        way === 'a schema' ? 'twinbox' : 'public',
      );
      for (const each of opened.splice(0)) await each.destroy();
      const last = open(databaseUrl(server, 'postgres'));
      await dropDatabase(server, shop);
      await last.raw(`drop role ${owner}`);
      await last.destroy();
    }
  });

  it('needs fewer rights for api and relay, which do their work with them', async () => {
    await runSql(open(databaseUrl(server, 'postgres')), '**A database of its own**');
    await migrate(open(urlOf(owner, 'choose-one')));
    await runSql(open(databaseUrl(server, shop)), '**Fewer rights for api and relay.**');
    const url = urlOf(rows, 'choose-another');
    const log = createLogger({ level: 'error', format: 'json' });
    const api = await connectDatabase({
      role: 'api',
      url,
      catalogue: tableCatalogueOf(loadConfig({}, { envFile: false })),
      poolSize: 2,
      log,
      patienceMs: 0,
    });
    try {
      const store = createCustomerStore({
        entity: customerEntity,
        db: api.db,
        clock: systemClock,
        nudge: () => undefined,
      });
      await store.create({ name: 'Ada', email: 'ada@example.com' }, { context: {} });
      const arrivals = await createArrivals();
      const busy = relayOn(api.db, arrivals.bus, { address: api.address });
      await drain(busy);
      await busy.stop();
      expect(arrivals.ids()).to.have.length(1);
    } finally {
      await api.close();
    }
  });
});

const [installed] = await findInstalled(15, 99);

/** createdb, pg_dump and psql exist only with an installed server. */
if (installed)
  describe('the change of encoding in docs/deployment.md', () => {
    it('keeps the text of LATIN1, and of SQL_ASCII with the bytes of Windows-1252, the same in UTF8', async function () {
      this.timeout(60_000);
      const server = await startInstalled(installed);
      try {
        const root = createDb({ url: server.url, poolSize: 1, applicationName: 'deployment' });
        for (const [encoding, phrase] of [
          ['LATIN1', '**From another encoding**'],
          ['SQL_ASCII', 'A database in `SQL_ASCII`'],
        ] as const) {
          const suffix = encoding.toLowerCase();
          await root.raw(
            `create database shop_${suffix} template template0 encoding '${encoding}' locale 'C'`,
          );
          const old = createDb({
            url: databaseUrl(server.url, `shop_${suffix}`),
            poolSize: 1,
            applicationName: 'old',
          });
          await old.raw(
            `set client_encoding = '${encoding}'; create table customers (id int primary key, name text, email text)`,
          );
          await old.raw(
            `insert into customers values (1, 'Jos' || ${encoding === 'LATIN1' ? `chr(233)` : `E'\\xe9'`}, 'jose@example.com')`,
          );
          await old.destroy();
          const { hostname, port, username } = new URL(server.url);
          const env = environmentWith({
            ...{ PGHOST: hostname, PGPORT: port, PGUSER: username, PGDATABASE: 'postgres' },
          });
          await run(
            'bash',
            [
              '-euo',
              'pipefail',
              '-c',
              `PATH=${installed.bin}:$PATH; ${named(commandsAfter(phrase), suffix)}`,
            ],
            { env },
          );
          const db = createDb({
            url: databaseUrl(server.url, `shop_utf8_${suffix}`),
            poolSize: 1,
            applicationName: 'new',
          });
          const { rows } = await db.raw<{ rows: { name: string }[] }>('select name from customers');
          expect(rows, encoding).to.deep.equal([{ name: 'José' }]);
          expect(await migrate(db), encoding).not.to.have.length(0);
          await db.destroy();
        }
        await root.destroy();
      } finally {
        await server.stop();
      }
    });
  });
