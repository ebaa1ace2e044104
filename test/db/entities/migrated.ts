import type { Db } from '../../../db/server/connection.ts';
import { migrate } from '../../../db/server/migrate.ts';
import { insertRow } from '../../../db/entities/rows.ts';
import type { UserEntity, UserField, UserRule } from '../../../lib/catalogue/define-config.ts';
import { newEventId } from '../../../lib/uuid.ts';
import { ownCatalogue, type OwnCatalogue } from '../../support/catalogues.ts';
import { createTestDatabase } from '../../support/database.ts';

export const PHONE: UserField = { type: 'text', maxLength: 20 };
export const PLAN: UserField = { type: 'enum', values: ['free', 'team'] };

export const own = (entity: UserEntity, ...fields: UserRule[]): OwnCatalogue =>
  ownCatalogue({ entities: { customer: entity }, systems: { stripe: { customer: { fields } } } });

export const stamp = () => ({
  eventId: newEventId(new Date()),
  source: 'internal',
  context: {},
  now: new Date(),
});

export interface Migrated {
  readonly db: Db;
  readonly url: string;
  rows(sql: string): Promise<object[]>;
}

/** What the database of each test was migrated with: a phone and a plan, in step with Stripe. */
export const was = own(
  { fields: { phone: PHONE, plan: PLAN } },
  { internal: 'phone', external: 'phone' },
  { internal: 'plan', external: 'metadata.plan' },
);

/** For each test a database with one customer, Ada, in a pair with an open update. */
export function useMigrated(): Migrated {
  let made: Awaited<ReturnType<typeof createTestDatabase>>;
  beforeEach('a database with a pair', async () => {
    made = await createTestDatabase();
    await migrate(made.db, { catalogue: was.table });
    await insertRow(
      made.db,
      was.entity,
      { name: 'Ada', email: 'ada@example.com', phone: '1', plan: 'team' },
      stamp(),
    );
    await made.db.raw(
      `insert into external_mappings (entity_type, internal_id, system, account, external_type, external_id, state, shadow, intent)
       values ('customer', 1, 'stripe', 'acct_1', 'customer', 'cus_1', 'linked',
         '{"name": {"ours": "Ada", "theirs": "Ada"}, "phone": {"ours": "1", "theirs": "1"}, "plan": {"ours": "team", "theirs": "team"}}',
         '{"id": "i", "fields": {"plan": {"ours": "free", "seen": "team"}, "phone": {"ours": "2", "seen": "1"}}}')`,
    );
  });
  afterEach('remove it', async () => {
    await made.db.destroy();
    await made.drop();
  });
  return {
    get db() {
      return made.db;
    },
    get url() {
      return made.url;
    },
    rows: async (sql) => (await made.db.raw<{ rows: object[] }>(sql)).rows,
  };
}

export function errorOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'no error',
    (caught: unknown) => caught,
  );
}
