import { expect } from 'chai';
import { assertMigrated, migrate, migrationNames } from '../../../db/server/migrate.ts';
import { createTestDatabase, useDatabase } from '../../support/database.ts';

describe('migrate', () => {
  const database = useDatabase();

  it('has nothing left to do in a clone of the template', async () => {
    expect(await migrate(database.db)).to.deep.equal([]);
    await assertMigrated(database.db);
  });

  it('refuses to start on a database that a newer program has migrated', async () => {
    await database.db('schema_migrations').insert({ name: '9999-later.sql', batch: 9 });
    for (const attempt of [assertMigrated, migrate]) {
      const error = await attempt(database.db).catch((caught: unknown) => caught);
      expect(error).to.include({ code: 'newer_than_program' });
      expect(error).to.have.property('message').that.includes('9999-later.sql');
    }
  });
});

describe('migrate, on an empty database', () => {
  it('names the command, and runs every file once though two processes start together', async () => {
    const { db, drop } = await createTestDatabase({ migrated: false });
    try {
      const error = await assertMigrated(db).catch((caught: unknown) => caught);
      expect(error).to.include({ code: 'not_migrated' });
      expect(error).to.have.property('message').that.includes('npx twinbox migrate');
      const runs = await Promise.all([migrate(db), migrate(db)]);
      expect(runs.flat()).to.deep.equal([...(await migrationNames()), 'customers']);
      await assertMigrated(db);
    } finally {
      await db.destroy();
      await drop();
    }
  });
});
