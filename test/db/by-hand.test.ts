import { expect } from 'chai';
import { withTransaction, type Db, type Tx } from '../../db/server/connection.ts';
import { insertCustomer, updateCustomer, type Customer } from '../support/customers.ts';
import { sqlState } from '../../db/server/errors.ts';
import { newEventId } from '../../lib/uuid.ts';
import { useDatabase } from '../support/database.ts';

const YEAR_2020 = new Date('2020-01-01T00:00:00Z');

/**
 * The SQL of docs/first-link.md, with all that a client or a framework may add around its
 * statements.
 */
describe('a change of customers by hand in SQL', () => {
  const database = useDatabase();
  let number = 0;

  function fresh(at = YEAR_2020): Promise<Customer> {
    number += 1;
    const stamp = { eventId: newEventId(at), source: 'internal', context: {}, now: at };
    return insertCustomer(database.db, { name: `H ${number}`, email: `h${number}@example.org` }, stamp);
  }

  const change = (id: number, set: string): string =>
    `update customers set ${set}, version = version + 1, last_event_id = next_sync_event_id() where id = ${id};`;
  const event = (id: number): string => `select write_customer_event(${id});`;

  /** In one transaction, and rolled back where it fails. */
  function run(sql: string): Promise<unknown> {
    return withTransaction(database.db, (tx) => tx.raw(sql));
  }

  async function stateOf(work: Promise<unknown>): Promise<string | undefined> {
    return work.then(
      () => undefined,
      (error: unknown) => sqlState(error),
    );
  }

  async function namesOf(id: number): Promise<string[]> {
    const { rows } = await database.db.raw<{ rows: { name: string }[] }>(
      `select payload #>> '{customer_data,name}' as name from sync_events where entity_id = ${id} order by id`,
    );
    return rows.map(({ name }) => name);
  }

  /**
   * Transaction ids that others take and end meanwhile, so that those of savepoints lie between
   * them.
   */
  async function others(): Promise<void> {
    for (let n = 0; n < 3; n += 1) await database.db.raw('select pg_current_xact_id()');
  }

  const ways: [string, (id: number) => string][] = [
    ['no savepoint', (id) => `${change(id, `name = 'By hand'`)} ${event(id)}`],
    [
      'a savepoint round the change',
      (id) => `savepoint a; ${change(id, `name = 'By hand'`)} release a; ${event(id)}`,
    ],
    [
      'one savepoint round each statement, as psql with ON_ERROR_ROLLBACK',
      (id) =>
        `savepoint s; ${change(id, `name = 'By hand'`)} release s; savepoint s; ${event(id)} release s;`,
    ],
    [
      'savepoints in savepoints, as nested atomic blocks and requires_new',
      (id) =>
        `savepoint a; savepoint b; ${change(id, `name = 'By hand'`)} release b; savepoint c; ${event(id)} release c; release a;`,
    ],
    [
      'a savepoint that is still open at the commit',
      (id) => `savepoint a; ${change(id, `name = 'By hand'`)} ${event(id)}`,
    ],
    [
      'a block with an exception handler round both',
      (id) =>
        `do $$ begin begin ${change(id, `name = 'By hand'`)} perform write_customer_event(${id}); exception when others then raise; end; end $$`,
    ],
    [
      'a block with an exception handler round the change alone',
      (id) =>
        `do $$ begin begin ${change(id, `name = 'By hand'`)} exception when others then raise; end; perform write_customer_event(${id}); end $$`,
    ],
    [
      'a savepoint that took the event back, and the event again',
      (id) => `${change(id, `name = 'By hand'`)} savepoint a; ${event(id)} rollback to a; ${event(id)}`,
    ],
    [
      'a savepoint that took change and event back, and both again',
      (id) =>
        `savepoint a; ${change(id, `name = 'Not this'`)} ${event(id)} rollback to a; ${change(id, `name = 'By hand'`)} ${event(id)}`,
    ],
  ];
  for (const [what, sql] of ways) {
    it(`is accepted with ${what}`, async () => {
      const { id, name } = await fresh();
      await run(sql(id));
      expect(await namesOf(id)).to.deep.equal([name, 'By hand']);
    });
  }

  it('is accepted under a savepoint while others take transaction ids before, between and after', async () => {
    const { id, name } = await fresh();
    await withTransaction(database.db, async (tx) => {
      await tx.raw('select pg_current_xact_id()');
      await others();
      await tx.raw(`savepoint a; ${change(id, `name = 'By hand'`)} release a`);
      await others();
      await tx.raw(event(id));
    });
    expect(await namesOf(id)).to.deep.equal([name, 'By hand']);
  });

  it('is accepted as a new customer under a savepoint, and as a deletion', async () => {
    const { rows } = await database.db.raw<{ rows: { id: number }[] }>(`select nextval(
      pg_get_serial_sequence('customers', 'id')) as id`);
    const id = rows[0]?.id ?? 0;
    await run(
      `savepoint a; insert into customers (id, name, email, last_event_id, created_event_id) overriding system value
       values (${id}, 'New', 'new-by-hand@example.org', next_sync_event_id(), new_event_id()); release a; ${event(id)} savepoint a; ${change(id, 'deleted_at = now()')} release a; ${event(id)}`,
    );
    expect(await namesOf(id)).to.deep.equal(['New', 'New']);
  });

  it('is accepted twice in one transaction, each change with its event', async () => {
    const { id, name } = await fresh();
    await run(
      `savepoint a; ${change(id, `name = 'One'`)} ${event(id)} release a; savepoint a; ${change(id, `name = 'Two'`)} ${event(id)} release a;`,
    );
    expect(await namesOf(id)).to.deep.equal([name, 'One', 'Two']);
  });

  describe('gets no second event', () => {
    it('for a version of an earlier transaction whose event retention has dropped, though the transaction changed another row', async () => {
      const [old, other] = [await fresh(), await fresh()];
      await forgetEvents(old.id);
      const state = await stateOf(
        run(
          `savepoint a; ${change(other.id, `name = 'Other'`)} ${event(other.id)} release a; ${event(old.id)}`,
        ),
      );
      expect(state).to.equal('TB002');
      expect(await namesOf(old.id)).to.deep.equal([]);
    });

    it('for a version that another transaction has committed since this one began', async () => {
      const { id } = await fresh();
      const state = await stateOf(
        withTransaction(database.db, async (tx) => {
          await tx.raw('select pg_current_xact_id()');
          await updateElsewhere(id);
          await forgetEvents(id);
          await tx.raw(event(id));
        }),
      );
      expect(state).to.equal('TB002');
    });

    it('for a version that has an event', async () => {
      const { id } = await fresh();
      const twice = `savepoint a; ${change(id, `name = 'Once'`)} release a; ${event(id)} savepoint b; ${event(id)}`;
      expect(await stateOf(run(twice))).to.equal('TB002');
    });

    it('for a version whose change its savepoint has rolled back', async () => {
      const { id } = await fresh();
      const back = `savepoint a; ${change(id, `name = 'Back'`)} rollback to a; ${event(id)}`;
      expect(await stateOf(run(back))).to.equal('TB002');
    });

    it('for rows so old that their transaction id looks like one that is not given out yet', async () => {
      const { rows } = await database.db.raw<{ rows: { of: boolean }[] }>(
        `select is_of_this_transaction(written) as of from (values ('1'::xid), ('2'::xid), ('3'::xid),
           (((pg_current_xact_id()::text::bigint + 2000000000) % 4294967296)::text::xid)) w(written)`,
      );
      expect(rows.map((row) => row.of)).to.deep.equal([false, false, false, false]);
    });
  });

  describe('sets updated_at', () => {
    it('to the time of its transaction where the statement names none', async () => {
      const { id } = await fresh();
      await run(`${change(id, `name = 'Moved'`)} ${event(id)}`);
      const [row] = await times(id);
      expect(row?.updatedAt.getTime()).to.be.greaterThan(YEAR_2020.getTime());
      expect(row?.isEvents).to.equal(true);
    });

    it('to the time that the statement names, if that is later', async () => {
      const { id } = await fresh();
      await run(`${change(id, `name = 'Named', updated_at = '2020-06-01Z'`)} ${event(id)}`);
      expect((await times(id))[0]?.updatedAt).to.deep.equal(new Date('2020-06-01T00:00:00Z'));
    });

    it('never backwards, whatever time it names, and whatever clock the last change had', async () => {
      const future = new Date('2100-01-01T00:00:00Z');
      const [{ id: late }, { id }] = [await fresh(future), await fresh()];
      await run(
        `${change(late, `name = 'Late'`)} ${event(late)}
         ${change(id, `name = 'Back', updated_at = '2019-01-01Z'`)} ${event(id)}`,
      );
      expect((await times(late))[0]?.updatedAt).to.deep.equal(future);
      expect((await times(id))[0]?.updatedAt.getTime()).to.be.greaterThan(YEAR_2020.getTime());
    });

    it('but not where the program’s own statements change the row, whose clock may differ', async () => {
      const { id } = await fresh();
      const [early, same] = [new Date('2019-01-01T00:00:00Z'), YEAR_2020];
      for (const [n, at] of [early, same].entries()) {
        const stamp = { eventId: newEventId(at), source: 'internal', context: {}, now: at };
        const row = await updateCustomer(database.db, id, { name: `Ours ${n}` }, {}, stamp);
        expect(row?.updatedAt).to.deep.equal(YEAR_2020);
      }
    });
  });

  it('is accepted from a role with only the rights it needs, also where the relay has passed its event id meanwhile', async () => {
    const { id } = await fresh();
    await database.db.raw(
      `insert into relay_cursor (seen, system_identifier, timeline, address_hash) values ('1:1:', 1, 1, 'here')`,
    );
    const role = `by_hand_${process.pid}`;
    await withTransaction(database.db, async (tx) => {
      await tx.raw(`create role ${role}; grant select, insert, update on customers, sync_events to ${role};
        grant select on external_mappings to ${role}; grant usage on sequence sync_event_ids to ${role};
        set local role ${role}; ${change(id, `name = 'By hand'`)}`);
      await database.db.raw('select raise_relay_floor(last_value) from sync_event_ids');
      await tx.raw(
        `${event(id)} set constraints all immediate; reset role; drop owned by ${role}; drop role ${role}`,
      );
    });
    expect(await namesOf(id)).to.include('By hand');
  });

  async function forgetEvents(id: number): Promise<void> {
    await database.db.transaction((tx) =>
      tx.raw(`set local session_replication_role = replica; delete from sync_events where entity_id = ${id}`),
    );
  }

  function updateElsewhere(id: number): Promise<unknown> {
    return run(`${change(id, `name = 'Elsewhere'`)} ${event(id)}`);
  }

  async function times(id: number): Promise<{ updatedAt: Date; isEvents: boolean }[]> {
    const { rows } = await (database.db as Db | Tx).raw<{ rows: { updatedAt: Date; isEvents: boolean }[] }>(
      `select c.updated_at as "updatedAt", e.created_at = c.updated_at as "isEvents"
       from customers c join sync_events e on e.id = c.last_event_id where c.id = ${id}`,
    );
    return rows;
  }
});
