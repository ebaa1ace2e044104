// Defaults that an administrator may have set for a server, a database or a role, one by one: each
// of our statements works the same under all of them.
import { expect } from 'chai';
import { createDb, withTransaction, type Db } from '../../../db/server/connection.ts';
import {
  pauseConnection,
  ensureConnection,
  readConnection,
  resumeConnection,
} from '../../../db/connections.ts';
import { listEvents } from '../../../db/events/list.ts';
import { listCustomers } from '../../support/customers.ts';
import { readSyncBacklog } from '../../../db/health/readiness.ts';
import { partitionStatus } from '../../../db/partitions/status.ts';
import { readRelayLag } from '../../../db/relay/lag.ts';
import { readRoleSigns, saveRoleSigns } from '../../../db/health/role-signs.ts';
import { databaseUrl } from '../../../db/server/server.ts';
import { createInProcessBus } from '../../../lib/bus/in-process.ts';
import { systemClock } from '../../../lib/clock.ts';
import { createCustomerStore } from '../../../lib/customers/customers.ts';
import { createArrivals, drain, relayOn } from '../../relay/world.ts';
import { useDatabase } from '../../support/database.ts';
import { testServerUrl } from '../../support/server.ts';
import { customer as customerEntity } from '../../../lib/catalogue/built-in.ts';

/** Each a setting of `alter database … set`, with a value that no program expects. */
const DEFAULTS: [name: string, value: string][] = [
  ['DateStyle', 'German'],
  ['DateStyle', 'SQL, DMY'],
  ['DateStyle', 'Postgres, MDY'],
  ['IntervalStyle', 'sql_standard'],
  ['TimeZone', 'Pacific/Chatham'],
  ['TimeZone', 'America/St_Johns'],
  ['bytea_output', 'escape'],
  ['extra_float_digits', '-15'],
  ['standard_conforming_strings', 'off'],
  ['backslash_quote', 'off'],
  ['escape_string_warning', 'on'],
  ['array_nulls', 'off'],
  ['transform_null_equals', 'on'],
  ['quote_all_identifiers', 'on'],
  ['client_encoding', 'LATIN1'],
  ['client_min_messages', 'debug5'],
  ['lc_messages', 'C'],
  ['default_transaction_isolation', 'serializable'],
  ['default_transaction_isolation', 'repeatable read'],
  ['default_transaction_deferrable', 'on'],
  ['synchronous_commit', 'off'],
  ['statement_timeout', '400'],
  ['lock_timeout', '1'],
  ['idle_in_transaction_session_timeout', '1'],
  ['idle_session_timeout', '400'],
  ['transaction_timeout', '400'],
  ['exit_on_error', 'on'],
  ['row_security', 'off'],
  ['xmlbinary', 'hex'],
  ['plpgsql.extra_errors', 'all'],
  ['plpgsql.extra_warnings', 'all'],
  ['session_replication_role', 'replica'],
  ['enable_seqscan', 'off'],
  ['enable_indexscan', 'off'],
  ['plan_cache_mode', 'force_generic_plan'],
  ['jit_above_cost', '0'],
  ['work_mem', '64'],
  ['check_function_bodies', 'off'],
  ['default_text_search_config', 'german'],
  ['constraint_exclusion', 'off'],
];

