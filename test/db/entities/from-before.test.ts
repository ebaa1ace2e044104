import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import type { Db } from '../../../db/server/connection.ts';
import { assertMigrated, migrate } from '../../../db/server/migrate.ts';
import { dumpSchema } from '../../../db/server/schema-dump.ts';
import { createTestDatabase } from '../../support/database.ts';

/** Questions about what must be the same before and after. */
const KEPT = [
  `select id, name, email, version, last_event_id, created_event_id, created_at, updated_at, deleted_at from customers order by id`,
  `select id, entity_type, internal_id, system, account, role, external_id, state, shadow, intent, wanted_version, pushed_version, dirty,
     clean, fence, intent_number from external_mappings order by id`,
  `select id, event_id, event_type, entity_type, entity_id, entity_key, version, source, payload, context from sync_events order by id`,
  `select event_id, sync_event_id, mapping_id, event_type, version, status, intent_id from sync_deliveries order by sync_event_id`,
  `select id, mapping_id, number, operation, key, body, fields, result, external_id from sync_intents order by id`,
  `select id, mapping_id, kind, field, base, ours, theirs, winner from sync_conflicts order by id`,
  `select id from instance`,
];

describe('migrate, where a database is of before the catalogue', () => {
  let db: Db;
  let drop: () => Promise<unknown>;
  let before: object[][];

  beforeEach('a database as the migrations 0001 to 0026 left it', async () => {
    ({ db, drop } = await createTestDatabase({ migrated: false }));
    const text = await readFile(new URL('before-entities.sql', import.meta.url), 'utf8');
    await db.transaction((tx) => tx.raw(text.replaceAll('?', '\\?')));
    before = await Promise.all(KEPT.map(rows));
  });
  afterEach('remove it', async () => {
    await db.destroy();
    await drop();
  });

  it('keeps rows, versions, pairs, shadows, intents, events and conflicts', async () => {
    expect(before.map((found) => found.length)).to.deep.equal([4, 5, 18, 15, 6, 1, 1]);
    await migrate(db);
    const after = await Promise.all(KEPT.map(rows));
    for (const [at, sql] of KEPT.entries()) expect(after[at], sql).to.deep.equal(before[at]);
    await assertMigrated(db);
  });

  it('says of a record that waits which field it lacks', async () => {
    await migrate(db);
    expect(await rows(`select reason, reason_detail from external_mappings where state = 'waiting'`)).to.deep.equal(
      [{ reason: 'lacks_field', reason_detail: { field: 'email' } }],
    );
  });

  it('has the schema of a database that is new', async () => {
    await migrate(db);
    const fresh = await createTestDatabase();
    try {
      const [wanted, found] = [await dumpSchema(fresh.db), await dumpSchema(db)].map(byLine);
      expect(found).to.deep.equal(wanted);
    } finally {
      await fresh.db.destroy();
      await fresh.drop();
    }
  });

  it('guards every row, and lets the living and the deleted ones go on', async () => {
    await migrate(db);
    await refuses(`update customers set name = 'Eve' where id = 1`, 'TB001');
    await refuses(
      `update customers set name = 'Eve', version = version + 1, last_event_id = next_sync_event_id() where id = 1`,
      'TB002',
    );
    await refuses(`delete from customers where id = 3`, 'TB003');
    await refuses(`truncate customers`, 'TB003');
    await refuses(
      `update customers set deleted_at = null, version = version + 1, last_event_id = next_sync_event_id() where id = 3`,
      'TB001',
    );
    await db.raw(`begin; update customers set name = 'Ada L.', version = version + 1, last_event_id = next_sync_event_id() where id = 1;
      select write_customer_event(1); commit`);
    expect(
      await rows(`select e.version, e.event_type, e.payload from customers c join sync_events e on e.id = c.last_event_id where c.id = 1`),
    ).to.deep.equal([
      {
        version: 3,
        event_type: 'customer.updated',
        payload: {
          customer_data: { id: 1, name: 'Ada L.', email: 'Ada@example.com' },
          external_mappings: { stripe: 'cus_AJv1k0zUYbffRV' },
        },
      },
    ]);
    expect(
      await rows(`select entity_type, id, version, deleted_at is not null as gone from entity_rows() order by id`),
    ).to.deep.equal([
      { entity_type: 'customer', id: 1, version: 3, gone: false },
      { entity_type: 'customer', id: 2, version: 2, gone: false },
      { entity_type: 'customer', id: 3, version: 2, gone: true },
      { entity_type: 'customer', id: 4, version: 1, gone: false },
    ]);
    await db.raw(`select purge_customer(3)`);
    expect(await rows(`select id from customers order by id`)).to.deep.equal([{ id: 1 }, { id: 2 }, { id: 4 }]);
  });

  it('is migrated once: a second time nothing is run', async () => {
    await migrate(db);
    expect(await migrate(db)).to.deep.equal([]);
  });

  it('comes to the new schema and to own fields at once', async () => {
    const { customerTable } = await import('../../../db/entities/entity-table.ts');
    const phone = { name: 'phone', column: 'phone', type: 'text', required: false } as const;
    const entity = { ...customerTable, fields: [...customerTable.fields, phone] };
    const said: string[] = [];
    await migrate(db, { catalogue: { entities: [entity], mappings: [] }, say: (line) => said.push(line) });
    expect(await rows(`select fields from entity_rows() where id = 1`)).to.deep.equal([
      { fields: { name: 'Ada King', email: 'Ada@example.com', phone: null } },
    ]);
  });

  async function rows(sql: string): Promise<object[]> {
    return (await db.raw<{ rows: object[] }>(sql)).rows;
  }

  async function refuses(sql: string, code: string): Promise<void> {
    const error: unknown = await rows(sql).catch((caught: unknown) => caught);
    expect(error, sql).to.include({ code });
  }
});

/** The order of columns and statements is that of their making. */
function byLine(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/,$/, ''))
    .toSorted();
}
