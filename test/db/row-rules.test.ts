import { expect } from 'chai';
import { createCustomerStore, type CustomerStore, type Refusal } from '../../lib/customers/customers.ts';
import { systemClock } from '../../lib/clock.ts';
import { useDatabase } from '../support/database.ts';
import { emptyTables } from '../support/sync.ts';
import { constraintTriggerSql, removeRules, triggerSql } from '../support/table-rules.ts';
import { customer as customerEntity } from '../../lib/catalogue/built-in.ts';

/**
 * Rules and triggers as owners of tables have them, each tried with a create, a change and, where
 * it concerns it, a delete.
 */
describe('a rule of the table customers', () => {
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
  afterEach('take the rules away', takeAway);

  const email = (): string => `r${(number += 1)}@example.com`;
  const create = (name: string, at = email()) => store.create({ name, email: at }, { context: {} });
  async function made(name: string, at = email()): Promise<number> {
    const result = await create(name, at);
    if (result.outcome !== 'created') throw new Error(result.outcome);
    return result.customer.id;
  }
  const patch = (id: number, values: { name?: string; email?: string }) =>
    store.patch(id, values, {}, { context: {} });

  type TableRefusal = { kind: string; rule: string | null; columns: string[]; says?: string | null };
  const refusalOf = (result: { outcome: string } | Refusal): TableRefusal => {
    if (result.outcome !== 'refused' || !('refusal' in result)) throw new Error(`it was ${result.outcome}`);
    const { kind, rule, columns, says, message } = result.refusal;
    expect(message).to.match(/the table customers/);
    expect(JSON.stringify(result.refusal)).not.to.match(/r\d+@example|Taken|A name of thirty/);
    return { kind, rule, columns, ...(says !== null && { says }) };
  };

  const rules: [string, string, string, TableRefusal][] = [
    [
      'CHECK',
      `alter table customers add constraint name_short check (length(name) <= 20)`,
      'A name of thirty characters ..',
      { kind: 'check', rule: 'name_short', columns: ['name'] },
    ],
    [
      'UNIQUE',
      `alter table customers add constraint name_once unique (name)`,
      'Taken',
      { kind: 'unique', rule: 'name_once', columns: ['name'] },
    ],
    [
      'UNIQUE, deferred to the commit',
      `alter table customers add constraint name_once unique (name) deferrable initially deferred`,
      'Taken',
      { kind: 'unique', rule: 'name_once', columns: ['name'] },
    ],
    [
      'unique index upon an expression',
      `create unique index name_folded on customers (upper(name))`,
      'TAKEN',
      { kind: 'unique', rule: 'name_folded', columns: ['name'] },
    ],
    [
      'EXCLUDE',
      `alter table customers add constraint no_twins exclude using btree (name with =)`,
      'Taken',
      { kind: 'exclusion', rule: 'no_twins', columns: ['name'] },
    ],
    [
      'foreign key',
      `create table names (name text primary key); insert into names values ('Ada'), ('Taken'), ('Ordinary');
       alter table customers add constraint known foreign key (name) references names not valid`,
      'Nobody',
      { kind: 'foreign_key', rule: 'known', columns: ['name'] },
    ],
    [
      'foreign key, deferred to the commit',
      `create table names (name text primary key); insert into names values ('Ada'), ('Taken'), ('Ordinary');
       alter table customers add constraint known foreign key (name) references names deferrable initially deferred not valid`,
      'Nobody',
      { kind: 'foreign_key', rule: 'known', columns: ['name'] },
    ],
    [
      'NOT NULL of another column',
      `alter table customers add column plan text default 'free' not null;
       ${triggerSql('plan_of', `if new.name = 'Nobody' then new.plan := null; end if; return new;`)}`,
      'Nobody',
      { kind: 'not_null', rule: null, columns: ['plan'] },
    ],
    [
      'length of another column',
      `alter table customers add column short varchar(5) generated always as (case when name like 'A name of%' then name else '' end) stored`,
      'A name of thirty characters ..',
      { kind: 'too_long', rule: null, columns: [] },
    ],
    [
      'range of another column',
      `alter table customers add column tiny smallint generated always as (case when name = 'Nobody' then 70000 else 0 end) stored`,
      'Nobody',
      { kind: 'out_of_range', rule: null, columns: [] },
    ],
    [
      'domain of another column',
      `create domain small as int constraint below_ten check (value < 10);
       alter table customers add column n small; ${triggerSql('n_of', `new.n := length(new.name) % 30; return new;`)}`,
      'Twelve chars',
      { kind: 'check', rule: 'below_ten', columns: [] },
    ],
    [
      'raising trigger',
      triggerSql(
        'closed',
        `if new.name = 'Nobody' then raise exception 'closed customer'; end if; return new;`,
      ),
      'Nobody',
      { kind: 'trigger', rule: 'closed()', columns: [], says: 'closed customer' },
    ],
    [
      'trigger that raises a state of its own',
      triggerSql(
        'barred',
        `if new.name = 'Nobody' then raise exception using errcode = 'CU042', message = 'barred'; end if; return new;`,
      ),
      'Nobody',
      { kind: 'trigger', rule: 'barred()', columns: [], says: 'barred' },
    ],
    [
      'trigger that names a constraint',
      triggerSql(
        'named',
        `if new.name = 'Nobody' then raise exception using errcode = 'check_violation', constraint = 'no_nobody', message = 'no'; end if; return new;`,
      ),
      'Nobody',
      { kind: 'check', rule: 'no_nobody', columns: [], says: 'no' },
    ],
    [
      'constraint trigger, deferred to the commit',
      constraintTriggerSql(
        'late',
        `if new.name = 'Nobody' then raise exception 'too late'; end if; return null;`,
      ),
      'Nobody',
      { kind: 'trigger', rule: 'late()', columns: [], says: 'too late' },
    ],
    [
      'trigger with a mistake',
      triggerSql('broken', `if new.name = 'Nobody' then new.name := 1 / 0; end if; return new;`),
      'Nobody',
      { kind: 'trigger', rule: 'broken()', columns: [] },
    ],
    [
      'trigger that writes to another table, which refuses',
      `create table audit (name text check (name <> 'Nobody'));
       ${triggerSql('audited', `insert into audit values (new.name); return null;`, 'after insert or update')}`,
      'Nobody',
      { kind: 'check', rule: 'audit_name_check', columns: [] },
    ],
    [
      'AFTER trigger that changes the row again without a version',
      triggerSql(
        'again',
        `if new.name = 'Nobody' then update customers set name = 'Somebody' where id = new.id; end if; return null;`,
        'after insert or update',
      ),
      'Nobody',
      { kind: 'trigger', rule: 'again()', columns: [] },
    ],
    [
      'trigger that returns null',
      triggerSql('quiet', `if new.name = 'Nobody' then return null; end if; return new;`),
      'Nobody',
      { kind: 'swallowed', rule: 'quiet', columns: [] },
    ],
  ];
  for (const [what, sql, name, expected] of rules) {
    it(`(${what}) refuses a create and a change, is named, and lets the next writes through`, async () => {
      await made('Taken');
      const id = await made('Ada');
      await run(sql);
      expect(refusalOf(await create(name))).to.deep.equal(expected);
      expect(refusalOf(await patch(id, { name }))).to.deep.equal(expected);
      expect((await patch(id, { name: 'Ordinary' })).outcome).to.equal('updated');
    });
  }

  it('refuses a delete, at once or at the commit, or suppresses it, and is named', async () => {
    const bodies: [string, (name: string) => string, TableRefusal][] = [
      [
        'kept',
        (name) =>
          triggerSql(
            name,
            `if new.deleted_at is not null then raise exception 'has open bills'; end if; return new;`,
          ),
        { kind: 'trigger', rule: 'kept()', columns: [], says: 'has open bills' },
      ],
      [
        'kept_late',
        (name) =>
          constraintTriggerSql(
            name,
            `if new.deleted_at is not null then raise exception 'has open bills'; end if; return null;`,
          ),
        { kind: 'trigger', rule: 'kept_late()', columns: [], says: 'has open bills' },
      ],
      [
        'kept_quiet',
        (name) => triggerSql(name, `if new.deleted_at is not null then return null; end if; return new;`),
        { kind: 'swallowed', rule: 'kept_quiet', columns: [] },
      ],
    ];
    for (const [name, sql, expected] of bodies) {
      const id = await made('Ada');
      await run(sql(name));
      expect(refusalOf(await store.remove(id, {}, { context: {} })), name).to.deep.equal(expected);
      await takeAway();
    }
  });

  /** The row without its mappings, and how many events it has. */
  async function standing(id: number): Promise<object> {
    const { rows } = await database.db.raw<{ rows: object[] }>(
      `select c.name, c.version, c.deleted_at, c.updated_at, c.last_event_id,
              (select count(*) from sync_events where entity_key = 'customer:' || c.id) as events
       from customers c where c.id = :id`,
      { id },
    );
    return rows[0] ?? {};
  }

  it('that undoes a change in a trigger raises no version, makes no event, and is named', async () => {
    const id = await made('Ada');
    const before = await standing(id);
    await run(triggerSql('frozen', `new.name := old.name; return new;`, 'before update'));
    const expected = { kind: 'swallowed', rule: 'frozen', columns: [] };
    expect(refusalOf(await patch(id, { name: 'Ada King' }))).to.deep.equal(expected);
    expect(await standing(id)).to.deep.equal(before);
    const changed = await patch(id, { name: 'Ada King', email: email() });
    expect(changed).to.nested.include({ outcome: 'updated', 'customer.fields.name': 'Ada' });
    expect(await standing(id)).to.include({ version: 2, events: 2 });
  });

  it('that moves a value into another column by a trigger lets the change count', async () => {
    const id = await made('Ada');
    await run(
      `alter table customers add column plan text;
       ${triggerSql('asked', `new.plan := new.name; new.name := old.name; return new;`, 'before update')}`,
    );
    expect(await patch(id, { name: 'Ada King' })).to.include({ outcome: 'updated' });
    expect(await standing(id)).to.include({ name: 'Ada', version: 2, events: 2 });
  });

  it('that undoes a delete in a trigger makes no event of a delete', async () => {
    const id = await made('Ada');
    const before = await standing(id);
    await run(triggerSql('kept', `new.deleted_at := old.deleted_at; return new;`, 'before update'));
    expect(refusalOf(await store.remove(id, {}, { context: {} }))).to.deep.equal({
      ...{ kind: 'swallowed', rule: 'kept', columns: [] },
    });
    expect(await standing(id)).to.deep.equal(before);
  });

  function takeAway(): Promise<void> {
    return removeRules(database.db, {
      columns: ['plan', 'short', 'tiny', 'n'],
      tables: ['names', 'audit'],
      domains: ['small'],
    });
  }

  async function run(sql: string): Promise<unknown> {
    return database.db.raw(sql);
  }
});
