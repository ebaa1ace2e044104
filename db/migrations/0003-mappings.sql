-- One row per pair of a customer and its counterpart: the external id and the state machine of that pair (docs/sync.md).

create table external_mappings (
  id              bigint      generated always as identity primary key,
  entity_type     text        not null default 'customer',
  internal_id     bigint,                              -- null until it is known whose an external record is
  system          text        not null,
  account         text        not null default '',     -- '' until the connection is bound to an account
  external_type   text        not null default 'customer',
  role            text        not null default 'primary' check (role in ('primary', 'alias')),
  external_id     text,
  state           text        not null default 'pending'
                  check (state in ('pending', 'linked', 'waiting', 'parked', 'alias', 'detached', 'tombstoned')),
  reason          text,                                -- why it waits or is parked: a stable code
  reason_detail   jsonb,
  shadow          jsonb       not null default '{}',   -- field -> {ours, theirs, reason?}
  wanted_version  bigint      not null default 0,
  pushed_version  bigint      not null default 0,
  dirty           bigint      not null default 0,      -- a counter, never a time
  clean           bigint      not null default 0,      -- the dirty number up to which there is nothing to do
  must_read       boolean     not null default false,
  attempts        integer     not null default 0,
  first_failed_at timestamptz,
  last_error      jsonb,
  next_attempt_at timestamptz not null default '-infinity',
  lease_owner     text,
  lease_until     timestamptz,                         -- database clock
  fence           bigint      not null default 0,
  intent_number   bigint      not null default 0,      -- the number of the newest intent
  intent          jsonb,                               -- the open intent; one by construction
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  check (intent is null or state not in ('alias', 'detached', 'tombstoned'))
) with (fillfactor = 80);

create unique index external_mappings_internal on external_mappings (entity_type, internal_id, system, account, external_type)
  where role = 'primary' and internal_id is not null and state <> 'detached';
create unique index external_mappings_external on external_mappings (system, account, external_type, external_id)
  where external_id is not null;                       -- tombstones included: a late event cannot bring one back
create index external_mappings_due on external_mappings (system, account, next_attempt_at) where dirty <> clean;
create index external_mappings_attention on external_mappings (system, state) where state in ('waiting', 'parked');
create index external_mappings_open_intent on external_mappings (system) where intent is not null;
create index external_mappings_intent_key on external_mappings ((intent ->> 'key')) where intent is not null;
create index external_mappings_by_internal on external_mappings (entity_type, internal_id);

-- Closed intents. The key ends in the intent's id, so an echo finds its intent by primary key.
create table sync_intents (
  id            uuid        not null primary key,
  mapping_id    bigint      not null,
  number        bigint      not null,
  operation     text        not null check (operation in ('create', 'update', 'delete')),
  key           text        not null,
  body          jsonb       not null,
  fields        jsonb       not null,                  -- field -> {ours, seen}: our value, and theirs as the merge saw it
  version       bigint      not null,
  hop           integer     not null default 0,
  first_sent_at timestamptz,
  last_sent_at  timestamptz,
  closed_at     timestamptz not null,
  result        text        not null check (result in ('done', 'refused', 'unknown', 'not_needed')),
  external_id   text,
  request_id    text,
  echo_event    uuid                                   -- the echo whose previous values were checked
) partition by range (id);
create table sync_intents_default partition of sync_intents default;
create index sync_intents_mapping on sync_intents (mapping_id, number);
create index sync_intents_deletes on sync_intents (id) where operation = 'delete';

-- What happened to one event at one target.
create table sync_deliveries (
  event_id      uuid        not null,
  target        text        not null,                  -- a system, or 'internal'
  sync_event_id bigint      not null,
  mapping_id    bigint      not null,
  event_type    text        not null,
  version       bigint,                                -- of an outbound event
  inbound       jsonb,                                 -- what reconcile needs of an inbound event
  hop           integer     not null default 0,        -- how many writes of ours lie behind it: a loop counts up
  status        text        not null default 'queued' check (status in
                ('queued', 'waiting', 'parked', 'applied', 'superseded', 'noop', 'echo', 'origin', 'conflict', 'stale', 'closed')),
  superseded_by uuid,
  intent_id     uuid,
  attempts      integer     not null default 0,
  last_error    jsonb,
  confirmed_by  uuid,                                  -- the echo that confirmed it
  created_at    timestamptz not null,
  settled_at    timestamptz,
  primary key (event_id, target)
) partition by range (event_id);
create table sync_deliveries_default partition of sync_deliveries default;
create index sync_deliveries_open on sync_deliveries (mapping_id) where status in ('queued', 'waiting', 'parked');
create index sync_deliveries_mapping on sync_deliveries (mapping_id, sync_event_id);
create index sync_deliveries_intent on sync_deliveries (intent_id) where intent_id is not null;

-- The seed's shape: one line per event with its status and the time it was dealt with.
create view sync_event_status as
  select e.id, e.event_id, e.event_type, e.entity_type, e.entity_id, e.payload, e.source, e.created_at,
         d.target, coalesce(d.status, 'unpublished') as status, d.settled_at as processed_at
  from sync_events e left join sync_deliveries d on d.event_id = e.event_id;

-- Every call that writes or resolves at an external system.
create table sync_attempts (
  id         uuid        not null primary key,
  mapping_id bigint      not null,
  intent_id  uuid,
  operation  text        not null,
  key        text,
  request_id text,
  status     integer,                                  -- HTTP status; null when no answer came
  replayed   boolean     not null default false,
  error      text,
  latency_ms integer     not null,
  created_at timestamptz not null
) partition by range (id);
create table sync_attempts_default partition of sync_attempts default;
create index sync_attempts_mapping on sync_attempts (mapping_id, id);
create index sync_attempts_request on sync_attempts (request_id) where request_id is not null;

-- Every time one value did not survive another, with both, and the rule that decided.
create table sync_conflicts (
  id          uuid        not null primary key,
  mapping_id  bigint      not null,
  entity_type text        not null,
  internal_id bigint,
  kind        text        not null,                    -- both_moved, overwritten_unseen, deleted_there, duplicate_email, external_duplicate …
  field       text,
  base        jsonb,
  ours        jsonb,
  theirs      jsonb,
  rule        text        not null,
  winner      text        not null check (winner in ('ours', 'theirs', 'neither')),
  note        text,                                    -- overtaken, turned …
  intent_id   uuid,
  event_id    uuid,
  dedupe_key  text        not null unique,
  turned_at   timestamptz,
  created_at  timestamptz not null
);
create index sync_conflicts_entity on sync_conflicts (entity_type, internal_id, id);
create index sync_conflicts_mapping on sync_conflicts (mapping_id, id);
