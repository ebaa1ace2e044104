-- Replays as jobs, and pairs that a person has closed (docs/decisions/0083-replays-as-jobs.md).

-- What a plan has selected: one place in the four arrays for each delivery, or for a pair of an error group that has no open delivery.
-- A state is a hash of the pair and the delivery as they were. A plan changes nothing of what it names.
create table replay_plans (
  hash        text        not null primary key check (hash ~ '^[0-9a-f]{64}$'),
  selection   jsonb       not null,
  made_at     timestamptz not null,
  counts      jsonb       not null,
  event_ids   uuid[]      not null,
  targets     text[]      not null,
  mapping_ids bigint[]    not null,
  states      bigint[]    not null
);
create index replay_plans_made_at on replay_plans (made_at);

-- The last six counts are the numbers of the job's items in each state, written by the transaction that changes the items.
create table replay_jobs (
  id          bigint generated always as identity primary key,
  plan_hash   text             not null,
  selection   jsonb            not null,
  state       text             not null default 'running' check (state in ('running', 'paused', 'stopped', 'cancelled', 'finished')),
  why         text,
  rate        double precision not null check (rate > 0),             -- pairs per second
  stop_share  double precision not null check (stop_share between 0 and 1),
  actor       text             not null,
  reason      text,
  created_at  timestamptz      not null,
  ended_at    timestamptz,
  paced_at    timestamptz      not null,                              -- until then the rate is used up
  judged_before jsonb          not null default '{"done": 0, "failed": 0}', -- the results before it was started last
  pairs       integer          not null check (pairs > 0),
  deliveries  integer          not null check (deliveries >= 0),
  queued      integer          not null check (queued >= 0),
  raised      integer          not null default 0 check (raised >= 0),
  done        integer          not null default 0 check (done >= 0),
  failed      integer          not null default 0 check (failed >= 0),
  skipped     integer          not null default 0 check (skipped >= 0),
  cancelled   integer          not null default 0 check (cancelled >= 0),
  check (queued + raised + done + failed + skipped + cancelled = pairs),
  check ((ended_at is not null) = (state in ('cancelled', 'finished')))
);
create index replay_jobs_open on replay_jobs (id) where state = 'running' or raised > 0;

-- One pair of a job. `dirty` is the number that the pair was raised to: the item is judged once the pair is clean up to it.
create table replay_items (
  job_id     bigint   not null references replay_jobs (id) on delete cascade,
  place      integer  not null,
  mapping_id bigint   not null,
  event_ids  uuid[]   not null,
  state      text     not null default 'queued' check (state in ('queued', 'raised', 'done', 'failed', 'skipped', 'cancelled')),
  dirty      bigint,
  attempts   integer,
  result     text,
  raised_at  timestamptz,
  judged_at  timestamptz,
  primary key (job_id, place)
);
-- A pair is in one replay at a time.
create unique index replay_items_open on replay_items (mapping_id) where state in ('queued', 'raised');
create index replay_items_raised on replay_items (job_id, place) where state = 'raised';
create index replay_items_failed on replay_items (job_id, place) where state = 'failed';

-- A pair that a person has closed as it stood: with this dirty number and this reason. A new event or another attempt raises the
-- number, and the pair is open again.
create table closed_pairs (
  mapping_id bigint      not null primary key,
  dirty      bigint      not null,
  because    text,
  closed_at  timestamptz not null,
  actor      text        not null,
  reason     text        not null
);
