import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { dumpSchema } from '../../../db/server/schema-dump.ts';
import { createTestDatabase, useDatabase } from '../../support/database.ts';

const SCHEMA = new URL('../../../db/schema.sql', import.meta.url);

describe('db/schema.sql', () => {
  const database = useDatabase();

  it('is what the migrations make; if not, run: npm run schema:dump', async () => {
    expect(await dumpSchema(database.db)).to.equal(await readFile(SCHEMA, 'utf8'));
  });

  it('is complete: a database made from it alone gives the same dump', async () => {
    const { db, drop } = await createTestDatabase({ migrated: false });
    try {
      await db.raw((await readFile(SCHEMA, 'utf8')).replaceAll('?', '\\?'));
      expect(await dumpSchema(db)).to.equal(await readFile(SCHEMA, 'utf8'));
    } finally {
      await db.destroy();
      await drop();
    }
  });

  it('shows every kind of object that a migration may add', async () => {
    await database.db.raw(`
      create type shade as enum ('light', 'dark');
      create domain small as integer not null constraint small_limit check (value < 10);
      create sequence ticket start 5 increment 2;
      create table seeded (id integer primary key, tint shade default 'dark', twice integer generated always as (id * 2) stored,
        parent integer references seeded deferrable initially deferred, size small, note text collate "C");
      comment on table seeded is 'For this test''s sake';
      comment on column seeded.note is 'with a comment';
      create index seeded_note on seeded (note) include (tint) where note is not null;
      create materialized view seeded_counts as select count(*) as n from seeded;
      create procedure nothing() language sql as 'select 1';
      create trigger seeded_touch before update on seeded for each row execute function suppress_redundant_updates_trigger();`);
    const text = await dumpSchema(database.db);
    for (const part of [
      "create type shade as enum ('light', 'dark');",
      'create domain small as integer not null\n  constraint small_limit CHECK ((VALUE < 10));',
      'create sequence ticket as bigint start 5 increment 2',
      "tint shade default 'dark'::shade",
      'twice integer generated always as ((id * 2)) stored',
      'note text collate "C"',
      "comment on table seeded is 'For this test''s sake';",
      "comment on column seeded.note is 'with a comment';",
      'FOREIGN KEY (parent) REFERENCES seeded(id) DEFERRABLE INITIALLY DEFERRED',
      'CREATE INDEX seeded_note ON public.seeded USING btree (note) INCLUDE (tint) WHERE (note IS NOT NULL)',
      'create materialized view seeded_counts',
      'CREATE OR REPLACE PROCEDURE public.nothing()',
      'CREATE TRIGGER seeded_touch BEFORE UPDATE',
    ]) {
      expect(text).to.include(part);
    }
  });
});
