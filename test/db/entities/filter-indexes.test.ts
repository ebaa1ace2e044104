import { expect } from 'chai';
import { listRows } from '../../../db/entities/rows.ts';
import { createDb, type Db } from '../../../db/server/connection.ts';
import { assertMigrated, migrate, planMigration } from '../../../db/server/migrate.ts';
import type { UserEntity, UserField } from '../../../lib/catalogue/define-config.ts';
import { ownCatalogue, type OwnCatalogue } from '../../support/catalogues.ts';
import { createTestDatabase } from '../../support/database.ts';
import { waitUntil } from '../../support/signal.ts';

const PLAN: UserField = { type: 'enum', values: ['free', 'team'] };
const PHONE: UserField = { type: 'text', maxLength: 20 };
const INDEX = 'twinbox_filter_customer_plan';
const MADE =
  `The index ${INDEX} on customers.plan is made for the filter by plan. ` +
  'Reads and writes go on meanwhile; it waits until the transactions that are open now have ended.';

const own = (fields: Record<string, UserField>, entity: UserEntity = {}): OwnCatalogue =>
  ownCatalogue({ entities: { customer: { ...entity, fields } } });

const plain = own({ plan: PLAN, phone: PHONE });
const indexed = own({ plan: { ...PLAN, indexed: true }, phone: PHONE });

