// The same cases in databases of different locales: which emails are equal is the program's rule
// (db/email-fold.ts), and no database has another.
import { expect } from 'chai';
import { importAll } from '../../lib/customers/import/summary.ts';
import { listCustomers, readCustomer } from '../support/customers.ts';
import { migrate } from '../../db/server/migrate.ts';
import { planFirstLink } from '../../lib/operations/link-plan.ts';
import { startApi } from '../api/start-api.ts';
import { consentToAll, waitingRow } from '../support/first-link.ts';
import { expectInvariants } from '../support/invariants.ts';
import { createLocaleDatabase, type LocaleDatabase } from '../support/locales.ts';
import { mappingOf } from '../support/sync-rows.ts';
import { createWorld, emptyTables, type SyncWorld } from '../support/sync.ts';
import { createInbound, mappingsIn, type Inbound } from '../support/two-way.ts';
import { customer as customerEntity } from '../../lib/catalogue/built-in.ts';

/** The suite of one locale. `locale`: what `create database` is given. */
export function tellStories(name: string, locale: string): void {
  describe(`in a database with the locale ${name}`, () => {
    let database: LocaleDatabase | undefined;
    let world: SyncWorld;
    let inbound: Inbound;
    let api: Awaited<ReturnType<typeof startApi>>;

    before('create it', async () => {
      database = await createLocaleDatabase(locale);
      await migrate(database.db);
    });
    after('remove it', () => database?.drop());

    beforeEach('start the engine and the API', async () => {
      if (!database) throw new Error('no database');
      await emptyTables(database.db);
      world = await createWorld(database.db, {});
      await world.lane.runOnce();
      inbound = createInbound(world);
      api = await startApi({ db: database.db, clock: world.clock });
    });
    afterEach('stop them', async () => {
      await api.server.close();
      await world.lane.drain();
      await world.simulator.close();
      await expectInvariants(world);
    });

    it('an email belongs to one customer in any case of A to Z: by POST, PATCH, search and import', async () => {
      const made = await post('INFO@ILI.io');
      expect(made.status).to.equal(201);
      expect((await post('info@ili.io')).json['code']).to.equal('duplicate_email');
      const other = await post('other@ili.io');
      const moved = await api.send('PATCH', `/api/v1/customers/${other.json.id}`, {
        body: { email: 'Info@Ili.IO' },
      });
      expect(moved.json['code']).to.equal('duplicate_email');
      const found = await api.send('GET', '/api/v1/customers?email=info@ili.io');
      expect(found.list.map(({ id }) => id)).to.deep.equal([made.json.id]);
      const summary = await bringIn('Billing@I.io', 'BILLING@I.io', 'billing@i.io', 'info@ili.io');
      expect(summary).to.include({ created: 1 });
      expect(summary.different.map(({ line }) => line)).to.deep.equal([2, 3, 4]);
    });

    it('letters with accents and of other scripts differ by their case, so each email has its own customer', async () => {
      const emails = [
        'ä@x.io',
        'Ä@x.io',
        'ß@x.io',
        'ẞ@x.io',
        'σ@x.io',
        'ς@x.io',
        'Σ@x.io',
        'ı@x.io',
        'İ@x.io',
        'i@x.io',
      ];
      for (const email of emails) expect((await post(email)).status, email).to.equal(201);
      for (const email of emails) {
        const found = await api.send('GET', `/api/v1/customers?email=${encodeURIComponent(email)}`);
        expect(found.list.map((customer) => customer.email)).to.deep.equal([email]);
      }
    });

    it('a record whose email differs by case is a second record of the customer, and makes no new customer', async () => {
      const { id } = await world.create({ email: 'INFO2@x.io' });
      await inbound.rest();
      const record = world.simulator.dashboard.createCustomer({ name: 'Second', email: 'info2@x.io' });
      await inbound.rest();
      expect((await listCustomers(world.db, { limit: 10 })).map((customer) => customer.id)).to.deep.equal([
        id,
      ]);
      expect(
        (await mappingsIn(world.db)).map(({ externalId, role }) => [externalId === record.id, role]),
      ).to.deep.equal([
        [false, 'primary'],
        [true, 'alias'],
      ]);
    });

    it('a change of case alone is a change of the row, and neither side takes it over from the other', async () => {
      const { id } = await world.create({ email: 'INFO@x.io' });
      await inbound.rest();
      const externalId = (await mappingOf(world.db, id)).externalId ?? '';
      world.simulator.dashboard.updateCustomer(externalId, { email: 'Info@X.io' });
      await inbound.rest();
      expect(await readCustomer(world.db, id)).to.include({ email: 'INFO@x.io', version: 1 });
      const renamed = await api.send('PATCH', `/api/v1/customers/${id}`, { body: { email: 'info@x.io' } });
      expect(renamed.json).to.include({ email: 'info@x.io', version: 2 });
      await inbound.rest();
      expect(await readCustomer(world.db, id)).to.include({ email: 'info@x.io' });
      expect((await mappingOf(world.db, id)).pushedVersion).to.equal(2);
    });

    it('the first link finds the record of each row, and creates no customer twice', async () => {
      const row = await waitingRow(world, { name: 'Info', email: 'INFO@x.io' });
      const record = world.simulator.dashboard.createCustomer({ name: 'Info', email: 'info@x.io' });
      const plan = await planFirstLink(world.deps);
      expect(plan.creates).to.deep.equal([]);
      expect(plan.pairs.get(row.id)).to.include({ externalId: record.id, by: 'email' });
      await consentToAll(world);
      await inbound.rest();
      expect(world.simulator.customers().map(({ id }) => id)).to.deep.equal([record.id]);
    });

    const post = (email: string) => api.send('POST', '/api/v1/customers', { body: { name: 'Name', email } });

    async function bringIn(...emails: string[]) {
      const rows = emails.map((email, at) => ({ line: at + 1, values: { name: `Line ${at + 1}`, email } }));
      const read = async function* () {
        yield* rows;
      };
      const { summary } = await importAll(read(), {
        ...{ db: world.db, entity: customerEntity, clock: world.clock, nudge: () => undefined },
        ...{ origin: { context: {} }, onExisting: 'report', dryRun: false },
      });
      return summary;
    }
  });
}
