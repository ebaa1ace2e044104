// Columns with a collation that is not deterministic: for it 'ada' and 'ADA' are equal, or 'José'
// and 'Jose'. The program never asks it whether a value has changed or whom an email belongs to.
import { expect } from 'chai';
import { readCustomer } from '../support/customers.ts';
import { migrate } from '../../db/server/migrate.ts';
import { startApi } from '../api/start-api.ts';
import { createTestDatabase } from '../support/database.ts';
import { expectInvariants } from '../support/invariants.ts';
import { mappingOf } from '../support/sync-rows.ts';
import { createWorld, emptyTables, type SyncWorld } from '../support/sync.ts';
import { createInbound, type Inbound } from '../support/two-way.ts';

describe('a table whose name and email have collations that are not deterministic', () => {
  let made: Awaited<ReturnType<typeof createTestDatabase>> | undefined;
  let world: SyncWorld;
  let inbound: Inbound;
  let api: Awaited<ReturnType<typeof startApi>>;

  before('take it over', async () => {
    made = await createTestDatabase({ migrated: false });
    await made.db
      .raw(`create collation blind (provider = icu, locale = 'und-u-ka-shifted-ks-level1', deterministic = false);
      create collation caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      create table customers (id bigserial primary key, name varchar(90) collate blind, email text collate caseless unique);
      insert into customers (name, email) values (' Ada', 'ada@example.com'), ('--', 'dash@example.com')`);
    await migrate(made.db);
  });
  after('remove it', async () => {
    await made?.db.destroy();
    await made?.drop();
  });

  beforeEach('start the engine and the API', async () => {
    if (!made) throw new Error('no database');
    await emptyTables(made.db);
    world = await createWorld(made.db, {});
    await world.lane.runOnce();
    inbound = createInbound(world);
    api = await startApi({ db: made.db, clock: world.clock });
  });
  afterEach('stop them', async () => {
    await api.server.close();
    await world.lane.drain();
    await world.simulator.close();
    await expectInvariants(world);
  });

  it('keeps the collations, also of a column that has to become text', async () => {
    const { rows } = await world.db.raw<{ rows: { column: string }[] }>(
      `select a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || c.collname as column
       from pg_attribute a join pg_collation c on c.oid = a.attcollation where a.attrelid = 'customers'::regclass and a.attname in ('name', 'email')
       order by a.attnum`,
    );
    expect(rows.map(({ column }) => column)).to.deep.equal(['name text blind', 'email text caseless']);
  });

  it('counts a rename by case, accents or blanks alone as a change, made by the API', async () => {
    const { id } = await world.create({ name: 'Jose', email: 'jose@example.com' });
    await inbound.rest();
    const names = ['JOSE', 'José', 'Jo se', 'Jo-se'];
    for (const [at, name] of names.entries()) {
      const { status, json } = await api.send('PATCH', `/api/v1/customers/${id}`, { body: { name } });
      expect([status, json.name, json.version]).to.deep.equal([200, name, at + 2]);
    }
    const { json } = await api.send('PATCH', `/api/v1/customers/${id}`, {
      body: { email: 'JOSE@example.com' },
    });
    expect(json).to.include({ email: 'JOSE@example.com', version: 6 });
    expect(
      (
        await api.send('PUT', `/api/v1/customers/${id}`, {
          body: { name: 'Jo-se', email: 'JOSE@example.com' },
        })
      ).json,
    ).to.include({ version: 6 });
    await inbound.rest();
    expect(world.simulator.customers().map(({ name }) => name)).to.deep.equal(['Jo-se']);
  });

  it('counts such a rename as a change that comes from Stripe, and both sides agree', async () => {
    const { id } = await world.create({ name: 'Jose', email: 'jose@example.com' });
    await inbound.rest();
    const { externalId } = await mappingOf(world.db, id);
    world.simulator.dashboard.updateCustomer(externalId ?? '', { name: 'JOSÉ' });
    await inbound.rest();
    expect(await readCustomer(world.db, id)).to.include({ name: 'JOSÉ', version: 2 });
  });

  it('counts such a rename as a change that is made by hand in the database', async () => {
    const { id } = await world.create({ name: 'Jose' });
    await world.db.transaction(async (tx) => {
      await tx.raw(
        `update customers set name = 'JOSE', version = version + 1, last_event_id = next_sync_event_id() where id = :id`,
        { id },
      );
      await tx.raw(`select write_customer_event(:id)`, { id });
    });
    expect(await readCustomer(world.db, id)).to.include({ name: 'JOSE', version: 2 });
    const error: unknown = await world.db
      .raw(`update customers set name = 'jose' where id = :id`, { id })
      .catch((caught: unknown) => caught);
    expect(error).to.include({ code: 'TB001' });
    expect(await readCustomer(world.db, id)).to.include({ name: 'JOSE', version: 2 });
    await inbound.rest();
  });

  it('has one customer for an email by the rule of all tables, not by its collation', async () => {
    expect((await post('jose@example.com')).status).to.equal(201);
    expect((await post('JOSE@example.com')).json['code']).to.equal('duplicate_email');
    const accent = await post('JOSÉ@example.com');
    expect(accent.status).to.equal(201);
    const found = await api.send('GET', `/api/v1/customers?email=${encodeURIComponent('josÉ@example.com')}`);
    expect(found.list.map(({ id }) => id)).to.deep.equal([accent.json.id]);
    await inbound.rest();
  });

  const post = (email: string) => api.send('POST', '/api/v1/customers', { body: { name: 'Name', email } });
});
