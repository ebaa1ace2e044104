-- What the overview shows (docs/decisions/0090-overview.md): receipts of comparisons, and a ring of samples.

-- What each `verify` found. The newest hundred of a system are kept.
create table comparisons (
  id            uuid primary key,
  system        text not null,
  began_at      timestamptz not null,
  ended_at      timestamptz not null,
  actor         text not null,
  agree         bigint not null check (agree >= 0),
  findings      jsonb not null,                        -- how many of each kind; no ids and no values
  unknown_there bigint not null check (unknown_there >= 0)
);
create index comparisons_newest on comparisons (system, ended_at, id);

-- One row for each minute that a process has measured; a minute without a row was not measured.
create table health_samples (
  minute   timestamptz primary key,                    -- its beginning
  figures  jsonb not null,
  taken_by text not null,
  taken_at timestamptz not null default clock_timestamp()
);

-- The version of the program that a process runs; null from a process before this migration.
alter table role_signs add column version text;

-- What was settled in a minute, at whatever age. Each delivery gets its one entry when it is settled; that
-- update changes its status too, so it writes new entries in the indexes anyway.
create index sync_deliveries_settled on sync_deliveries (settled_at) where settled_at is not null;

-- Events of systems by the id that the system gave them: a person who looks for evt_... has nothing else. Our
-- own events have no such id, and no entry.
create index sync_events_external on sync_events ((payload #>> '{external,event}')) where payload #>> '{external,event}' is not null;
