-- The sweep: a system's own list of its events is read into the same inbox that webhooks fill (docs/webhooks.md).

create table sweeps (
  system       text        not null,
  account      text        not null,
  swept_to     timestamptz not null,               -- by their clock: what happened until then has been read
  swept_events bigint      not null default 0,     -- those that no webhook had brought
  more         boolean     not null default true,  -- the list goes on behind swept_to
  tried_at     timestamptz,                        -- by ours
  problem      text,                               -- why the last try came to nothing
  problem_at   timestamptz,                        -- since when
  unheard_from timestamptz,                        -- what happened from then to then had left their list before it was read
  unheard_to   timestamptz,
  primary key (system, account),
  check ((problem is null) = (problem_at is null) and (unheard_from is null) = (unheard_to is null))
);

-- Until now webhooks alone were listened to: what they brought is not called unheard because it has left the list since.
insert into sweeps (system, account, swept_to)
select system, account, greatest(bound_at, now() - interval '29 days') from connections where account is not null;

-- The sweep meets a refused event again and again; it is refused once.
create index inbound_refusals_event on inbound_refusals (system, external_event_id) where external_event_id is not null;

-- Until now a create of unknown outcome stopped here; now what it made is looked for.
update external_mappings set dirty = dirty + 1, next_attempt_at = '-infinity' where state = 'parked' and reason = 'create_unknown';
