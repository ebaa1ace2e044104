-- Where the relay has got to, and what it published where (docs/relay.md).

-- One row, made at the relay's first start. Everything delivered is visible in "seen", or, while a window is open, visible in
-- "win" with an id up to last_id. The floors only bound the scan: no row that is still to be delivered lies at or below them.
create table relay_cursor (
  only_one          boolean     not null primary key default true check (only_one),
  seen              pg_snapshot not null,
  win               pg_snapshot,                         -- the open window; null between windows
  last_id           bigint      not null default 0,      -- delivered up to here in the open window
  floor             bigint      not null default 0,      -- of transactions at or above xmax of "seen"
  pending_floor     bigint      not null default 0,      -- the floor after the next roll
  late_floors       jsonb       not null default '{}',   -- xid running in "seen" -> the floor remembered for it
  restored_to       bigint,                              -- after a move: ids up to here carry another cluster's xids
  fence             bigint      not null default 0,      -- of the lease that may save
  bus               text,                                -- what it has published to
  system_identifier bigint      not null,
  timeline          bigint      not null,
  address_hash      text        not null,
  published         bigint      not null default 0,      -- rows sent to at least one topic
  unrouted          bigint      not null default 0,      -- rows that no topic is for
  saved_at          timestamptz not null default clock_timestamp(),
  check (win is not null or last_id = 0)
) with (fillfactor = 50);

-- What one page put into one partition. The n-th of "ids" has offset first_offset + n - 1.
create table relay_batches (
  topic        text        not null,
  partition    integer     not null,
  first_offset bigint      not null,
  first_id     bigint      not null,
  last_id      bigint      not null,
  count        integer     not null,
  ids          bigint[]    not null,
  fence        bigint      not null,
  saved_at     timestamptz not null default clock_timestamp()
) partition by range (first_id);

create table relay_batches_default partition of relay_batches default;
create index relay_batches_ids on relay_batches (first_id, last_id);
create index relay_batches_offsets on relay_batches (topic, partition, first_offset);
