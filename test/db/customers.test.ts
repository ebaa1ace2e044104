import { expect } from 'chai';
import { byColumn } from '../../db/entities/by-column.ts';
import { insertRow, insertTogether, readRow } from '../../db/entities/rows.ts';
import { withTransaction, type Db, type Tx } from '../../db/server/connection.ts';
import {
  deleteCustomer,
  insertCustomer,
  isEmailTaken,
  listCustomers,
  readCustomer,
  updateCustomer,
  type Stamp,
} from '../support/customers.ts';
import { customer as entity } from '../../lib/catalogue/built-in.ts';
import { newEventId } from '../../lib/uuid.ts';
import { useDatabase } from '../support/database.ts';

const now = new Date('2026-03-01T12:00:00Z');

function stamp(at = now): Stamp {
  return { eventId: newEventId(at), source: 'internal', context: { request_id: 'req-1' }, now: at };
}

type EventRow = {
  id: number;
  event_id: string;
  event_type: string;
  entity_key: string;
  version: number;
  source: string;
  payload: object;
  context: object;
  created_at: Date;
};

describe('customers in the database', () => {
  const database = useDatabase();
  let number = 0;

  const fresh = () => {
    number += 1;
    return insertCustomer(database.db, { name: `C ${number}`, email: `c${number}@example.org` }, stamp());
  };
  const eventsOf = (id: number): Promise<EventRow[]> =>
    database.db<EventRow>('sync_events').where('entity_key', `customer:${id}`).orderBy('id').select();

  /** The SQLSTATE and the hint of the error that refuses the work, at the commit too. */
  async function refusal(work: (tx: Tx) => Promise<unknown>): Promise<{ code?: string; hint?: string }> {
    const error: unknown = await withTransaction(database.db, work).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error, 'it was let through').to.be.an.instanceOf(Error);
    return error as { code?: string; hint?: string };
  }

  describe('written by our statements', () => {
    it('each have an event with the values of the row', async () => {
      const made = stamp();
      const row = await insertCustomer(database.db, { name: 'Ada', email: 'ada@example.org' }, made);
      expect(row).to.deep.include({
        version: 1,
        createdEventId: made.eventId,
        createdAt: now,
        updatedAt: now,
      });
      const [event] = await eventsOf(row.id);
      expect(event).to.deep.include({
        id: row.lastEventId,
        event_id: made.eventId,
        event_type: 'customer.created',
        version: 1,
        source: 'internal',
        context: { request_id: 'req-1' },
        created_at: now,
        payload: {
          customer_data: { id: row.id, name: 'Ada', email: 'ada@example.org' },
          external_mappings: {},
        },
      });
    });

    it('show the pairs of their id where it was in use before, in the event and as reads do', async () => {
      const { db } = database;
      const inUse = async (): Promise<number> => {
        const id = (await fresh()).id + 1;
        await db('external_mappings').insert([
          { ...{ internal_id: id, system: 'stripe', state: 'tombstoned' }, external_id: `cus_${id}` },
          {
            ...{ internal_id: id, system: 'hubspot', state: 'alias' },
            external_id: `alias_${id}`,
            role: 'alias',
          },
        ]);
        return id;
      };
      const values = () => ({ name: 'Again', email: `again-${(number += 1)}@example.org` });
      const alone = async () => [await insertRow(db, entity, values(), stamp())];
      const together = async () => {
        const { columns } = byColumn(entity, values());
        const rows = [stamp(), stamp()].map((each) => ({
          json: byColumn(entity, values()).json,
          stamp: each,
        }));
        return [...(await insertTogether(db, entity, columns, rows)).values()];
      };
      for (const write of [alone, together]) {
        const id = await inUse();
        const rows = await write();
        const row = rows.find((each) => each.id === id);
        expect(row?.mappings).to.have.length(1);
        expect(row).to.deep.equal(await readRow(db, entity, id));
        const payloads = await Promise.all(rows.map(async (each) => (await eventsOf(each.id))[0]?.payload));
        const ofNew = rows.map((each) => (each.id === id ? { stripe: `cus_${id}` } : {}));
        expect(
          payloads.map((each) => each && 'external_mappings' in each && each.external_mappings),
        ).to.deep.equal(ofNew);
      }
    });

    it('belong to the caller’s transaction', async () => {
      const customer = await fresh();
      await withTransaction(database.db, async (tx) => {
        await updateCustomer(tx, customer.id, { name: 'Never' }, {}, stamp());
        await tx.rollback(new Error('changed my mind'));
      }).catch(() => undefined);
      expect((await readCustomer(database.db, customer.id))?.name).to.equal(customer.name);
      expect(await eventsOf(customer.id)).to.have.length(1);
    });

    it('write nothing when no value differs, the version is another one, or the row is deleted', async () => {
      const { id, name, email } = await fresh();
      const { db } = database;
      expect(await updateCustomer(db, id, { name, email }, {}, stamp())).to.equal(null);
      expect(await updateCustomer(db, id, {}, {}, stamp())).to.equal(null);
      expect(await updateCustomer(db, id, { name: 'x' }, { ifVersion: 2 }, stamp())).to.equal(null);
      expect(await deleteCustomer(db, id, { ifVersion: 2 }, stamp())).to.equal(null);
      expect(await deleteCustomer(db, id, { ifVersion: 1 }, stamp())).to.include({ version: 2 });
      expect(await deleteCustomer(db, id, {}, stamp())).to.equal(null);
      expect(await updateCustomer(db, id, { name: 'x' }, {}, stamp())).to.equal(null);
      expect(await updateCustomer(db, 999_999, { name: 'x' }, {}, stamp())).to.equal(null);
      expect((await eventsOf(id)).map(({ event_type: type }) => type)).to.deep.equal([
        'customer.created',
        'customer.deleted',
      ]);
    });

    it('are read as tombstones once deleted, and no longer listed', async () => {
      const { id } = await fresh();
      const later = new Date(now.getTime() + 1_000);
      await deleteCustomer(database.db, id, {}, stamp(later));
      expect(await readCustomer(database.db, id)).to.deep.include({ deletedAt: later, updatedAt: later });
      const listed = await listCustomers(database.db, { limit: 100, after: id - 1 });
      expect(listed.map((each) => each.id)).not.to.include(id);
    });

    it('never have an updated_at that moves backwards, whatever the clock of a process says', async () => {
      const { id } = await fresh();
      const row = await updateCustomer(database.db, id, { name: 'Early' }, {}, stamp(new Date(0)));
      expect(row?.updatedAt).to.deep.equal(now);
    });

    it('say which error means that the email is taken', async () => {
      const { email } = await fresh();
      const other = await fresh();
      const error: unknown = await updateCustomer(
        database.db,
        other.id,
        { email: email.toUpperCase() },
        {},
        stamp(),
      ).catch((reason: unknown) => reason);
      expect(isEmailTaken(error)).to.equal(true);
      expect(isEmailTaken(new Error('duplicate key'))).to.equal(false);
    });

    it('draw the event id after the row lock, so that id order is version order', async () => {
      const { id } = await fresh();
      await Promise.all(
        Array.from({ length: 40 }, (_, n) =>
          updateCustomer(database.db, id, { name: `W ${n}` }, {}, stamp()),
        ),
      );
      const versions = (await eventsOf(id)).map(({ version }) => version);
      expect(versions).to.deep.equal(Array.from({ length: 41 }, (_, n) => n + 1));
    });
  });

  describe('written by hand', () => {
    const byHand = (db: Db | Tx, id: number, set: string) =>
      db.raw(
        `update customers set ${set}, version = version + 1, last_event_id = next_sync_event_id() where id = ?`,
        [id],
      );

    it('need version + 1 at a change', async () => {
      const { id } = await fresh();
      const { code, hint } = await refusal((tx) =>
        tx.raw(`update customers set name = 'x' where id = ?`, [id]),
      );
      expect(code).to.equal('TB001');
      expect(hint).to.include('next_sync_event_id()').and.include('write_event');
      const leap = `update customers set version = version + 2, last_event_id = next_sync_event_id() where id = ?`;
      expect((await refusal((tx) => tx.raw(leap, [id]))).code).to.equal('TB001');
    });

    it('need a newly drawn event id', async () => {
      const { id } = await fresh();
      const stale = `update customers set name = 'x', version = version + 1 where id = ?`;
      expect((await refusal((tx) => tx.raw(stale, [id]))).code).to.equal('TB001');
    });

    it('need their event in the same transaction; the error names the function that writes it', async () => {
      const { id } = await fresh();
      const { code, hint } = await refusal((tx) => byHand(tx, id, `name = 'x'`));
      expect(code).to.equal('TB002');
      expect(hint).to.include(`select write_event('customer', ${id})`);
      expect((await readCustomer(database.db, id))?.version).to.equal(1);
    });

    it('are accepted with write_customer_event, as a change, a delete or a new customer', async () => {
      const { id } = await fresh();
      await withTransaction(database.db, async (tx) => {
        await byHand(tx, id, `name = 'By hand'`);
        await tx.raw('select write_customer_event(?)', [id]);
      });
      await withTransaction(database.db, async (tx) => {
        await byHand(tx, id, `deleted_at = now()`);
        await tx.raw(`select write_customer_event(?, 'sql', '{"actor": "dba"}')`, [id]);
      });
      const [, changed, deleted] = await eventsOf(id);
      expect(changed).to.include({ event_type: 'customer.updated', version: 2, source: 'sql' });
      expect(changed?.payload).to.have.nested.property('customer_data.name', 'By hand');
      expect(deleted).to.include({ event_type: 'customer.deleted', version: 3 });
      expect(deleted?.context).to.deep.equal({ actor: 'dba' });
      await withTransaction(database.db, async (tx) => {
        const { rows } = await tx.raw<{ rows: { id: number }[] }>(
          `insert into customers (name, email, last_event_id, created_event_id)
           values ('New by hand', 'by-hand@example.org', next_sync_event_id(), new_event_id()) returning id`,
        );
        await tx.raw('select write_customer_event(?)', [rows[0]?.id ?? 0]);
      });
      const { rows } = await database.db.raw<{ rows: object[] }>(
        `select event_type, e.event_id = c.created_event_id as named
         from sync_events e join customers c on c.id = e.entity_id where email = 'by-hand@example.org'`,
      );
      expect(rows).to.deep.equal([{ event_type: 'customer.created', named: true }]);
    });

    it('cannot have two events for one version', async () => {
      const { id } = await fresh();
      expect((await refusal((tx) => tx.raw('select write_customer_event(?)', [id]))).code).to.equal('TB002');
      expect((await refusal((tx) => tx.raw('select write_customer_event(999999)'))).code).to.equal('TB004');
    });

    it('begin with version 1', async () => {
      const insert = `insert into customers (name, email, version, last_event_id, created_event_id)
                      values ('x', 'v2@example.org', 2, next_sync_event_id(), new_event_id())`;
      expect((await refusal((tx) => tx.raw(insert))).code).to.equal('TB001');
    });

    it('make no event when an update changes nothing at all', async () => {
      const { id } = await fresh();
      await database.db.raw('update customers set name = name where id = ?', [id]);
      expect((await readCustomer(database.db, id))?.version).to.equal(1);
      expect(await eventsOf(id)).to.have.length(1);
    });
  });

  it('cannot be removed by DELETE or TRUNCATE, only purged once every external system has the deletion', async () => {
    const { id } = await fresh();
    const { code, hint } = await refusal((tx) => tx.raw('delete from customers where id = ?', [id]));
    expect(code).to.equal('TB003');
    expect(hint).to.include('deleted_at').and.include('purge_row');
    expect((await refusal((tx) => tx.raw('truncate customers'))).code).to.equal('TB003');
    const [mapping] = await database
      .db<{ id: number }>('external_mappings')
      .insert({ internal_id: id, system: 'stripe', external_id: 'cus_purged' } as object, ['id']);
    await deleteCustomer(database.db, id, {}, stamp());
    const purge = (tx: Tx) => tx.raw('select purge_customer(?)', [id]);
    expect((await refusal(purge)).code).to.equal('TB003');
    await database.db('external_mappings').where({ id: mapping?.id }).update({ state: 'tombstoned' });
    await withTransaction(database.db, purge);
    expect(await readCustomer(database.db, id)).to.equal(null);
  });

  it('have events that cannot be changed', async () => {
    const { id } = await fresh();
    for (const sql of [
      `update sync_events set version = 9 where entity_id = ${id}`,
      `delete from sync_events where entity_id = ${id}`,
    ]) {
      expect((await refusal((tx) => tx.raw(sql))).code).to.equal('TB003');
    }
  });
});
