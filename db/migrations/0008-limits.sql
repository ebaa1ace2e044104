-- What a system bears, whether it answers, and whose turn it is (docs/sync.md, "Limits").

-- Tokens by system, account and endpoint, shared by all workers. All times are the database's, so workers need not agree on one.
create table rate_buckets (
  system    text             not null,
  account   text             not null,
  endpoint  text             not null,                 -- '' is the account as a whole
  tokens    double precision not null,
  filled_at timestamptz      not null,
  share     double precision not null default 1 check (share > 0 and share <= 1), -- of the full rate, at slowed_at; it grows back
  slowed_at timestamptz,                               -- when the system last said "too often"
  primary key (system, account, endpoint)
) with (fillfactor = 50);

-- A row as long as a system does not answer (open), or has answered and not yet carried out anything (half-open).
create table breakers (
  system    text        not null,
  account   text        not null,
  since     timestamptz not null,                      -- when the trouble began
  opened_at timestamptz,                               -- null: half-open, one mapping at a time is tried
  why       jsonb       not null,
  probes    integer     not null default 0,
  probe_at  timestamptz not null,                      -- when it is asked again
  primary key (system, account)
);

-- When nothing was sent, because the breaker was open or the lane paused: it is no time of failing (TWINBOX_PARK_AFTER_HOURS).
create table stoppages (
  id       bigint      generated always as identity primary key,
  system   text        not null,
  began_at timestamptz not null,
  ended_at timestamptz not null
);
create index stoppages_ended on stoppages (system, ended_at);

-- Whose turn it is among what is due: what happens now before what was asked for again before what catches up. Records to be made
-- and records that exist stand in lines of their own, since each has endpoints with limits of their own.
alter table external_mappings add column urgency smallint not null default 0 check (urgency between 0 and 2);
drop index external_mappings_due;
create index external_mappings_due on external_mappings (system, account, ((external_id is null)::integer), urgency, next_attempt_at)
  where dirty <> clean;
