-- First links that are asked for through the API (docs/decisions/0096-first-link-over-the-api.md). A worker reads both sides and
-- stores the plan; a person then gives the consents, and a worker stores them. Plans are kept for a day.
create table link_plans (
  id              uuid        primary key,
  system          text        not null,
  state           text        not null default 'waiting'
                  check (state in ('waiting', 'reading', 'ready', 'checking', 'storing', 'done', 'stale', 'failed')),
  asked_by        text        not null,
  asked_at        timestamptz not null,
  attempts        integer     not null default 0,  -- readings that were begun
  read_count      bigint      not null default 0,  -- records that this reading has read so far
  planned_at      timestamptz,
  hash            text,                            -- of what happens to each customer
  rows_waiting    bigint,                          -- customers that waited when the plan was made, and which
  rows_digest     text,
  summary         jsonb,                           -- what a person is shown
  plan            json,                            -- what the consents are given to; ids and names of fields, no values
  failure         jsonb,
  changed         jsonb,                           -- what had changed when the plan was to be carried out
  run_by          text,
  run_reason      text,
  run_records     text        check (run_records in ('wait', 'import', 'leave')),
  run_at          timestamptz,
  rows_stored     bigint      not null default 0,
  records_raised  bigint      not null default 0,
  records_decided bigint      not null default 0,
  ended_at        timestamptz,
  check ((plan is null) = (planned_at is null)),
  check ((run_by is null) = (run_at is null))
);
create unique index link_plans_unread on link_plans (system) where state in ('waiting', 'reading');
create index link_plans_open on link_plans (system, asked_at) where state in ('waiting', 'reading', 'checking', 'storing');
create index link_plans_asked_at on link_plans (asked_at);
