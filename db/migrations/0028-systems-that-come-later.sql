-- The highest id of a row that was in the table of an entity before Twinbox was: such a row begins to wait for its first
-- link with every system. No line where the table was empty.
create table taken_over_rows (
  entity_type text   primary key,
  up_to       bigint not null
);
insert into taken_over_rows
select entity_type, max(internal_id) from external_mappings where state = 'waiting' and reason = 'not_linked' and internal_id is not null
group by entity_type;

-- The rows that were there when a system came (db/mappings/writes/existing-rows.ts): each waits for its first link with it.
create table existing_rows (
  system      text   not null,
  entity_type text   not null,
  up_to       bigint not null,                         -- ids up to this one
  placed_to   bigint,                                  -- up to here each living row has its mapping; null before the first batch
  primary key (system, entity_type),
  check (placed_to <= up_to)
);
