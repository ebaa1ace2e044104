-- The highest id of a row that was in the table before this schema (0003-mappings.sql): such a row begins to wait for its
-- first link with every system. Null where the table was empty.
alter table instance add column rows_taken_over_to bigint;
update instance set rows_taken_over_to = (
  select max(internal_id) from external_mappings where state = 'waiting' and reason = 'not_linked');

-- The rows that were there when a system came (db/mappings/writes/existing-rows.ts): each waits for its first link with it.
create table existing_rows (
  system      text   not null,
  entity_type text   not null,
  up_to       bigint not null,                         -- ids up to this one
  placed_to   bigint,                                  -- up to here each living row has its mapping; null before the first batch
  primary key (system, entity_type),
  check (placed_to <= up_to)
);
