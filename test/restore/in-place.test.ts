// An older state put back in place, in the ways that people use.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { expect } from 'chai';
import { createDb, type Db } from '../../db/server/connection.ts';
import { deleteCustomer, insertCustomer, updateCustomer, type Customer } from '../support/customers.ts';
import { migrate } from '../../db/server/migrate.ts';
import { keepPartitions, partitionStatus } from '../../db/partitions/partitions.ts';
import { moveDatabase } from '../../db/relay/restore.ts';
import { databaseUrl, dropDatabase, ensureDatabase } from '../../db/server/server.ts';
import { assertSameDatabase } from '../../lib/process/database-identity.ts';
import { startInstalled, type Installed } from '../db/installed-server.ts';
import { createArrivals, drain, relayOn } from '../relay/world.ts';
import { makeRunFolder, removeRunFolder } from '../support/run-folder.ts';
import { findPrograms, runProgram, sayNotTried } from './installed.ts';

type Envelope = { event_id: string; version: number; customer_data: { id: number; name: string } };

const stamp = () => ({ eventId: randomUUID(), source: 'internal', context: {}, now: new Date() });
const failure = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

function insert(db: Db, name: string): Promise<Customer> {
  return insertCustomer(db, { name, email: `${name.toLowerCase()}@example.com` }, stamp());
}

async function rename(db: Db, id: number, name: string): Promise<Customer> {
  const row = await updateCustomer(db, id, { name }, {}, stamp());
  if (row === null) throw new Error(`customer ${id} was not renamed`);
  return row;
}

/**
 * Every id that a caller has got, and the versions of a consumer, which never goes back to an older
 * one.
 */
async function follow(db: Db) {
  const arrivals = await createArrivals();
  const relay = relayOn(db, arrivals.bus);
  await drain(relay);
  await relay.stop();
  return arrivals.all.map(({ value, syncEventId }) => ({
    id: syncEventId ?? 0,
    ...(JSON.parse(value ?? '') as Envelope),
  }));
}