describe('a session', function () {
  this.timeout(120_000);
  const database = useDatabase();
  let server: Db;

  before('a way to the server that no default of the database reaches', async () => {
    const url = databaseUrl(await testServerUrl(), 'postgres');
    server = createDb({ url, poolSize: 1, applicationName: 'session-server' });
  });
  after(() => server.destroy());

  const sessionOf = async (setting: string, on: Db) =>
    (await on.raw<{ rows: { value: string }[] }>(`select current_setting('${setting}') as value`)).rows[0]
      ?.value;

  async function under(name: string, value: string, work: (db: Db) => Promise<void>): Promise<void> {
    await server.raw(`alter database "${database.name}" set ${name} to '${value}'`);
    const db = createDb({ url: database.url, poolSize: 3, applicationName: 'session' });
    try {
      await work(db);
    } finally {
      await db.destroy();
      await server.raw(`alter database "${database.name}" reset ${name}`);
    }
  }

  let made = 0;

  /**
   * A customer and all reads of it, so that every value is read in the form that the program
   * expects.
   */
  async function story(db: Db): Promise<void> {
    const began = new Date();
    const store = createCustomerStore({
      entity: customerEntity,
      db,
      clock: systemClock,
      nudge: () => undefined,
    });
    const origin = { context: { why: 'C:\\new' } };
    const email = `person${(made += 1)}@example.com`;
    const created = await store.create({ name: 'Łukasz \\d', email }, origin);
    if (created.outcome !== 'created') throw new Error(created.outcome);
    const { id, createdAt } = created.customer;
    expect(createdAt).to.be.a('date');
    expect(Math.abs(createdAt.getTime() - began.getTime())).to.be.lessThan(60_000);
    const several = ['Ada', 'Eve', 'Ann'].map((name) => store.patch(id, { name }, {}, origin));
    const outcomes = (await Promise.all(several)).map(({ outcome }) => outcome);
    expect(outcomes).to.deep.equal(['updated', 'updated', 'updated']);
    const [listed] = await listCustomers(db, { limit: 5, email: email.toUpperCase(), updatedSince: began });
    expect(listed).to.include({ id, version: 4 });

    const { bus, all } = await createArrivals(createInProcessBus());
    const relay = relayOn(db, bus);
    await drain(relay);
    await relay.stop();
    const arrived = all.filter(({ key }) => key === `customer:${id}`);
    expect(arrived).to.have.length(4);
    expect(JSON.parse(arrived[0]?.value ?? '{}')).to.have.nested.property('customer_data.name', 'Łukasz \\d');
    expect(arrived[0]?.value).to.include(createdAt.toISOString());
    expect((await store.remove(id, {}, origin)).outcome).to.equal('deleted');

    const [event] = await listEvents(db, { systems: ['stripe'], limit: 1 });
    expect(event?.createdAt).to.be.a('date');
    await ensureConnection(db, 'stripe');
    await pauseConnection(db, 'stripe', null, began);
    expect((await readConnection(db, 'stripe'))?.pausedAt?.getTime()).to.equal(began.getTime());
    await resumeConnection(db, 'stripe');
    await saveRoleSigns(db, `session:${made}`, [{ role: 'api', state: null, problem: null, settings: {} }]);
    const sign = (await readRoleSigns(db)).find(({ owner }) => owner === `session:${made}`);
    expect(sign?.ageMs).to.be.within(0, 60_000);
    await readSyncBacklog(db);
    const tables = await partitionStatus(db, began);
    for (const { ahead } of tables) expect(ahead).to.be.a('number');
    const { oldest } = await readRelayLag(db);
    if (oldest !== null) expect(oldest).to.be.a('date');
  }

  for (const [name, value] of DEFAULTS)
    it(`works the same under ${name} = ${value}`, async function () {
      const { rows } = await server.raw<{ rows: unknown[] }>(`select from pg_settings where name ilike ?`, [
        name,
      ]);
      // The setting depends on the version: transaction_timeout came with 17. plpgsql’s settings
      // are known once it is loaded.
      if (rows.length === 0 && !name.startsWith('plpgsql.')) return;
      await under(name, value, story);
    });

  it('sets what it needs, whatever the defaults are, and leaves other settings unchanged', async () => {
    await under('DateStyle', 'German, DMY', async (db) => {
      expect(await sessionOf('DateStyle', db)).to.equal('ISO, DMY');
    });
    await under('TimeZone', 'Pacific/Chatham', async (db) => {
      expect(await sessionOf('TimeZone', db)).to.equal('Pacific/Chatham');
    });
    await under('synchronous_commit', 'off', async (db) => {
      expect(await sessionOf('synchronous_commit', db)).to.equal('on');
    });
    await under('synchronous_commit', 'remote_write', async (db) => {
      expect(await sessionOf('synchronous_commit', db)).to.equal('remote_write');
    });
    for (const [name, value, needed] of [
      ['statement_timeout', '400', '30s'],
      ['lock_timeout', '1', '0'],
      ['idle_session_timeout', '400', '0'],
      ['session_replication_role', 'replica', 'origin'],
      ['array_nulls', 'off', 'on'],
    ] as const)
      await under(name, value, async (db) => {
        expect(await sessionOf(name, db), name).to.equal(needed);
      });
    await under('default_transaction_isolation', 'serializable', async (db) => {
      expect(await withTransaction(db, (tx) => sessionOf('transaction_isolation', tx))).to.equal(
        'read committed',
      );
    });
  });

  it('has time limits', async () => {
    expect(await sessionOf('statement_timeout', database.db)).to.equal('30s');
    expect(await sessionOf('idle_in_transaction_session_timeout', database.db)).to.equal('1min');
  });
});
