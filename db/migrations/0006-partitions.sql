-- What the upkeep of partitions notes down (docs/decisions/0020-partitions.md). The partitions themselves are made by upkeep.

-- When the sequence was first seen in a block of ids: whatever lies in the blocks before it was drawn earlier than that.
create table event_blocks (
  first_id  bigint      not null primary key,
  opened_at timestamptz not null
);

-- Deliveries that were still open when their partition left: the last word on what happened to that event there.
create table closed_deliveries (
  event_id   uuid        not null,
  target     text        not null,
  mapping_id bigint      not null,
  event_type text        not null,
  version    bigint,
  status     text        not null,                     -- what it was: queued, waiting or parked
  last_code  text,                                     -- of its last error
  attempts   integer     not null,
  created_at timestamptz not null,
  reason     text        not null default 'retention',
  closed_at  timestamptz not null,
  primary key (event_id, target)
);
create index closed_deliveries_mapping on closed_deliveries (mapping_id);