describe('the index of a field by which lists are filtered', () => {
  let db: Db;
  let url: string;
  let drop: () => Promise<unknown>;

  beforeEach('a database without such an index', async () => {
    ({ db, url, drop } = await createTestDatabase());
    await migrate(db, { catalogue: plain.table });
  });
  afterEach('remove it', async () => {
    await db.destroy();
    await drop();
  });

  it('is in the plan, is made by migrate, and then nothing is left to do', async () => {
    const { additions, consequences, problems } = await planMigration(db, indexed.table);
    expect({ additions, consequences, problems }).to.deep.equal({
      additions: ['Lists can be filtered by plan from now on.', MADE],
      consequences: [],
      problems: [],
    });
    expect(await indexes()).to.deep.equal([]);
    const said: string[] = [];
    expect(await migrate(db, { catalogue: indexed.table, say: (text) => said.push(text) })).to.deep.equal([
      'customers',
    ]);
    expect(said).to.deep.equal(additions);
    expect(await indexes()).to.deep.equal([
      `CREATE INDEX ${INDEX} ON public.customers USING btree (plan, id) WHERE (deleted_at IS NULL)`,
    ]);
    expect((await planMigration(db, indexed.table)).additions).to.deep.equal([]);
    expect(await migrate(db, { catalogue: indexed.table })).to.deep.equal([]);
    await assertMigrated(db, indexed.table);
  });

  it('has to be made before a process starts with the new configuration', async () => {
    const refused = String(await error(assertMigrated(db, indexed.table)));
    expect(refused).to.include('Lists can be filtered by plan from now on.').and.include(MADE);
  });

  it('is made together with the column of a new field, and of a new table', async () => {
    const { table } = own({ plan: PLAN, phone: PHONE, seats: { type: 'integer', indexed: true } });
    expect((await planMigration(db, table)).additions.map((sentence) => sentence.slice(0, 40))).to.deep.equal(
      [
        'The column customers.seats (bigint) is a',
        'Lists can be filtered by seats from now ',
        'The index twinbox_filter_customer_seats ',
      ],
    );
    await migrate(db, { catalogue: table });
    expect(await indexes()).to.have.length(1);
    const fresh = await createTestDatabase({ migrated: false });
    try {
      const { additions } = await planMigration(fresh.db, indexed.table);
      expect(additions).to.deep.equal(['The table customers is made.', MADE]);
      await migrate(fresh.db, { catalogue: indexed.table });
      expect(await indexes(fresh.db)).to.have.length(1);
    } finally {
      await fresh.db.destroy();
      await fresh.drop();
    }
  });

  it('is dropped when the field is not indexed any more, or is gone', async () => {
    for (const less of [plain, own({ phone: PHONE })]) {
      await migrate(db, { catalogue: indexed.table });
      expect(await indexes()).to.have.length(1);
      const { additions } = await planMigration(db, less.table);
      expect(additions).to.include(
        `The index ${INDEX}, which Twinbox made for a filter, is dropped: no field needs it any more.`,
      );
      await migrate(db, { catalogue: less.table });
      expect(await indexes()).to.deep.equal([]);
    }
  });

  it('goes with the table and the column when their owner renames them', async () => {
    await migrate(db, { catalogue: indexed.table });
    await db.raw(`alter table customers rename to clients; alter table clients rename plan to tier`);
    const tier = { ...PLAN, column: 'tier', indexed: true };
    const { table } = own({ plan: tier, phone: PHONE }, { table: 'clients' });
    await migrate(db, { catalogue: table });
    expect(await indexes()).to.deep.equal([
      `CREATE INDEX ${INDEX} ON public.clients USING btree (tier, id) WHERE (deleted_at IS NULL)`,
    ]);
    const next = own(
      { plan: tier, phone: PHONE, offer: { ...PLAN, column: 'plan', indexed: true } },
      { table: 'clients' },
    );
    await migrate(db, { catalogue: next.table });
    expect((await indexes()).at(-1)).to.include(`${INDEX}_2 ON public.clients USING btree (plan, id)`);
  });

  it('is that of the table’s owner where one begins with the column, and that one stays', async () => {
    await db.raw(`create index by_plan on customers (plan, name)`);
    const { additions } = await planMigration(db, indexed.table);
    expect(additions).to.deep.equal([
      'Lists can be filtered by plan from now on, by the index by_plan that is there.',
    ]);
    await migrate(db, { catalogue: indexed.table });
    expect(await indexes()).to.deep.equal([]);
    await migrate(db, { catalogue: plain.table });
    expect(await names('by_%')).to.deep.equal(['by_plan']);
  });

  it('is made where the owner drops the index that was used', async () => {
    await db.raw(`create index by_plan on customers (plan)`);
    await migrate(db, { catalogue: indexed.table });
    await db.raw(`drop index by_plan`);
    expect((await planMigration(db, indexed.table)).additions).to.deep.equal([MADE]);
    expect(await migrate(db, { catalogue: indexed.table })).to.deep.equal(['customers']);
    expect(await indexes()).to.have.length(1);
  });

  const OTHERS: [what: string, sql: string][] = [
    ['only begins with another column', `create index other on customers (name, plan)`],
    ['has only some rows', `create index other on customers (plan) where name > 'M'`],
    ['is of another kind', `create index other on customers using hash (plan)`],
    ['is sorted by another collation', `create index other on customers (plan collate "C")`],
    ['holds another form of the column', `create index other on customers (lower(plan))`],
  ];
  for (const [what, sql] of OTHERS) {
    it(`is made beside an index of the owner that ${what}`, async () => {
      await db.raw(sql);
      await migrate(db, { catalogue: indexed.table });
      expect(await indexes()).to.have.length(1);
      await migrate(db, { catalogue: plain.table });
      expect(await names('other')).to.deep.equal(['other']);
    });
  }

  it('of an email holds it without the case of its letters, like one of the owner that does', async () => {
    const { table } = own({ plan: PLAN, billing: { type: 'email', maxLength: 90, indexed: true } });
    await db.raw(
      `alter table customers add billing varchar(90); create index by_billing on customers (billing)`,
    );
    await migrate(db, { catalogue: table });
    expect(await indexes()).to.deep.equal([
      `CREATE INDEX twinbox_filter_customer_billing ON public.customers USING btree (lower(((billing)::text COLLATE "C")), id) WHERE (deleted_at IS NULL)`,
    ]);
    await migrate(db, { catalogue: plain.table });
    await db.raw(`create index by_fold on customers (lower(billing::text collate "C"))`);
    await migrate(db, { catalogue: table });
    expect(await indexes()).to.deep.equal([]);
  });

  it('is made anew where a death has left it unfinished', async () => {
    await addRows(2);
    await error(db.raw(`create unique index concurrently ${INDEX} on customers (plan)`));
    expect(await names(INDEX)).to.deep.equal([INDEX]);
    const { additions } = await planMigration(db, indexed.table);
    expect(additions.slice(-2)).to.deep.equal([
      `The index ${INDEX}, which Twinbox began to make and did not finish, is dropped.`,
      MADE,
    ]);
    await migrate(db, { catalogue: indexed.table });
    expect(await indexes()).to.have.length(1);
    expect((await planMigration(db, indexed.table)).additions).to.deep.equal([]);
  });

  it('is made while a write is open and another one goes on, and no limit of time ends it', async () => {
    await addRows(2);
    const migrating = createDb({ url, poolSize: 2, applicationName: 'migrating', statementTimeoutMs: 200 });
    const open = await db.transaction();
    try {
      await open.raw(touch(1));
      const done = migrate(migrating, { catalogue: indexed.table });
      await waitUntil(
        async () =>
          (
            await rows(
              `select from pg_stat_activity where query like 'create index concurrently%' and wait_event_type = 'Lock'
               and now() - query_start > interval '0.5 s'`,
            )
          ).length > 0,
        { timeoutMs: 10_000, what: 'the index waits for the open write' },
      );
      await db.raw(`set lock_timeout = '2s'; begin; ${touch(2)}; commit; reset lock_timeout`);
      await open.commit();
      expect(await done).to.deep.equal(['customers']);
      expect(await indexes()).to.have.length(1);
      const limit = await migrating.raw<{ rows: object[] }>(`show statement_timeout`);
      expect(limit.rows).to.deep.equal([{ statement_timeout: '200ms' }]);
    } finally {
      if (!open.isCompleted()) await open.rollback();
      await migrating.destroy();
    }
  });

  it('is made once though three processes migrate together', async () => {
    await addRows(500);
    await Promise.all([1, 2, 3].map(() => migrate(db, { catalogue: indexed.table })));
    expect(await indexes()).to.have.length(1);
    expect((await planMigration(db, indexed.table)).additions).to.deep.equal([]);
  });

  it('that PostgreSQL refuses is named with the reason, and is made once that is corrected', async () => {
    await addRows(1);
    const long = `(select string_agg(md5(n::text), '') from generate_series(1, 400) n)`;
    await db.raw(
      `begin; update customers set phone = ${long}, version = 2, last_event_id = next_sync_event_id(); select write_event('customer', 1); commit`,
    );
    const { table } = own({ plan: PLAN, phone: { ...PHONE, indexed: true } });
    const refused = await error(migrate(db, { catalogue: table }));
    expect(refused).to.include({ code: 'index_refused' });
    expect(String(refused))
      .to.include('everything else of the migration is done')
      .and.match(/index row requires \d+ bytes/)
      .and.include('twinbox_filter_customer_phone')
      .and.include('run npx twinbox migrate again; until then lists are only slower');
    await assertMigrated(db, table);
    expect(
      await listRows(db, own({ phone: { ...PHONE, indexed: true } }).entity, {
        limit: 2,
        fields: { phone: null },
      }),
    ).to.deep.equal([]);
    await db.raw(
      `begin; update customers set phone = '1', version = 3, last_event_id = next_sync_event_id(); select write_event('customer', 1); commit`,
    );
    await migrate(db, { catalogue: table });
    expect(await indexes()).to.have.length(1);
  });

  async function addRows(count: number): Promise<void> {
    await db.raw(
      `alter table customers disable trigger user;
       insert into customers (name, email, plan, version, last_event_id, created_event_id)
       select 'n', n || '@example.org', 'team', 1, next_sync_event_id(), new_event_id() from generate_series(1, ${count}) n;
       alter table customers enable trigger user`,
    );
  }

  const touch = (id: number): string =>
    `update customers set name = 'm', version = version + 1, last_event_id = next_sync_event_id() where id = ${id};
     select write_event('customer', ${id})`;

  async function rows<T>(sql: string, at: Db = db): Promise<T[]> {
    return (await at.raw<{ rows: T[] }>(sql)).rows;
  }

  /** Those of Twinbox that are valid, as PostgreSQL describes them. */
  async function indexes(at: Db = db): Promise<string[]> {
    const found = await rows<{ text: string }>(
      `select pg_get_indexdef(i.indexrelid) as text from pg_index i join pg_class c on c.oid = i.indexrelid
       where starts_with(c.relname, 'twinbox_filter_') and i.indisvalid order by c.relname`,
      at,
    );
    return found.map(({ text }) => text);
  }

  async function names(like: string): Promise<string[]> {
    const found = await rows<{ name: string }>(
      `select relname as name from pg_class where relname like '${like}' and relkind = 'i'`,
    );
    return found.map(({ name }) => name);
  }
});

function error(work: PromiseLike<unknown>): Promise<unknown> {
  return Promise.resolve(work).then(
    () => 'no error',
    (caught: unknown) => caught,
  );
}
