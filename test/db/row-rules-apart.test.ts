import { expect } from 'chai';
import { describeRefusal, ownFunctions, refusedByTable } from '../../db/row-rules.ts';
import { systemClock } from '../../lib/clock.ts';
import { createCustomerStore, type CustomerStore } from '../../lib/customers/customers.ts';
import { useDatabase } from '../support/database.ts';
import { emptyTables } from '../support/sync.ts';
import { removeRules, triggerSql } from '../support/table-rules.ts';
import { customer as customerEntity } from '../../lib/catalogue/built-in.ts';

/** Which errors are refusals by the table's owner, and which are not. */
describe('the refusals of the table customers', () => {
  const database = useDatabase();
  let store: CustomerStore;
  let number = 0;

  before(() => {
    store = createCustomerStore({
      entity: customerEntity,
      db: database.db,
      clock: systemClock,
      nudge: () => undefined,
    });
  });
  beforeEach('empty the table', () => emptyTables(database.db));
  afterEach('take the rules away', () => removeRules(database.db, { columns: ['plan'] }));

  const email = (): string => `r${(number += 1)}@example.com`;
  const create = (name: string, at = email()) => store.create({ name, email: at }, { context: {} });
  async function made(name: string, at = email()): Promise<number> {
    const result = await create(name, at);
    if (result.outcome !== 'created') throw new Error(result.outcome);
    return result.customer.id;
  }
  const patch = (id: number, values: { name?: string; email?: string }) =>
    store.patch(id, values, {}, { context: {} });
  const run = (sql: string): Promise<unknown> => database.db.raw(sql);

  it('do not include an AFTER trigger that changes other columns', async () => {
    await run(
      `alter table customers add column plan text; ${triggerSql(
        'planned',
        `if new.plan is null then update customers set plan = 'free' where id = new.id; end if; return null;`,
        'after insert or update',
      )}`,
    );
    const id = await made('Ada');
    expect((await patch(id, { name: 'Eve' })).outcome).to.equal('updated');
    const { rows } = await database.db.raw<{ rows: object[] }>(
      `select plan, name, version from customers where id = ${id}`,
    );
    expect(rows).to.deep.equal([{ plan: 'free', name: 'Eve', version: 2 }]);
  });

  it('include a trigger that changes a name during a change of other columns, in whatever order triggers fire', async () => {
    await run('alter table customers add column plan text');
    const id = await made('Ada');
    for (const [name, state] of [
      ['aaa_first', 'TB001'],
      ['zzz_last', 'TB006'],
    ] as const) {
      await run(triggerSql(name, `new.name := 'Other'; return new;`, 'before update'));
      const error: unknown = await run(`update customers set plan = 'gold' where id = ${id}`).catch(
        (e: unknown) => e,
      );
      expect(error, name).to.include({ code: state });
      await run(`drop function ${name} cascade`);
    }
    expect((await store.patch(id, { name: 'Eve' }, {}, { context: {} })).outcome).to.equal('updated');
  });

  it('by a policy are distinguished from a missing right', async () => {
    const id = await made('Ada');
    await run(`alter table customers enable row level security; alter table customers force row level security;
      create policy reading on customers using (true) with check (name <> 'Nobody');
      drop role if exists ruled; create role ruled; grant select, insert, update on customers to ruled`);
    const under = (sql: string): Promise<unknown> =>
      database.db.transaction(async (tx) => {
        await tx.raw('set local role ruled');
        await tx.raw(sql);
      });
    const policy: unknown = await under(
      `update customers set name = 'Nobody', version = version + 1, last_event_id = last_event_id + 1 where id = ${id}`,
    ).catch((error: unknown) => error);
    expect(refusedByTable(customerEntity, policy)).to.deep.include({ kind: 'policy', rule: null });
    const right: unknown = await under('delete from customers').catch((error: unknown) => error);
    expect(refusedByTable(customerEntity, right)).to.equal(null);
    await run('drop policy reading on customers; revoke all on customers from ruled; drop role ruled');
  });

  it('do not include errors that pass by themselves, and no error of our own tables', async () => {
    const of = async (sql: string): Promise<unknown> =>
      refusedByTable(customerEntity, await run(sql).catch((error: unknown) => error));
    expect(await of(`do $$ begin raise exception using errcode = '40001'; end $$`)).to.equal(null);
    expect(await of(`do $$ begin raise exception using errcode = '57014'; end $$`)).to.equal(null);
    expect(await of('insert into leases (name) values (null)')).to.equal(null);
    await made('Ada');
    expect(await of(`update customers set name = 'Without a version'`)).to.equal(null);
    expect(await of('select nothing')).to.equal(null);
    expect(refusedByTable(customerEntity, new Error('duplicate key'))).to.equal(null);
    expect(refusedByTable(customerEntity, null)).to.equal(null);
  });

  it('do not include the email of a living customer, which has an answer of its own', async () => {
    await run(`create unique index of_mine on customers (reverse(email))`);
    const at = email();
    await made('Ada', at);
    expect((await create('Twin', at.toUpperCase())).outcome).to.equal('duplicate_email');
  });

  it('are reported with the columns of the rule, to every caller that asks for them', async () => {
    await made('Ada');
    await run(`alter table customers add constraint both_short check (length(name || email) <= 40)`);
    const error: unknown = await run(
      `update customers set name = repeat('x', 50), version = version + 1, last_event_id = next_sync_event_id()`,
    ).catch((reason: unknown) => reason);
    expect(refusedByTable(customerEntity, error)).to.deep.include({ rule: 'both_short', columns: [] });
    expect(await describeRefusal(database.db, customerEntity, error)).to.deep.include({
      columns: ['name', 'email'],
    });
  });

  it('are distinguished from errors of Twinbox’s own functions, which are all known', async () => {
    const { rows } = await database.db.raw<{ rows: { name: string }[] }>(
      `select proname as name from pg_proc where pronamespace = 'public'::regnamespace order by 1`,
    );
    expect([...ownFunctions(customerEntity)].sort()).to.deep.equal(rows.map(({ name }) => name));
  });
});
