-- An older state of the database that is put back in place is noticed, and what it would give out a second time is not given out
-- (docs/restore.md, docs/decisions/0054-restores.md).

-- What says that the rows here are those that this very table was written with:
--   generation  the database and the table, by the numbers that PostgreSQL gave them. A logical backup makes tables anew, under
--               other numbers, and brings back the old text.
--   xid         the transaction that wrote the row. A row that was loaded from a backup was written by another one than it says.
--               Null: not known, so nothing is concluded from it. A migration that rewrites this table or changes its row sets it to
--               null, because migrations run in a subtransaction.
--   ahead       what another system has shown that this database does not have; every process refuses to start while it is there.
alter table relay_cursor
  add column generation text,
  add column xid xid8,
  add column ahead jsonb;

create function relay_cursor_generation() returns text language sql stable as $$
  select (select oid from pg_database where datname = current_database()) || '/' || 'relay_cursor'::regclass::oid
$$;

update relay_cursor set generation = relay_cursor_generation();

create function relay_cursor_note_writer() returns trigger language plpgsql as $$
begin
  if tg_when = 'AFTER' then
    update relay_cursor set xid = null;
    return null;
  end if;
  if new.xid is not null or old.xid is null then
    new.xid := pg_current_xact_id();
  end if;
  return new;
end $$;

-- Not before an insert: a backup loads its rows with inserts, and they have to keep what they say.
create trigger relay_cursor_writer before update on relay_cursor
  for each row execute function relay_cursor_note_writer();

-- A savepoint writes under an id of its own, which no function names: SQL by hand must not look like a backup.
create trigger relay_cursor_written after update on relay_cursor
  for each row when (new.xmin::text::bigint <> new.xid::text::bigint % 4294967296) execute function relay_cursor_note_writer();

-- Each time that this database went on behind a state that others had seen more of.
create table restores (
  id            bigint      generated always as identity primary key,
  kind          text        not null check (kind in ('move', 'fail_over')),
  noticed       text,                            -- what was seen; null: a person said it
  at            timestamptz not null default clock_timestamp(),
  events_to     bigint      not null,            -- the newest event of the older state
  events_from   bigint      not null,            -- the first event id drawn after it
  versions_from bigint      not null             -- the lowest version that a row of the older state gets at its next change
);

-- Whoever may change a row by hand reads it, by the trigger version_after_restore.
grant select on restores to public;
