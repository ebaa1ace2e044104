-- Which roles live, how webhooks are taken, and what the sweep found that no webhook had brought (docs/deployment.md, docs/webhooks.md).

-- One row for each role of each process. A living process writes its rows every few seconds, in one statement; all times are the
-- database's, so it does not matter whose clock is wrong.
create table role_signs (
  role       text        not null check (role in ('api', 'relay', 'worker', 'housekeeping')),
  owner      text        not null,                      -- host:pid:random
  started_at timestamptz not null default clock_timestamp(),
  seen_at    timestamptz not null default clock_timestamp(),
  stopped_at timestamptz,                               -- it was asked to stop, and did
  state      text,                                      -- such as active or standby
  problem    text,                                      -- what keeps it from its work, in its own terms
  primary key (role, owner)
) with (fillfactor = 50);

-- One row for each system that sends webhooks. The API counts in memory and writes every few seconds: no statement for each delivery.
create table webhook_signs (
  system         text        not null primary key,
  taken          bigint      not null default 0,        -- deliveries with a good signature
  taken_at       timestamptz,                           -- the last of them
  refused        bigint      not null default 0,        -- deliveries whose signature was refused, since refused_since
  refused_since  timestamptz,
  refused_at     timestamptz,                           -- the last of them
  refused_reason text,                                  -- of the last: no_match, missing, too_old …
  check ((refused = 0) = (refused_since is null) and (refused = 0) = (refused_at is null))
) with (fillfactor = 50);

-- swept_events counts for ever; these count what the sweep found since webhooks were last in order.
alter table sweeps
  add column found_events bigint not null default 0,
  add column found_since  timestamptz,
  add column found_at     timestamptz;

-- An event without a delivery has either not been published, or has been and was received by no worker (or no worker is meant).
create or replace view sync_event_status as
  select e.id, e.event_id, e.event_type, e.entity_type, e.entity_id, e.payload, e.source, e.created_at, d.target,
         coalesce(d.status, case when exists (
           select from relay_cursor c
           where pg_visible_in_snapshot(e.xid, c.seen)
              or (c.win is not null and e.id <= c.last_id and pg_visible_in_snapshot(e.xid, c.win))
              or e.id <= least(c.floor, (select min(l.value::bigint) from jsonb_each_text(c.late_floors) l)))
           then 'published' else 'unpublished' end) as status, d.settled_at as processed_at
  from sync_events e left join sync_deliveries d on d.event_id = e.event_id;
