import { expect } from 'chai';
import { createTestDatabase } from '../support/database.ts';
import { usePlace } from './twinbox.ts';

describe('twinbox migrate --time-zone', () => {
  let made: Awaited<ReturnType<typeof createTestDatabase>>;
  const place = usePlace(() => ({ DATABASE_URL: made.url }));

  before('a table whose times have no zone', async () => {
    made = await createTestDatabase({ migrated: false });
    await made.db
      .raw(`create table customers (id serial primary key, name text, email text, created_at timestamp);
      insert into customers (name, email, created_at) values ('Ada', 'ada@example.com', '2026-01-31 12:00:00')`);
  });
  after('remove it', async () => {
    await made.db.destroy();
    await made.drop();
  });

  it('refuses an unknown time zone as an invalid argument, and says how it reads the times of the table', async () => {
    const refused = await place.run(['migrate', '--time-zone', 'Berlin']);
    expect(refused.code, refused.stderr).to.equal(2);
    expect(refused.stderr)
      .to.include('this PostgreSQL has no time zone of the name "Berlin"')
      .and.not.include('at ');
    expect(refused.stdout).to.equal('');
    const { code, stdout, stderr } = await place.run(['migrate', '--time-zone', 'Europe/Berlin']);
    expect(code, stderr).to.equal(0);
    expect(stdout.split('\n')[0]).to.equal(
      'customers.created_at has times without a time zone. They are read as times of Europe/Berlin, as --time-zone says: 2026-01-31 12:00:00 becomes 2026-01-31T11:00:00Z.',
    );
    expect(stdout).to.include('0002-customers.sql');
  });
});
