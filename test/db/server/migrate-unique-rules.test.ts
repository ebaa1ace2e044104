import { expect } from 'chai';
import type { Db } from '../../../db/server/connection.ts';
import { deleteCustomer, insertCustomer } from '../../support/customers.ts';
import { migrate } from '../../../db/server/migrate.ts';
import { newEventId } from '../../../lib/uuid.ts';
import { createTestDatabase } from '../../support/database.ts';

describe('migrate, where a table customers has unique rules of its own', () => {
  let db: Db;
  let drop: () => Promise<unknown>;

  beforeEach('an unmigrated database', async () => {
    ({ db, drop } = await createTestDatabase({ migrated: false }));
  });
  afterEach('remove it', async () => {
    await db.destroy();
    await drop();
  });

  it('keeps a unique index in another fold of the email for living customers, keeps the other rules, and reports each', async () => {
    await db.raw(`create table customers (id serial primary key, name text, email text unique, shop int default 1);
      create unique index upper_email on customers (upper(email)) include (name) where shop > 0;
      create unique index trimmed_email on customers (lower(trim(email)));
      create unique index email_in_shop on customers (email, shop);
      alter table customers add constraint name_once unique (name), add constraint no_twins exclude using btree (lower(name) with =);
      create unique index shop_once on customers (shop, id);
      insert into customers (name, email) values ('Ada', 'Ada@example.com'), ('Eve', 'eve@example.com')`);
    const notes: string[] = [];
    await migrate(db, { say: (note) => void notes.push(note) });
    expect(notes).to.have.length(6);
    const said = notes.join('\n');
    expect(said).to.match(/unique rule customers_email_key on the email makes way/);
    expect(said).to.match(/unique index upper_email on \(upper\(email\)\) holds among living rows only/);
    expect(said).to.match(/unique index trimmed_email on \(.*\) holds among living rows only/);
    expect(said).to.match(/unique index email_in_shop on \(email, shop\) stays, and deleted rows count/);
    expect(said).to.match(/unique constraint name_once on \(name\) stays/);
    expect(said).to.match(/exclusion constraint no_twins on \(lower\(name\)\) stays/);
    const { rows } = await db.raw<{ rows: object[] }>(
      `select pg_get_indexdef('upper_email'::regclass) as definition`,
    );
    expect(rows[0])
      .to.have.property('definition')
      .that.matches(
        /UNIQUE INDEX .*\(upper\(email\)\) INCLUDE \(name\) WHERE \(\(deleted_at IS NULL\) AND \(shop > 0\)\)/,
      );
    expect(await migrate(db, { say: () => expect.fail('nothing is said twice') })).to.deep.equal([]);
  });

  it('lets the email of a deleted customer be used again, also where an index in another fold of it stays', async () => {
    await db.raw(`create table customers (id serial primary key, name text, email text);
      create unique index upper_email on customers (upper(email));
      insert into customers (name, email) values ('Ada', 'ada@example.com')`);
    await migrate(db);
    const stamp = () => ({
      eventId: newEventId(new Date()),
      source: 'internal',
      context: {},
      now: new Date(),
    });
    expect(await deleteCustomer(db, 1, {}, stamp())).to.include({ version: 2 });
    expect(await insertCustomer(db, { name: 'Ada', email: 'Ada@example.com' }, stamp())).to.include({
      version: 1,
    });
  });
});
