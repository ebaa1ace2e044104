-- Pauses besides that of a whole system (connections.paused_at): of one direction of a system, and of one row at a system
-- (docs/decisions/0085-lanes.md). A row exists while the pause holds.
create table lane_pauses (
  system    text        not null,
  direction text        not null check (direction in ('outbound', 'inbound')),  -- to the system, or from it into our tables
  since     timestamptz not null,
  why       text,
  paused_by text        not null,
  primary key (system, direction)
);

-- No pair of the row is claimed.
create table row_pauses (
  system      text        not null,
  entity_type text        not null,
  row_id      bigint      not null,
  since       timestamptz not null,
  why         text,
  paused_by   text        not null,
  primary key (system, entity_type, row_id)
);