const programs = await findPrograms();
describe('a backup put back in place', function () {
  this.timeout(120_000);
  if (programs === null) return sayNotTried('a backup put back in place');
  let server: Awaited<ReturnType<typeof startInstalled>>;
  let folder: string;
  before('start a server', async () => {
    server = await startInstalled(programs);
    folder = await makeRunFolder('twinbox-restore-');
  });
  after('stop it', async () => {
    await server.stop();
    await removeRunFolder(folder);
  });

  for (const [way, restore] of Object.entries(ways(programs)))
    it(`${way}: is refused by name, and after a move no id is given out a second time`, async () => {
      const url = databaseUrl(server.url, 'twinbox');
      await ensureDatabase(server.url, 'twinbox', 'template0');
      const file = join(folder, 'backup');
      let db = createDb({ url, poolSize: 4, applicationName: 'restore' });
      const reopen = async (between: () => Promise<void>) => {
        await db.destroy();
        await between();
        db = createDb({ url, poolSize: 4, applicationName: 'restore' });
      };
      try {
        await migrate(db);
        await keepPartitions(db, { now: new Date(), retentionDays: 35 });
        const [ada, alan] = [await insert(db, 'Ada'), await insert(db, 'Alan')];
        await follow(db);
        await runProgram(programs, 'pg_dump', [...(restore.dump ?? ['-Fc']), `--file=${file}`, url]);
        expect(await assertSameDatabase(db, 'here')).to.equal('same');

        // Twice the same backup: the ids that the first restored state gave out must not come again
        // either.
        const given = new Map<number, number>([[alan.id, alan.version]]);
        const customers = new Set<number>([ada.id, alan.id]);
        let newest = 0;
        for (let time = 1; time <= (restore.times ?? 1); time += 1) {
          customers.add((await insert(db, `Lost ${time}`)).id);
          await rename(db, alan.id, `Alan ${time}`);
          for (const { id, version, customer_data } of await follow(db)) {
            given.set(customer_data.id, Math.max(given.get(customer_data.id) ?? 0, version));
            newest = Math.max(newest, id);
          }
          expect(await assertSameDatabase(db, 'here')).to.equal('same');

          await reopen(() => restore.load(server.url, url, file));
          const error = await failure(assertSameDatabase(db, 'here'));
          expect(error).to.include({ code: 'restored' });
          expect(String(error))
            .to.include(restore.seen)
            .and.include('npx twinbox relay --after-restore move')
            .and.include('--after-restore copy');
          await moveDatabase(db, 'here');
          expect(await assertSameDatabase(db, 'here')).to.equal('same');

          const [renamed, fresh] = [
            await rename(db, alan.id, `Alan again ${time}`),
            await insert(db, `New ${time}`),
          ];
          expect(renamed.version).to.be.above(given.get(alan.id) ?? 0);
          expect(fresh.version).to.equal(1);
          expect(customers.has(fresh.id), 'an id of a customer comes once').to.equal(false);
          const next = await rename(db, alan.id, `Alan once more ${time}`);
          expect(next.version, 'from there on without a gap').to.equal(renamed.version + 1);
          const events = await follow(db);
          expect(events.map(({ customer_data }) => customer_data.name)).to.include.members([
            `Alan again ${time}`,
            `New ${time}`,
          ]);
          const ours = events.filter(({ customer_data }) => customer_data.name.includes('again'));
          expect(Math.min(...ours.map(({ id }) => id))).to.be.above(newest);
          customers.add(fresh.id);
          for (const { id, version, customer_data } of events) {
            given.set(customer_data.id, Math.max(given.get(customer_data.id) ?? 0, version));
            newest = Math.max(newest, id);
          }
        }

        const deleted = await deleteCustomer(db, ada.id, {}, stamp());
        expect(deleted?.version).to.be.above(1_000_000);
        await keepPartitions(db, { now: new Date(), retentionDays: 35 });
        for (const { table, ahead, inDefault } of await partitionStatus(db, new Date()))
          expect({ table, ahead, inDefault }).to.deep.equal({ table, ahead: 2, inDefault: 0 });
      } finally {
        await db.destroy();
        await dropDatabase(server.url, 'twinbox');
      }
    });
});

type Way = {
  dump?: string[];
  /** How often the same backup is put back. */
  times?: number;
  load(server: string, url: string, file: string): Promise<void>;
  seen: string;
};

function ways(programs: Installed | null): Record<string, Way> {
  if (programs === null) return {};
  const anew = async (server: string) => {
    await dropDatabase(server, 'twinbox');
    await ensureDatabase(server, 'twinbox', 'template0');
  };
  return {
    'the database dropped and made anew, psql': {
      dump: ['-Fp'],
      async load(server, url, file) {
        await anew(server);
        await runProgram(programs, 'psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', file, url]);
      },
      seen: 'its tables were created again from a backup',
    },
    'pg_restore --clean into the database that is there': {
      async load(_, url, file) {
        // pg_restore cannot drop the constraints of partitions one by one, says so, drops their
        // tables all the same, and ends with 1.
        await runProgram(programs, 'pg_restore', ['--clean', '--if-exists', '-d', url, file]).catch(
          (error: unknown) => {
            expect(String(error)).to.include('cannot drop inherited constraint');
          },
        );
      },
      seen: 'its tables were created again from a backup',
    },
    'pg_restore --data-only into the tables that are there': {
      times: 2,
      async load(_, url, file) {
        await runProgram(programs, 'psql', [
          '-X',
          '-q',
          '-v',
          'ON_ERROR_STOP=1',
          '-c',
          `set session_replication_role = replica;
           do $$ begin execute (select 'truncate ' || string_agg(oid::regclass::text, ', ') from pg_class
             where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')); end $$`,
          url,
        ]);
        await runProgram(programs, 'pg_restore', [
          '--data-only',
          '--disable-triggers',
          '--exit-on-error',
          '-d',
          url,
          file,
        ]);
      },
      seen: 'its rows were loaded from a backup',
    },
  };
}
