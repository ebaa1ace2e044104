-- The outbox and inbox: sync_events, append-only, read by the relay's snapshot cursor (docs/relay.md).

create sequence sync_event_ids as bigint cache 1;

-- Draws an event id. The transaction id is taken first, so for every writer: xid first, id second. The relay's floor rests on
-- that order. plpgsql, because an SQL function could be inlined and evaluated in another order.
create function next_sync_event_id() returns bigint language plpgsql volatile as $$
begin
  perform pg_current_xact_id();
  return nextval('sync_event_ids');
end $$;

-- A uuid of version 7: 48 bits of milliseconds, then random bits. PostgreSQL 18 has uuidv7(); 15 to 17 do not.
create function new_event_id(at timestamptz default clock_timestamp()) returns uuid language sql volatile as $$
  select encode(
    set_bit(set_bit(
      overlay(uuid_send(gen_random_uuid()) placing substring(int8send((extract(epoch from at) * 1000)::bigint) from 3) from 1 for 6),
      52, 1), 53, 1), 'hex')::uuid
$$;

create table sync_events (
  id          bigint      not null default next_sync_event_id(),
  xid         xid8        not null default pg_current_xact_id(),
  event_id    uuid        not null,
  event_type  text        not null,
  entity_type text        not null,
  entity_id   bigint,                              -- our id; null for an external event
  entity_key  text        not null,                -- Kafka key: customer:<id>, or <system>:<account>:<external id>
  version     bigint,                              -- gapless per internal entity; null for an external event
  source      text        not null,                -- internal, sql, or the system it came from
  payload     jsonb       not null,                -- the envelope's own part: customer_data, external_mappings, external
  context     jsonb       not null default '{}',   -- request_id, actor, trace, caused_by, hop
  created_at  timestamptz not null default now(),
  primary key (id)
) partition by range (id);

create table sync_events_default partition of sync_events default;
create index sync_events_event_id on sync_events (event_id);
create index sync_events_entity on sync_events (entity_key, id);

create function refuse_change_of_events() returns trigger language plpgsql as $$
begin
  raise exception 'sync_events is append-only: % is refused', tg_op
    using errcode = 'TB003', hint = 'Old events leave when housekeeping drops whole partitions.';
end $$;

create trigger sync_events_append_only before update or delete on sync_events
  for each row execute function refuse_change_of_events();
create trigger sync_events_no_truncate before truncate on sync_events
  for each statement execute function refuse_change_of_events();

-- An external event is stored once: its id is derived from the system's own id of it.
create table inbound_event_ids (
  event_id      uuid   not null primary key,
  sync_event_id bigint not null
) partition by range (event_id);

create table inbound_event_ids_default partition of inbound_event_ids default;

-- What came in and was not taken: an id and a reason, never a body.
create table inbound_refusals (
  id                bigint      generated always as identity primary key,
  system            text        not null,
  external_event_id text,
  reason            text        not null,
  detail            text,
  created_at        timestamptz not null default now()
);
create index inbound_refusals_created_at on inbound_refusals (created_at);
