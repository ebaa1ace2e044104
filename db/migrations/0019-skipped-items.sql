-- What a loop could not read or store and went on without: one event or row must not stop its neighbours. A row here is for a person
-- to look at (docs/deployment.md). The key is the item's name, so that a repeat only counts and moves the time.

create table skipped_items (
  -- Which loop: relay, receive, gap, sweep, reading, verify
  loop text not null,
  -- What it was, such as sync_events 42 or evt_1234; never a value of a customer
  item text not null,
  -- A state of PostgreSQL or the kind of the error
  fault text not null,
  -- The table, column or constraint, where PostgreSQL names one
  about text,
  -- What became of it instead
  instead text not null,
  times integer not null default 1,
  first_at timestamptz not null,
  last_at timestamptz not null,
  primary key (loop, item)
);
create index skipped_items_last on skipped_items (last_at);
