-- A database before the catalogue: made once by the migrations 0001 to 0026 of the commit f67795c and
-- by the engine of that commit with its simulator. Rows: Ada (linked, version 2), Bo (linked, with a
-- conflict), Cy (deleted on both sides), Di (its create is under way), and a record without an email.
-- The first part is db/schema.sql of that commit. Migrations of now are tested against it
-- (from-before.test.ts), so it is never made anew.

set check_function_bodies = off;

create sequence relay_floor as bigint start 1 increment 1 minvalue 1 maxvalue 9223372036854775807 cache 1;

create sequence sync_event_ids as bigint start 1 increment 1 minvalue 1 maxvalue 9223372036854775807 cache 1;

CREATE OR REPLACE FUNCTION public.customer_payload(customer_id bigint, customer_name text, customer_email text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
AS $function$
  select jsonb_build_object(
    'customer_data', jsonb_build_object('id', customer_id, 'name', customer_name, 'email', customer_email),
    'external_mappings', coalesce((
      select jsonb_object_agg(system, external_id) from external_mappings
      where entity_type = 'customer' and internal_id = customer_id and role = 'primary' and external_id is not null and state <> 'detached'
        and reason is distinct from 'alias_lives'), '{}'))
$function$;

CREATE OR REPLACE FUNCTION public.customers_before_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'INSERT' then
    if new.version <> 1 then
      raise exception 'a new customer has version 1, not %', new.version using errcode = 'TB001';
    end if;
    return new;
  end if;
  if new *= old then
    return null;
  end if;
  if (new.id, new.name collate "C", new.email collate "C", new.version, new.last_event_id, new.created_event_id, new.deleted_at)
     is not distinct from (old.id, old.name collate "C", old.email collate "C", old.version, old.last_event_id, old.created_event_id, old.deleted_at) then
    return new;
  end if;
  if new.id <> old.id or new.version <> old.version + 1 or new.last_event_id <= old.last_event_id then
    raise exception 'customer %: a change must raise version from % to % and draw a new last_event_id', old.id, old.version, old.version + 1
      using errcode = 'TB001',
            hint = 'update customers set …, version = version + 1, last_event_id = next_sync_event_id() where id = …; '
                || 'then, in the same transaction: select write_customer_event(id). '
                || 'A trigger that changes name, email or deleted_at has to be a BEFORE trigger that sets them in the change that fires it.';
  end if;
  if old.deleted_at is not null and new.deleted_at is null then
    raise exception 'customer % is deleted and stays so: other systems have let it go for good', old.id
      using errcode = 'TB001', hint = 'Create a new customer.';
  end if;
  -- SQL by hand does not set it; the statements of Twinbox always move it forward.
  if new.updated_at <= old.updated_at then
    new.updated_at := greatest(old.updated_at, now());
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION public.customers_demand_event()
 RETURNS trigger
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
begin
  if tg_op = 'UPDATE' and new.version = old.version then
    if (new.name collate "C", new.email collate "C", new.deleted_at) is distinct from (old.name collate "C", old.email collate "C", old.deleted_at) then
      raise exception 'customer %: a trigger of the table changed name, email or deleted_at, and version % did not rise', new.id, new.version
        using errcode = 'TB006',
              hint = 'A change of other columns fired it. Let the trigger leave these three alone, or let that change raise version and draw last_event_id.';
    end if;
    return null;
  end if;
  perform 1 from sync_events
    where id = new.last_event_id and entity_key = 'customer:' || new.id and version = new.version;
  if not found then
    raise exception 'customer %: version % was written without its event', new.id, new.version
      using errcode = 'TB002',
            hint = 'In the same transaction as the change: select write_customer_event(' || new.id || ')';
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.customers_refuse_removal()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if coalesce(current_setting('twinbox.purge', true), '') = 'on' and tg_op = 'DELETE' then
    return old;
  end if;
  raise exception '% of customers is refused: other systems would never hear of it', tg_op
    using errcode = 'TB003',
          hint = 'Set deleted_at (with version + 1 and its event), or call purge_customer(id) once the tombstone is everywhere.';
end $function$;

CREATE OR REPLACE FUNCTION public.customers_version_after_restore()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  new.version := greatest(new.version, (select max(r.versions_from) from restores r where r.events_to >= old.last_event_id));
  return new;
end $function$;

CREATE OR REPLACE FUNCTION public.draw_above_relay_floor()
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
declare
  before bigint;
  moved_to bigint;
  drawn bigint;
begin
  for tries in 1..200 loop
    before := pg_sequence_last_value('sync_event_ids');
    moved_to := move_sync_event_ids();
    if moved_to is not null then
      insert into sequence_moves (sequence, moved_from, moved_to, walked_to) values ('sync_event_ids', before, moved_to, 0);
    end if;
    drawn := nextval('sync_event_ids');
    if drawn > pg_sequence_last_value('relay_floor') then
      return drawn;
    end if;
  end loop;
  raise exception 'the sequence sync_event_ids is behind: it gave the id %, and the relay has passed %', drawn, pg_sequence_last_value('relay_floor')
    using errcode = 'TB008', hint = 'Nothing was written. Look at it with: npx twinbox doctor';
end $function$;

CREATE OR REPLACE FUNCTION public.is_of_this_transaction(written xid)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
declare
  own bigint := pg_current_xact_id()::text::bigint;
begin
  -- xmin has no epoch: it stands for the next id from ours on that ends like it. An older row stands for one that is long in use or not given out yet.
  return pg_xact_status((own + (written::text::bigint - own % 4294967296 + 4294967296) % 4294967296)::text::xid8) = 'in progress';
exception when invalid_parameter_value then
  return false;
end $function$;

CREATE OR REPLACE FUNCTION public.move_sync_event_ids()
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
declare
  give_up constant timestamptz := clock_timestamp() + interval '5 seconds';
  newest bigint;
  moved_to bigint;
begin
  -- Keeps out the step into a new block of ids, which locks the sequence against whoever has drawn.
  perform nextval('sync_event_ids');
  while not pg_try_advisory_lock(7240115) loop
    if clock_timestamp() > give_up then
      raise exception 'the sequence sync_event_ids is behind, and another session that began to move it does not end'
        using errcode = 'TB008', hint = 'Nothing was written. Try again, and look at pg_locks for the advisory lock 7240115.';
    end if;
    perform pg_sleep(0.002);
  end loop;
  begin
    newest := newest_sync_event_id();
    if (select last_value from sync_event_ids) < newest then
      moved_to := setval('sync_event_ids', newest + 1000000);
    end if;
  exception when query_canceled or others then
    perform pg_advisory_unlock(7240115);
    raise;
  end;
  perform pg_advisory_unlock(7240115);
  return moved_to;
end $function$;

CREATE OR REPLACE FUNCTION public.new_event_id(at timestamp with time zone DEFAULT clock_timestamp())
 RETURNS uuid
 LANGUAGE sql
AS $function$
  select encode(
    set_bit(set_bit(
      overlay(uuid_send(gen_random_uuid()) placing substring(int8send((extract(epoch from at) * 1000)::bigint) from 3) from 1 for 6),
      52, 1), 53, 1), 'hex')::uuid
$function$;

CREATE OR REPLACE FUNCTION public.newest_sync_event_id()
 RETURNS bigint
 LANGUAGE sql
 STABLE
AS $function$
  select greatest(
    coalesce(pg_sequence_last_value('relay_floor'), 0),
    coalesce((select max(id) from sync_events), 0),
    (select greatest(c.floor, c.pending_floor, c.last_id, c.restored_to, (select max(l.value::bigint) from jsonb_each_text(c.late_floors) l))
     from relay_cursor c),
    (select max(first_id) - 1 from event_blocks))
$function$;

CREATE OR REPLACE FUNCTION public.next_sync_event_id()
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
declare
  floor bigint;
  drawn bigint;
begin
  perform pg_current_xact_id();
  floor := pg_sequence_last_value('relay_floor');
  drawn := nextval('sync_event_ids');
  if drawn <= floor then
    return draw_above_relay_floor();
  end if;
  return drawn;
end $function$;

CREATE OR REPLACE FUNCTION public.purge_customer(customer_id bigint)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  if not exists (select from external_mappings where entity_type = 'customer' and internal_id = customer_id)
     or exists (select from external_mappings where entity_type = 'customer' and internal_id = customer_id
                and state not in ('tombstoned', 'detached', 'alias')) then
    raise exception 'customer % is still mapped: delete it first and let every system follow', customer_id using errcode = 'TB003';
  end if;
  perform set_config('twinbox.purge', 'on', true);
  delete from customers where id = customer_id and deleted_at is not null;
  perform set_config('twinbox.purge', 'off', true);
end $function$;

CREATE OR REPLACE FUNCTION public.raise_relay_floor(newest bigint)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
begin
  if coalesce(pg_sequence_last_value('relay_floor'), 0) < newest then
    perform pg_advisory_xact_lock(7240116);
    if coalesce(pg_sequence_last_value('relay_floor'), 0) < newest then
      perform setval('relay_floor', newest);
    end if;
  end if;
  return true;
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_change_of_actions()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception '% is append-only: % is refused', tg_table_name, tg_op using errcode = 'TB003';
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_change_of_events()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'sync_events is append-only: % is refused', tg_op
    using errcode = 'TB003', hint = 'Old events leave when housekeeping drops whole partitions.';
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_turned_back_change(customer_id bigint)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'customer %: a trigger of the table put the old values back', customer_id using errcode = 'TB009';
end $function$;

CREATE OR REPLACE FUNCTION public.relay_cursor_generation()
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
  select (select oid from pg_database where datname = current_database()) || '/' || 'relay_cursor'::regclass::oid
$function$;

CREATE OR REPLACE FUNCTION public.relay_cursor_note_writer()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_when = 'AFTER' then
    update relay_cursor set xid = null;
    return null;
  end if;
  if new.xid is not null or old.xid is null then
    new.xid := pg_current_xact_id();
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION public.sync_events_above_floor()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  bound bigint;
begin
  if new.xid <> pg_current_xact_id() then
    return new;
  end if;
  select coalesce((c.late_floors ->> new.xid::text)::bigint, c.floor) into bound from relay_cursor c;
  if new.id <= bound then
    raise exception 'the event id % is not above %, which the relay has passed: the event would never be delivered', new.id, bound
      using errcode = 'TB008', hint = 'Draw the id with next_sync_event_id(), in the transaction that writes the event.';
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION public.write_customer_event(customer_id bigint, source text DEFAULT 'sql'::text, context jsonb DEFAULT '{}'::jsonb)
 RETURNS uuid
 LANGUAGE plpgsql
AS $function$
declare
  c customers%rowtype;
  written xid;
  made uuid;
begin
  select * into c from customers where id = customer_id for update;
  if not found then
    raise exception 'there is no customer %', customer_id using errcode = 'TB004';
  end if;
  select xmin into written from customers where id = customer_id;
  -- The row's own transaction: an old version, whose event retention has taken, gets no second one.
  if not is_of_this_transaction(written) or exists (select from sync_events e where e.id = c.last_event_id) then
    raise exception 'customer %: version % has its event already', customer_id, c.version
      using errcode = 'TB002', hint = 'Raise version and draw last_event_id = next_sync_event_id() first.';
  end if;
  made := case when c.version = 1 then c.created_event_id else new_event_id() end;
  insert into sync_events (id, event_id, event_type, entity_type, entity_id, entity_key, version, source, payload, context)
  values (c.last_event_id, made,
          case when c.deleted_at is not null then 'customer.deleted' when c.version = 1 then 'customer.created' else 'customer.updated' end,
          'customer', c.id, 'customer:' || c.id, c.version, source, customer_payload(c.id, c.name, c.email), context);
  return made;
end $function$;

create table account_readings (
  system text not null,
  account text not null,
  external_type text default 'customer'::text not null,
  started_at timestamp with time zone not null,
  imports boolean not null,
  read_to timestamp with time zone,
  records bigint default 0 not null,
  done_at timestamp with time zone
);

create table account_rests (
  system text not null,
  account text not null,
  since timestamp with time zone not null,
  until timestamp with time zone not null,
  why jsonb not null
);

create table breakers (
  system text not null,
  account text not null,
  since timestamp with time zone not null,
  opened_at timestamp with time zone,
  why jsonb not null,
  probes integer default 0 not null,
  probe_at timestamp with time zone not null
);

create table closed_deliveries (
  event_id uuid not null,
  target text not null,
  mapping_id bigint not null,
  event_type text not null,
  version bigint,
  status text not null,
  last_code text,
  attempts integer not null,
  created_at timestamp with time zone not null,
  reason text default 'retention'::text not null,
  closed_at timestamp with time zone not null
);

create table connections (
  system text not null,
  account text,
  livemode boolean,
  bound_at timestamp with time zone,
  paused_at timestamp with time zone,
  paused_why text,
  deletes_out_held_at timestamp with time zone,
  deletes_out_counted_from timestamp with time zone default '-infinity'::timestamp with time zone not null,
  deletes_in_held_at timestamp with time zone,
  deletes_in_counted_from timestamp with time zone default '-infinity'::timestamp with time zone not null
);

create table copy_accounts (
  system text not null,
  account text not null,
  records bigint not null,
  counted_at timestamp with time zone not null,
  allowed_by text,
  allowed_why text,
  allowed_at timestamp with time zone
);

create table customers (
  id bigint generated always as identity not null,
  name text not null,
  email text not null,
  version bigint default 1 not null,
  last_event_id bigint not null,
  created_event_id uuid not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  deleted_at timestamp with time zone
);

create table database_place (
  only_one boolean default true not null,
  database_oid oid not null,
  server_started_at timestamp with time zone not null,
  aliases text[] default '{}'::text[] not null
);

create table event_blocks (
  first_id bigint not null,
  opened_at timestamp with time zone not null
);

create table external_mappings (
  id bigint generated always as identity not null,
  entity_type text default 'customer'::text not null,
  internal_id bigint,
  system text not null,
  account text default ''::text not null,
  external_type text default 'customer'::text not null,
  role text default 'primary'::text not null,
  external_id text,
  state text default 'pending'::text not null,
  reason text,
  reason_detail jsonb,
  shadow jsonb default '{}'::jsonb not null,
  wanted_version bigint default 0 not null,
  pushed_version bigint default 0 not null,
  dirty bigint default 0 not null,
  clean bigint default 0 not null,
  must_read boolean default false not null,
  attempts integer default 0 not null,
  first_failed_at timestamp with time zone,
  last_error jsonb,
  next_attempt_at timestamp with time zone default '-infinity'::timestamp with time zone not null,
  lease_owner text,
  lease_until timestamp with time zone,
  fence bigint default 0 not null,
  intent_number bigint default 0 not null,
  intent jsonb,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  urgency smallint default 0 not null,
  decision jsonb,
  known_email text,
  void_tag uuid,
  consent jsonb,
  ending jsonb
) with (fillfactor=80);

create table external_records (
  system text not null,
  account text not null,
  external_type text default 'customer'::text not null,
  external_id text not null,
  identity text,
  created_at timestamp with time zone not null,
  decision text,
  decided_by text,
  decided_at timestamp with time zone
);

create table inbound_event_ids (
  event_id uuid not null,
  sync_event_id bigint not null
) partition by RANGE (event_id);

create table inbound_refusals (
  id bigint generated always as identity not null,
  system text not null,
  external_event_id text,
  reason text not null,
  detail text,
  created_at timestamp with time zone default now() not null
);

create table instance (
  only_one boolean default true not null,
  id text not null,
  created_at timestamp with time zone default now() not null,
  copied_from text[] default '{}'::text[] not null
);

create table leases (
  name text not null,
  owner text not null,
  until timestamp with time zone not null,
  fence bigint default 0 not null
);

create table operator_action_pairs (
  action_id bigint not null,
  mapping_id bigint not null,
  event_id uuid
);

create table operator_actions (
  id bigint generated always as identity not null,
  action text not null,
  system text not null,
  actor text not null,
  reason text,
  detail jsonb default '{}'::jsonb not null,
  at timestamp with time zone not null
);

create table rate_buckets (
  system text not null,
  account text not null,
  endpoint text not null,
  tokens double precision not null,
  filled_at timestamp with time zone not null,
  share double precision default 1 not null,
  slowed_at timestamp with time zone
) with (fillfactor=50);

create table refused_records (
  topic text not null,
  reason text not null,
  records bigint not null,
  first_at timestamp with time zone not null,
  last_at timestamp with time zone not null,
  detail jsonb
) with (fillfactor=50);

create table relay_batches (
  topic text not null,
  partition integer not null,
  first_offset bigint not null,
  first_id bigint not null,
  last_id bigint not null,
  count integer not null,
  ids bigint[] not null,
  fence bigint not null,
  saved_at timestamp with time zone default clock_timestamp() not null
) partition by RANGE (first_id);

create table relay_cursor (
  only_one boolean default true not null,
  seen pg_snapshot not null,
  win pg_snapshot,
  last_id bigint default 0 not null,
  floor bigint default 0 not null,
  pending_floor bigint default 0 not null,
  late_floors jsonb default '{}'::jsonb not null,
  restored_to bigint,
  fence bigint default 0 not null,
  bus text,
  system_identifier bigint not null,
  timeline bigint not null,
  address_hash text not null,
  published bigint default 0 not null,
  unrouted bigint default 0 not null,
  saved_at timestamp with time zone default clock_timestamp() not null,
  generation text,
  xid xid8,
  ahead jsonb
) with (fillfactor=50);

create table restores (
  id bigint generated always as identity not null,
  kind text not null,
  noticed text,
  at timestamp with time zone default clock_timestamp() not null,
  events_to bigint not null,
  events_from bigint not null,
  versions_from bigint not null
);

create table role_signs (
  role text not null,
  owner text not null,
  started_at timestamp with time zone default clock_timestamp() not null,
  seen_at timestamp with time zone default clock_timestamp() not null,
  stopped_at timestamp with time zone,
  state text,
  problem text,
  settings jsonb
) with (fillfactor=50);

create table sequence_moves (
  id uuid default new_event_id() not null,
  sequence text not null,
  moved_from bigint not null,
  moved_to bigint not null,
  widened_from text,
  moved_at timestamp with time zone default clock_timestamp() not null,
  logged_at timestamp with time zone,
  walked_to bigint,
  settled_after xid8,
  final boolean default false not null
);

create table skipped_items (
  loop text not null,
  item text not null,
  fault text not null,
  about text,
  instead text not null,
  times integer default 1 not null,
  first_at timestamp with time zone not null,
  last_at timestamp with time zone not null
);

create table stoppages (
  id bigint generated always as identity not null,
  system text not null,
  began_at timestamp with time zone not null,
  ended_at timestamp with time zone not null
);

create table sweeps (
  system text not null,
  account text not null,
  swept_to timestamp with time zone not null,
  swept_events bigint default 0 not null,
  more boolean default true not null,
  tried_at timestamp with time zone,
  problem text,
  problem_at timestamp with time zone,
  lost_from timestamp with time zone,
  lost_to timestamp with time zone,
  found_events bigint default 0 not null,
  found_since timestamp with time zone,
  found_at timestamp with time zone
);

create table sync_attempts (
  id uuid not null,
  mapping_id bigint not null,
  intent_id uuid,
  operation text not null,
  key text,
  request_id text,
  status integer,
  replayed boolean default false not null,
  error text,
  latency_ms integer not null,
  created_at timestamp with time zone not null
) partition by RANGE (id);

create table sync_conflicts (
  id uuid not null,
  mapping_id bigint not null,
  entity_type text not null,
  internal_id bigint,
  kind text not null,
  field text,
  base jsonb,
  ours jsonb,
  theirs jsonb,
  rule text not null,
  winner text not null,
  note text,
  intent_id uuid,
  event_id uuid,
  dedupe_key text not null,
  reversed_at timestamp with time zone,
  created_at timestamp with time zone not null
);

create table sync_deliveries (
  event_id uuid not null,
  target text not null,
  sync_event_id bigint not null,
  mapping_id bigint not null,
  event_type text not null,
  version bigint,
  inbound jsonb,
  hop integer default 0 not null,
  status text default 'queued'::text not null,
  superseded_by uuid,
  intent_id uuid,
  attempts integer default 0 not null,
  last_error jsonb,
  confirmed_by uuid,
  created_at timestamp with time zone not null,
  settled_at timestamp with time zone
) partition by RANGE (event_id);

create table sync_events (
  id bigint default next_sync_event_id() not null,
  xid xid8 default pg_current_xact_id() not null,
  event_id uuid not null,
  event_type text not null,
  entity_type text not null,
  entity_id bigint,
  entity_key text not null,
  version bigint,
  source text not null,
  payload jsonb not null,
  context jsonb default '{}'::jsonb not null,
  created_at timestamp with time zone default now() not null
) partition by RANGE (id);

create table sync_intents (
  id uuid not null,
  mapping_id bigint not null,
  number bigint not null,
  operation text not null,
  key text not null,
  body jsonb not null,
  fields jsonb not null,
  version bigint not null,
  hop integer default 0 not null,
  first_sent_at timestamp with time zone,
  last_sent_at timestamp with time zone,
  closed_at timestamp with time zone not null,
  result text not null,
  external_id text,
  request_id text,
  echo_event uuid
) partition by RANGE (id);

create table walk_positions (
  name text not null,
  "position" bigint not null,
  updated_at timestamp with time zone default now() not null
);

create table webhook_signs (
  system text not null,
  taken bigint default 0 not null,
  taken_at timestamp with time zone,
  refused bigint default 0 not null,
  refused_since timestamp with time zone,
  refused_at timestamp with time zone,
  refused_reason text
) with (fillfactor=50);

create table inbound_event_ids_default partition of inbound_event_ids default;
create table relay_batches_default partition of relay_batches default;
create table sync_attempts_default partition of sync_attempts default;
create table sync_deliveries_default partition of sync_deliveries default;
create table sync_events_default partition of sync_events default;
create table sync_intents_default partition of sync_intents default;

alter table account_readings add constraint account_readings_pkey PRIMARY KEY (system, account, external_type);
alter table account_rests add constraint account_rests_check CHECK ((since < until));
alter table account_rests add constraint account_rests_pkey PRIMARY KEY (system, account);
alter table breakers add constraint breakers_pkey PRIMARY KEY (system, account);
alter table closed_deliveries add constraint closed_deliveries_pkey PRIMARY KEY (event_id, target);
alter table connections add constraint connections_check CHECK ((((account IS NULL) = (bound_at IS NULL)) AND ((account IS NULL) = (livemode IS NULL))));
alter table connections add constraint connections_pkey PRIMARY KEY (system);
alter table copy_accounts add constraint copy_accounts_check CHECK ((((allowed_at IS NULL) = (allowed_why IS NULL)) AND ((allowed_at IS NULL) = (allowed_by IS NULL))));
alter table copy_accounts add constraint copy_accounts_pkey PRIMARY KEY (system, account);
alter table customers add constraint customers_pkey PRIMARY KEY (id);
alter table database_place add constraint database_place_only_one_check CHECK (only_one);
alter table database_place add constraint database_place_pkey PRIMARY KEY (only_one);
alter table event_blocks add constraint event_blocks_pkey PRIMARY KEY (first_id);
alter table external_mappings add constraint external_mappings_check CHECK (((intent IS NULL) OR (state <> ALL (ARRAY['alias'::text, 'detached'::text, 'tombstoned'::text]))));
alter table external_mappings add constraint external_mappings_consent CHECK (((consent IS NULL) OR (((jsonb_typeof(consent) = 'object'::text) AND (jsonb_typeof((consent -> 'at'::text)) = 'string'::text) AND (jsonb_typeof((consent -> 'by'::text)) = ANY (ARRAY['string'::text, 'null'::text])) AND
CASE (consent ->> 'to'::text)
    WHEN 'customer'::text THEN (jsonb_typeof((consent -> 'customer'::text)) = 'number'::text)
    WHEN 'record'::text THEN (jsonb_typeof((consent -> 'external_id'::text)) = ANY (ARRAY['string'::text, 'null'::text]))
    ELSE NULL::boolean
END) IS TRUE)));
alter table external_mappings add constraint external_mappings_decision_check CHECK ((jsonb_typeof(decision) = 'object'::text));
alter table external_mappings add constraint external_mappings_ending CHECK (((ending IS NULL) OR ((((ending ->> 'kind'::text) = ANY (ARRAY['let_go'::text, 'replaced'::text, 'taken_back'::text, 'account_left'::text, 'tombstoned'::text])) AND ((state = 'detached'::text) OR (decision IS NOT NULL))) IS TRUE)));
alter table external_mappings add constraint external_mappings_pkey PRIMARY KEY (id);
alter table external_mappings add constraint external_mappings_role_check CHECK ((role = ANY (ARRAY['primary'::text, 'alias'::text])));
alter table external_mappings add constraint external_mappings_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'linked'::text, 'waiting'::text, 'parked'::text, 'alias'::text, 'detached'::text, 'tombstoned'::text])));
alter table external_mappings add constraint external_mappings_urgency_check CHECK (((urgency >= 0) AND (urgency <= 4)));
alter table external_records add constraint external_records_decision_check CHECK ((decision = ANY (ARRAY['import'::text, 'leave'::text])));
alter table external_records add constraint external_records_pkey PRIMARY KEY (system, account, external_type, external_id);
alter table inbound_event_ids add constraint inbound_event_ids_pkey PRIMARY KEY (event_id);
alter table inbound_refusals add constraint inbound_refusals_pkey PRIMARY KEY (id);
alter table instance add constraint instance_id_check CHECK ((id ~ '^[a-z0-9]{8}$'::text));
alter table instance add constraint instance_only_one_check CHECK (only_one);
alter table instance add constraint instance_pkey PRIMARY KEY (only_one);
alter table leases add constraint leases_pkey PRIMARY KEY (name);
alter table operator_action_pairs add constraint operator_action_pairs_action_id_mapping_id_event_id_key UNIQUE NULLS NOT DISTINCT (action_id, mapping_id, event_id);
alter table operator_actions add constraint operator_actions_action_check CHECK ((action ~ '^[a-z][a-z_]*$'::text));
alter table operator_actions add constraint operator_actions_pkey PRIMARY KEY (id);
alter table rate_buckets add constraint rate_buckets_pkey PRIMARY KEY (system, account, endpoint);
alter table rate_buckets add constraint rate_buckets_share_check CHECK (((share > (0)::double precision) AND (share <= (1)::double precision)));
alter table refused_records add constraint refused_records_pkey PRIMARY KEY (topic, reason);
alter table relay_cursor add constraint relay_cursor_check CHECK (((win IS NOT NULL) OR (last_id = 0)));
alter table relay_cursor add constraint relay_cursor_only_one_check CHECK (only_one);
alter table relay_cursor add constraint relay_cursor_pkey PRIMARY KEY (only_one);
alter table restores add constraint restores_kind_check CHECK ((kind = ANY (ARRAY['move'::text, 'fail_over'::text])));
alter table restores add constraint restores_pkey PRIMARY KEY (id);
alter table role_signs add constraint role_signs_pkey PRIMARY KEY (role, owner);
alter table role_signs add constraint role_signs_role_check CHECK ((role = ANY (ARRAY['api'::text, 'relay'::text, 'worker'::text, 'housekeeping'::text])));
alter table sequence_moves add constraint sequence_moves_pkey PRIMARY KEY (id);
alter table skipped_items add constraint skipped_items_pkey PRIMARY KEY (loop, item);
alter table stoppages add constraint stoppages_pkey PRIMARY KEY (id);
alter table sweeps add constraint sweeps_check CHECK ((((problem IS NULL) = (problem_at IS NULL)) AND ((lost_from IS NULL) = (lost_to IS NULL))));
alter table sweeps add constraint sweeps_pkey PRIMARY KEY (system, account);
alter table sync_attempts add constraint sync_attempts_pkey PRIMARY KEY (id);
alter table sync_conflicts add constraint sync_conflicts_dedupe_key_key UNIQUE (dedupe_key);
alter table sync_conflicts add constraint sync_conflicts_pkey PRIMARY KEY (id);
alter table sync_conflicts add constraint sync_conflicts_winner_check CHECK ((winner = ANY (ARRAY['ours'::text, 'theirs'::text, 'neither'::text])));
alter table sync_deliveries add constraint sync_deliveries_pkey PRIMARY KEY (event_id, target);
alter table sync_deliveries add constraint sync_deliveries_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'waiting'::text, 'parked'::text, 'applied'::text, 'superseded'::text, 'noop'::text, 'echo'::text, 'origin'::text, 'conflict'::text, 'stale'::text, 'closed'::text])));
alter table sync_events add constraint sync_events_pkey PRIMARY KEY (id);
alter table sync_intents add constraint sync_intents_operation_check CHECK ((operation = ANY (ARRAY['create'::text, 'update'::text, 'delete'::text])));
alter table sync_intents add constraint sync_intents_pkey PRIMARY KEY (id);
alter table sync_intents add constraint sync_intents_result_check CHECK ((result = ANY (ARRAY['done'::text, 'refused'::text, 'unknown'::text, 'not_needed'::text])));
alter table walk_positions add constraint walk_positions_pkey PRIMARY KEY (name);
alter table webhook_signs add constraint webhook_signs_check CHECK ((((refused = 0) = (refused_since IS NULL)) AND ((refused = 0) = (refused_at IS NULL))));
alter table webhook_signs add constraint webhook_signs_pkey PRIMARY KEY (system);
alter table operator_action_pairs add constraint operator_action_pairs_action_id_fkey FOREIGN KEY (action_id) REFERENCES operator_actions(id);

CREATE INDEX closed_deliveries_mapping ON public.closed_deliveries USING btree (mapping_id);
CREATE UNIQUE INDEX customers_created_event ON public.customers USING btree (created_event_id);
CREATE UNIQUE INDEX customers_email ON public.customers USING btree (lower((email COLLATE "C"))) WHERE (deleted_at IS NULL);
CREATE INDEX customers_updated_at ON public.customers USING btree (updated_at, id);
CREATE INDEX external_mappings_attention ON public.external_mappings USING btree (system, state) WHERE (state = ANY (ARRAY['waiting'::text, 'parked'::text]));
CREATE INDEX external_mappings_awaited ON public.external_mappings USING gin (((reason_detail -> 'records'::text))) WHERE ((state = 'waiting'::text) AND (reason = 'not_linked'::text));
CREATE INDEX external_mappings_by_internal ON public.external_mappings USING btree (entity_type, internal_id);
CREATE INDEX external_mappings_due ON public.external_mappings USING btree (system, account, (((external_id IS NULL))::integer), urgency, next_attempt_at) WHERE (dirty <> clean);
CREATE UNIQUE INDEX external_mappings_external ON public.external_mappings USING btree (system, account, external_type, external_id) WHERE (external_id IS NOT NULL);
CREATE INDEX external_mappings_intent_key ON public.external_mappings USING btree (((intent ->> 'key'::text))) WHERE (intent IS NOT NULL);
CREATE UNIQUE INDEX external_mappings_internal ON public.external_mappings USING btree (entity_type, internal_id, system, account, external_type) WHERE ((role = 'primary'::text) AND (internal_id IS NOT NULL) AND (state <> 'detached'::text));
CREATE INDEX external_mappings_let_go ON public.external_mappings USING btree (system, id) WHERE ((state = 'detached'::text) AND ((ending ->> 'kind'::text) = 'let_go'::text));
CREATE INDEX external_mappings_open_intent ON public.external_mappings USING btree (system) WHERE (intent IS NOT NULL);
CREATE INDEX external_records_identity ON public.external_records USING btree (system, account, external_type, identity) WHERE (identity IS NOT NULL);
CREATE INDEX inbound_refusals_created_at ON public.inbound_refusals USING btree (created_at);
CREATE INDEX inbound_refusals_event ON public.inbound_refusals USING btree (system, external_event_id) WHERE (external_event_id IS NOT NULL);
CREATE INDEX operator_action_pairs_event ON public.operator_action_pairs USING btree (event_id) WHERE (event_id IS NOT NULL);
CREATE INDEX operator_action_pairs_mapping ON public.operator_action_pairs USING btree (mapping_id);
CREATE INDEX relay_batches_ids ON ONLY public.relay_batches USING btree (first_id, last_id);
CREATE INDEX relay_batches_offsets ON ONLY public.relay_batches USING btree (topic, partition, first_offset);
CREATE INDEX sequence_moves_unlogged ON public.sequence_moves USING btree (moved_at) WHERE (logged_at IS NULL);
CREATE INDEX sequence_moves_walks ON public.sequence_moves USING btree (moved_at) WHERE (walked_to IS NOT NULL);
CREATE INDEX skipped_items_last ON public.skipped_items USING btree (last_at);
CREATE INDEX stoppages_ended ON public.stoppages USING btree (system, ended_at);
CREATE INDEX sync_attempts_mapping ON ONLY public.sync_attempts USING btree (mapping_id, id);
CREATE INDEX sync_attempts_request ON ONLY public.sync_attempts USING btree (request_id) WHERE (request_id IS NOT NULL);
CREATE INDEX sync_conflicts_entity ON public.sync_conflicts USING btree (entity_type, internal_id, id);
CREATE INDEX sync_conflicts_mapping ON public.sync_conflicts USING btree (mapping_id, id);
CREATE INDEX sync_deliveries_deletes_in ON ONLY public.sync_deliveries USING btree (event_id) WHERE ((event_type = 'customer.deleted'::text) AND (status = 'origin'::text));
CREATE INDEX sync_deliveries_intent ON ONLY public.sync_deliveries USING btree (intent_id) WHERE (intent_id IS NOT NULL);
CREATE INDEX sync_deliveries_mapping ON ONLY public.sync_deliveries USING btree (mapping_id, sync_event_id);
CREATE INDEX sync_deliveries_open ON ONLY public.sync_deliveries USING btree (mapping_id) WHERE (status = ANY (ARRAY['queued'::text, 'waiting'::text, 'parked'::text]));
CREATE INDEX sync_events_entity ON ONLY public.sync_events USING btree (entity_key, id);
CREATE INDEX sync_events_event_id ON ONLY public.sync_events USING btree (event_id);
CREATE INDEX sync_intents_deletes ON ONLY public.sync_intents USING btree (id) WHERE (operation = 'delete'::text);
CREATE INDEX sync_intents_mapping ON ONLY public.sync_intents USING btree (mapping_id, number);

create view sync_event_status as
 SELECT e.id,
    e.event_id,
    e.event_type,
    e.entity_type,
    e.entity_id,
    e.payload,
    e.source,
    e.created_at,
    d.target,
    COALESCE(d.status,
        CASE
            WHEN (EXISTS ( SELECT
               FROM relay_cursor c
              WHERE (pg_visible_in_snapshot(e.xid, c.seen) OR ((c.win IS NOT NULL) AND (e.id <= c.last_id) AND pg_visible_in_snapshot(e.xid, c.win)) OR (e.id <= LEAST(c.floor, ( SELECT min((l.value)::bigint) AS min
                       FROM jsonb_each_text(c.late_floors) l(key, value))))))) THEN 'published'::text
            ELSE 'unpublished'::text
        END) AS status,
    d.settled_at AS processed_at
   FROM (sync_events e
     LEFT JOIN sync_deliveries d ON ((d.event_id = e.event_id)));

CREATE CONSTRAINT TRIGGER customers_event AFTER INSERT OR UPDATE ON public.customers DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION customers_demand_event();
CREATE TRIGGER customers_no_delete BEFORE DELETE ON public.customers FOR EACH ROW EXECUTE FUNCTION customers_refuse_removal();
CREATE TRIGGER customers_no_truncate BEFORE TRUNCATE ON public.customers FOR EACH STATEMENT EXECUTE FUNCTION customers_refuse_removal();
CREATE TRIGGER customers_version BEFORE INSERT OR UPDATE ON public.customers FOR EACH ROW EXECUTE FUNCTION customers_before_change();
CREATE TRIGGER customers_version_after_restore BEFORE UPDATE ON public.customers FOR EACH ROW WHEN ((new.version > old.version)) EXECUTE FUNCTION customers_version_after_restore();
CREATE TRIGGER operator_action_pairs_append_only BEFORE DELETE OR UPDATE ON public.operator_action_pairs FOR EACH ROW EXECUTE FUNCTION refuse_change_of_actions();
CREATE TRIGGER operator_action_pairs_no_truncate BEFORE TRUNCATE ON public.operator_action_pairs FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_actions();
CREATE TRIGGER operator_actions_append_only BEFORE DELETE OR UPDATE ON public.operator_actions FOR EACH ROW EXECUTE FUNCTION refuse_change_of_actions();
CREATE TRIGGER operator_actions_no_truncate BEFORE TRUNCATE ON public.operator_actions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_actions();
CREATE TRIGGER relay_cursor_writer BEFORE UPDATE ON public.relay_cursor FOR EACH ROW EXECUTE FUNCTION relay_cursor_note_writer();
CREATE TRIGGER relay_cursor_written AFTER UPDATE ON public.relay_cursor FOR EACH ROW WHEN ((((new.xmin)::text)::bigint <> (((new.xid)::text)::bigint % '4294967296'::bigint))) EXECUTE FUNCTION relay_cursor_note_writer();
CREATE TRIGGER sync_events_above_floor BEFORE INSERT ON public.sync_events FOR EACH ROW WHEN ((new.id <= pg_sequence_last_value('relay_floor'::regclass))) EXECUTE FUNCTION sync_events_above_floor();
CREATE TRIGGER sync_events_append_only BEFORE DELETE OR UPDATE ON public.sync_events FOR EACH ROW EXECUTE FUNCTION refuse_change_of_events();
CREATE TRIGGER sync_events_no_truncate BEFORE TRUNCATE ON public.sync_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_events();

create table schema_migrations (id integer generated by default as identity primary key, name varchar(255), batch integer, migration_time timestamptz);
create table schema_migrations_lock (index integer generated by default as identity primary key, is_locked integer);

set session_replication_role = replica;

insert into account_readings (system, account, external_type, started_at, imports, read_to, records, done_at) values
  ('stripe', 'acct_1TwinboxSimulator', 'customer', '2026-11-29 20:56:54.634+00', 'false', null, '0', '2026-11-29 20:56:54.634+00');

insert into connections (system, account, livemode, bound_at, paused_at, paused_why, deletes_out_held_at, deletes_out_counted_from, deletes_in_held_at, deletes_in_counted_from) values
  ('stripe', 'acct_1TwinboxSimulator', 'false', '2026-03-01 12:00:00+00', null, null, null, '-infinity', null, '-infinity');

insert into customers (id, name, email, version, last_event_id, created_event_id, created_at, updated_at, deleted_at) overriding system value values
  ('1', 'Ada King', 'Ada@example.com', '2', '7', '019ca945-0a00-7a64-acfb-7577841f8e3a', '2026-03-01 12:00:00+00', '2026-03-01 12:00:00.000001+00', null),
  ('2', 'Beau', 'bo@example.com', '2', '12', '019ca945-0a00-7fa9-b96c-dd911895783b', '2026-03-01 12:00:00+00', '2026-03-01 12:00:00.000001+00', null),
  ('3', 'Cy', 'cy@example.com', '2', '14', '019ca945-0a00-7126-8672-aac17973ef4c', '2026-03-01 12:00:00+00', '2026-03-01 12:00:00.000001+00', '2026-03-01 12:00:00+00'),
  ('4', 'Di', 'di@example.com', '1', '18', '019ca945-0a00-7c88-9661-d42f80232860', '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00', null);

insert into external_mappings (id, entity_type, internal_id, system, account, external_type, role, external_id, state, reason, reason_detail, shadow, wanted_version, pushed_version, dirty, clean, must_read, attempts, first_failed_at, last_error, next_attempt_at, lease_owner, lease_until, fence, intent_number, intent, created_at, updated_at, urgency, decision, known_email, void_tag, consent, ending) overriding system value values
  ('1', 'customer', '1', 'stripe', 'acct_1TwinboxSimulator', 'customer', 'primary', 'cus_AJv1k0zUYbffRV', 'linked', null, null, '{"name": {"ours": "Ada King", "theirs": "Ada King"}, "email": {"ours": "Ada@example.com", "theirs": "Ada@example.com"}}', '2', '2', '4', '4', 'false', '0', null, null, '-infinity', null, null, '3', '2', null, '2026-11-29 20:56:54.70083+00', '2026-11-29 20:56:54.901706+00', '3', null, null, null, null, null),
  ('2', 'customer', '2', 'stripe', 'acct_1TwinboxSimulator', 'customer', 'primary', 'cus_tpKrzTR7dYHzzI', 'linked', null, null, '{"name": {"ours": "Beau", "theirs": "Beau"}, "email": {"ours": "bo@example.com", "theirs": "bo@example.com"}}', '2', '2', '5', '5', 'false', '0', null, null, '-infinity', null, null, '4', '2', null, '2026-11-29 20:56:54.70083+00', '2026-11-29 20:56:55.015002+00', '3', null, null, null, null, null),
  ('3', 'customer', '3', 'stripe', 'acct_1TwinboxSimulator', 'customer', 'primary', 'cus_dAp4DdqnDoCmb9', 'tombstoned', null, null, '{"name": {"ours": "Cy", "theirs": "Cy"}, "email": {"ours": "cy@example.com", "theirs": "cy@example.com"}}', '2', '2', '4', '4', 'false', '0', null, null, '2026-03-01 12:00:00+00', null, null, '4', '2', null, '2026-11-29 20:56:54.70083+00', '2026-11-29 20:56:55.012458+00', '3', null, null, null, null, null),
  ('4', 'customer', null, 'stripe', 'acct_1TwinboxSimulator', 'customer', 'primary', 'cus_uf9Ybzqx3EOe7W', 'waiting', 'no_email', '{}', '{}', '0', '0', '1', '1', 'false', '0', null, null, '-infinity', null, null, '1', '0', null, '2026-11-29 20:56:55.024851+00', '2026-11-29 20:56:55.038459+00', '1', null, null, null, null, null),
  ('5', 'customer', '4', 'stripe', 'acct_1TwinboxSimulator', 'customer', 'primary', null, 'pending', null, null, '{}', '1', '0', '1', '0', 'false', '1', '2026-03-01 12:00:00+00', '{"code": "stored_failure", "kind": "spent", "field": null, "status": 500, "message": "An unknown error occurred (scripted).", "request_id": "req_HlDC2lePvg08ij"}', '2026-03-01 12:05:00+00', null, null, '1', '1', '{"id": "019ca945-0a00-78d3-962c-722bcd7eb179", "hop": 0, "key": "tb1:test.gqg0wvf2:019ca945-0a00-78d3-962c-722bcd7eb179", "body": {"name": "Di", "email": "di@example.com", "metadata": {"twinbox_gqg0wvf2": "019ca945-0a00-7c88-9661-d42f80232860"}}, "spent": "stored_failure", "fields": {"name": {"ours": "Di", "seen": null}, "email": {"ours": "di@example.com", "seen": null}}, "number": 1, "version": 1, "operation": "create", "lastSentAt": "2026-03-01T12:00:00.000Z", "firstSentAt": "2026-03-01T12:00:00.000Z"}', '2026-11-29 20:56:55.047364+00', '2026-11-29 20:56:55.059741+00', '1', null, null, null, null, null);

insert into external_records (system, account, external_type, external_id, identity, created_at, decision, decided_by, decided_at) values
  ('stripe', 'acct_1TwinboxSimulator', 'customer', 'cus_uf9Ybzqx3EOe7W', null, '2026-03-01 12:00:00+00', null, null, null);

insert into inbound_event_ids (event_id, sync_event_id) values
  ('019ca945-0a00-707f-a7d3-75c22c942b37', '9'),
  ('019ca945-0a00-75c5-b4c4-726aadec03e3', '15'),
  ('019ca945-0a00-760c-8dfb-52b2decc95bf', '17'),
  ('019ca945-0a00-78cf-b79a-8c02b59a102c', '10'),
  ('019ca945-0a00-7969-a143-a48b63e8743f', '11'),
  ('019ca945-0a00-7d6c-9c98-e409aa515531', '8'),
  ('019ca945-0a00-7e5d-ba99-736ffcb1f87b', '16'),
  ('019ca945-0a00-7ff5-8e7b-3f9065d8c209', '13');

insert into instance (only_one, id, created_at, copied_from) values
  ('true', 'gqg0wvf2', '2026-11-29 20:56:53.937312+00', '{}');

insert into schema_migrations (id, name, batch, migration_time) values
  ('1', '0001-events.sql', '1', '2026-11-29 20:56:54.022+00'),
  ('10', '0010-external-records.sql', '1', '2026-11-29 20:56:54.16+00'),
  ('11', '0011-roles-and-webhooks.sql', '1', '2026-11-29 20:56:54.17+00'),
  ('12', '0012-operator-actions.sql', '1', '2026-11-29 20:56:54.181+00'),
  ('13', '0013-order-of-work.sql', '1', '2026-11-29 20:56:54.183+00'),
  ('14', '0014-decisions.sql', '1', '2026-11-29 20:56:54.185+00'),
  ('15', '0015-second-records.sql', '1', '2026-11-29 20:56:54.186+00'),
  ('16', '0016-sequences.sql', '1', '2026-11-29 20:56:54.195+00'),
  ('17', '0017-restores.sql', '1', '2026-11-29 20:56:54.202+00'),
  ('18', '0018-one-fold.sql', '1', '2026-11-29 20:56:54.203+00'),
  ('19', '0019-skipped-items.sql', '1', '2026-11-29 20:56:54.209+00'),
  ('2', '0002-customers.sql', '1', '2026-11-29 20:56:54.034+00'),
  ('20', '0020-rules-of-the-table.sql', '1', '2026-11-29 20:56:54.212+00'),
  ('21', '0021-shared-brokers.sql', '1', '2026-11-29 20:56:54.216+00'),
  ('22', '0022-database-place.sql', '1', '2026-11-29 20:56:54.22+00'),
  ('23', '0023-copies-and-turned-back-changes.sql', '1', '2026-11-29 20:56:54.225+00'),
  ('24', '0024-plain-names.sql', '1', '2026-11-29 20:56:54.226+00'),
  ('25', '0025-what-people-said.sql', '1', '2026-11-29 20:56:54.23+00'),
  ('26', '0026-rests.sql', '1', '2026-11-29 20:56:54.234+00'),
  ('3', '0003-mappings.sql', '1', '2026-11-29 20:56:54.083+00'),
  ('4', '0004-operations.sql', '1', '2026-11-29 20:56:54.1+00'),
  ('5', '0005-relay.sql', '1', '2026-11-29 20:56:54.114+00'),
  ('6', '0006-partitions.sql', '1', '2026-11-29 20:56:54.123+00'),
  ('7', '0007-sweep.sql', '1', '2026-11-29 20:56:54.129+00'),
  ('8', '0008-limits.sql', '1', '2026-11-29 20:56:54.146+00'),
  ('9', '0009-first-link.sql', '1', '2026-11-29 20:56:54.149+00');

insert into schema_migrations_lock (index, is_locked) values
  ('1', '0');

insert into sync_attempts (id, mapping_id, intent_id, operation, key, request_id, status, replayed, error, latency_ms, created_at) values
  ('019ca945-0a00-7027-97f7-04093fafb9ec', '4', null, 'read', null, 'req_vueRGBHb43J0jq', '200', 'false', null, '2', '2026-03-01 12:00:00+00'),
  ('019ca945-0a00-74b6-93d4-db3b719ec8df', '3', '019ca945-0a00-79ef-adb9-a3cb7a80d9b3', 'delete', 'tb1:test.gqg0wvf2:019ca945-0a00-79ef-adb9-a3cb7a80d9b3', 'req_2hweNn0FHydcP3', '200', 'false', null, '4', '2026-03-01 12:00:00+00'),
  ('019ca945-0a00-7500-9394-f4cc721de678', '3', '019ca945-0a00-7664-864c-e96db973c21b', 'create', 'tb1:test.gqg0wvf2:019ca945-0a00-7664-864c-e96db973c21b', 'req_CxutM3SjHpxm2P', '200', 'false', null, '7', '2026-03-01 12:00:00+00'),
  ('019ca945-0a00-7889-91a1-acd1eaa7b8d0', '1', '019ca945-0a00-7322-aa12-5dee2fd3e808', 'update', 'tb1:test.gqg0wvf2:019ca945-0a00-7322-aa12-5dee2fd3e808', 'req_nFLjPaj4KBQaSH', '200', 'false', null, '3', '2026-03-01 12:00:00+00'),
  ('019ca945-0a00-79fb-8861-a1cd410d6185', '2', '019ca945-0a00-79c6-bed0-9065f7ebe8db', 'create', 'tb1:test.gqg0wvf2:019ca945-0a00-79c6-bed0-9065f7ebe8db', 'req_OpKVuScOHGxx1p', '200', 'false', null, '8', '2026-03-01 12:00:00+00'),
  ('019ca945-0a00-7a8c-94cc-771f34d8f09a', '2', '019ca945-0a00-75f9-b4e7-733b2407ad4e', 'update', 'tb1:test.gqg0wvf2:019ca945-0a00-75f9-b4e7-733b2407ad4e', 'req_jLAivJ7IGH0EFZ', '200', 'false', null, '3', '2026-03-01 12:00:00+00'),
  ('019ca945-0a00-7ad9-9f17-ce6df419307f', '2', null, 'read', null, 'req_xd30jwGaIha0fA', '200', 'false', null, '2', '2026-03-01 12:00:00+00'),
  ('019ca945-0a00-7b90-b9e1-834bceeca810', '1', '019ca945-0a00-736e-82fd-0e5cc02c72d0', 'create', 'tb1:test.gqg0wvf2:019ca945-0a00-736e-82fd-0e5cc02c72d0', 'req_KXAm9B86d9CIbq', '200', 'false', null, '16', '2026-03-01 12:00:00+00'),
  ('019ca945-0a00-7c8d-9e53-8c42da737606', '3', null, 'read', null, 'req_rFB9d2FpceMuuw', '200', 'false', null, '2', '2026-03-01 12:00:00+00'),
  ('019ca945-0a00-7ec8-8a36-526b2cd9eecb', '5', '019ca945-0a00-78d3-962c-722bcd7eb179', 'create', 'tb1:test.gqg0wvf2:019ca945-0a00-78d3-962c-722bcd7eb179', 'req_HlDC2lePvg08ij', '500', 'false', 'stored_failure', '3', '2026-03-01 12:00:00+00');

insert into sync_conflicts (id, mapping_id, entity_type, internal_id, kind, field, base, ours, theirs, rule, winner, note, intent_id, event_id, dedupe_key, reversed_at, created_at) values
  ('019ca945-0a00-778b-bb28-5613fcc6148e', '2', 'customer', '2', 'both_moved', 'name', '"Bo"', '"Beau"', '"Bob"', 'internal_wins', 'ours', null, null, null, 'met:2:7fb7b5b3405c772bb9e71436b6d519d07d0425fc3b9738a0cf359cdacdb92252', null, '2026-03-01 12:00:00+00');

insert into sync_deliveries (event_id, target, sync_event_id, mapping_id, event_type, version, inbound, hop, status, superseded_by, intent_id, attempts, last_error, confirmed_by, created_at, settled_at) values
  ('019ca945-0a00-707f-a7d3-75c22c942b37', 'internal', '9', '3', 'stripe.customer.created', null, '{"key": "tb1:test.gqg0wvf2:019ca945-0a00-7664-864c-e96db973c21b", "kind": "created", "after": {"name": "Cy", "email": "cy@example.com", "business_name": null, "individual_name": null}, "created": "2026-03-01T12:00:00.000Z", "previous": null, "requestId": "req_CxutM3SjHpxm2P", "externalId": "cus_dAp4DdqnDoCmb9", "unreadable": []}', '0', 'echo', null, null, '1', null, null, '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00'),
  ('019ca945-0a00-7126-8672-aac17973ef4c', 'stripe', '3', '3', 'customer.created', '1', null, '0', 'applied', null, '019ca945-0a00-7664-864c-e96db973c21b', '1', null, '019ca945-0a00-707f-a7d3-75c22c942b37', '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00'),
  ('019ca945-0a00-75c5-b4c4-726aadec03e3', 'internal', '15', '2', 'stripe.customer.updated', null, '{"key": "tb1:test.gqg0wvf2:019ca945-0a00-75f9-b4e7-733b2407ad4e", "kind": "updated", "after": {"name": "Beau", "email": "bo@example.com", "business_name": null, "individual_name": null}, "created": "2026-03-01T12:00:00.000Z", "previous": {"name": "Bob"}, "requestId": "req_jLAivJ7IGH0EFZ", "externalId": "cus_tpKrzTR7dYHzzI", "unreadable": []}', '0', 'echo', null, null, '1', null, null, '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00'),
  ('019ca945-0a00-760c-8dfb-52b2decc95bf', 'internal', '17', '4', 'stripe.customer.created', null, '{"key": null, "kind": "created", "after": {"name": "No Email", "email": null, "business_name": null, "individual_name": null}, "created": "2026-03-01T12:00:00.000Z", "previous": null, "requestId": null, "externalId": "cus_uf9Ybzqx3EOe7W", "unreadable": []}', '0', 'waiting', null, null, '0', null, null, '2026-03-01 12:00:00+00', null),
  ('019ca945-0a00-76fa-9213-1bd7f51cf161', 'stripe', '12', '2', 'customer.updated', '2', null, '0', 'applied', null, '019ca945-0a00-75f9-b4e7-733b2407ad4e', '1', null, '019ca945-0a00-75c5-b4c4-726aadec03e3', '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00'),
  ('019ca945-0a00-78cf-b79a-8c02b59a102c', 'internal', '10', '2', 'stripe.customer.created', null, '{"key": "tb1:test.gqg0wvf2:019ca945-0a00-79c6-bed0-9065f7ebe8db", "kind": "created", "after": {"name": "Bo", "email": "bo@example.com", "business_name": null, "individual_name": null}, "created": "2026-03-01T12:00:00.000Z", "previous": null, "requestId": "req_OpKVuScOHGxx1p", "externalId": "cus_tpKrzTR7dYHzzI", "unreadable": []}', '0', 'echo', null, null, '1', null, null, '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00'),
  ('019ca945-0a00-7969-a143-a48b63e8743f', 'internal', '11', '1', 'stripe.customer.updated', null, '{"key": "tb1:test.gqg0wvf2:019ca945-0a00-7322-aa12-5dee2fd3e808", "kind": "updated", "after": {"name": "Ada King", "email": "Ada@example.com", "business_name": null, "individual_name": null}, "created": "2026-03-01T12:00:00.000Z", "previous": {"name": "Ada"}, "requestId": "req_nFLjPaj4KBQaSH", "externalId": "cus_AJv1k0zUYbffRV", "unreadable": []}', '0', 'echo', null, null, '1', null, null, '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00'),
  ('019ca945-0a00-7a10-9c8c-35dddb80530a', 'stripe', '14', '3', 'customer.deleted', '2', null, '0', 'applied', null, '019ca945-0a00-79ef-adb9-a3cb7a80d9b3', '1', null, '019ca945-0a00-7e5d-ba99-736ffcb1f87b', '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00'),
  ('019ca945-0a00-7a64-acfb-7577841f8e3a', 'stripe', '1', '1', 'customer.created', '1', null, '0', 'applied', null, '019ca945-0a00-736e-82fd-0e5cc02c72d0', '1', null, '019ca945-0a00-7d6c-9c98-e409aa515531', '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00'),
  ('019ca945-0a00-7c88-9661-d42f80232860', 'stripe', '18', '5', 'customer.created', '1', null, '0', 'queued', null, null, '1', '{"code": "stored_failure", "kind": "spent", "field": null, "status": 500, "message": "An unknown error occurred (scripted).", "request_id": "req_HlDC2lePvg08ij"}', null, '2026-03-01 12:00:00+00', null),
  ('019ca945-0a00-7d6c-9c98-e409aa515531', 'internal', '8', '1', 'stripe.customer.created', null, '{"key": "tb1:test.gqg0wvf2:019ca945-0a00-736e-82fd-0e5cc02c72d0", "kind": "created", "after": {"name": "Ada", "email": "Ada@example.com", "business_name": null, "individual_name": null}, "created": "2026-03-01T12:00:00.000Z", "previous": null, "requestId": "req_KXAm9B86d9CIbq", "externalId": "cus_AJv1k0zUYbffRV", "unreadable": []}', '0', 'echo', null, null, '1', null, null, '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00'),
  ('019ca945-0a00-7e5d-ba99-736ffcb1f87b', 'internal', '16', '3', 'stripe.customer.deleted', null, '{"key": null, "kind": "deleted", "after": null, "created": "2026-03-01T12:00:00.000Z", "previous": {"name": "Cy", "email": "cy@example.com"}, "requestId": "req_2hweNn0FHydcP3", "externalId": "cus_dAp4DdqnDoCmb9", "unreadable": []}', '0', 'echo', null, null, '0', null, null, '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00'),
  ('019ca945-0a00-7e97-8242-9048e6c637bd', 'stripe', '7', '1', 'customer.updated', '2', null, '0', 'applied', null, '019ca945-0a00-7322-aa12-5dee2fd3e808', '1', null, '019ca945-0a00-7969-a143-a48b63e8743f', '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00'),
  ('019ca945-0a00-7fa9-b96c-dd911895783b', 'stripe', '2', '2', 'customer.created', '1', null, '0', 'applied', null, '019ca945-0a00-79c6-bed0-9065f7ebe8db', '1', null, '019ca945-0a00-78cf-b79a-8c02b59a102c', '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00'),
  ('019ca945-0a00-7ff5-8e7b-3f9065d8c209', 'internal', '13', '2', 'stripe.customer.updated', null, '{"key": null, "kind": "updated", "after": {"name": "Bob", "email": "bo@example.com", "business_name": null, "individual_name": null}, "created": "2026-03-01T12:00:00.000Z", "previous": {"name": "Bo"}, "requestId": null, "externalId": "cus_tpKrzTR7dYHzzI", "unreadable": []}', '0', 'conflict', null, null, '1', null, null, '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00');

insert into sync_events (id, xid, event_id, event_type, entity_type, entity_id, entity_key, version, source, payload, context, created_at) values
  ('1', '760', '019ca945-0a00-7a64-acfb-7577841f8e3a', 'customer.created', 'customer', '1', 'customer:1', '1', 'internal', '{"customer_data": {"id": 1, "name": "Ada", "email": "Ada@example.com"}, "external_mappings": {}}', '{}', '2026-03-01 12:00:00+00'),
  ('10', '779', '019ca945-0a00-78cf-b79a-8c02b59a102c', 'stripe.customer.created', 'customer', null, 'stripe:acct_1TwinboxSimulator:cus_tpKrzTR7dYHzzI', null, 'stripe', '{"external": {"id": "cus_tpKrzTR7dYHzzI", "kind": "created", "mark": "019ca945-0a00-7fa9-b96c-dd911895783b", "after": {"name": "Bo", "email": "bo@example.com", "business_name": null, "individual_name": null}, "event": "evt_17AR9YaG3GUIkDMDtnXSRx4f", "system": "stripe", "account": "acct_1TwinboxSimulator", "created": "2026-03-01T12:00:00.000Z", "livemode": false, "previous": null, "request_id": "req_OpKVuScOHGxx1p", "unreadable": [], "idempotency_key": "tb1:test.gqg0wvf2:019ca945-0a00-79c6-bed0-9065f7ebe8db"}}', '{}', '2026-03-01 12:00:00+00'),
  ('11', '780', '019ca945-0a00-7969-a143-a48b63e8743f', 'stripe.customer.updated', 'customer', null, 'stripe:acct_1TwinboxSimulator:cus_AJv1k0zUYbffRV', null, 'stripe', '{"external": {"id": "cus_AJv1k0zUYbffRV", "kind": "updated", "mark": "019ca945-0a00-7a64-acfb-7577841f8e3a", "after": {"name": "Ada King", "email": "Ada@example.com", "business_name": null, "individual_name": null}, "event": "evt_zvNkrI7oo0ioXs9ICZMyNuks", "system": "stripe", "account": "acct_1TwinboxSimulator", "created": "2026-03-01T12:00:00.000Z", "livemode": false, "previous": {"name": "Ada"}, "request_id": "req_nFLjPaj4KBQaSH", "unreadable": [], "idempotency_key": "tb1:test.gqg0wvf2:019ca945-0a00-7322-aa12-5dee2fd3e808"}}', '{}', '2026-03-01 12:00:00+00'),
  ('12', '787', '019ca945-0a00-76fa-9213-1bd7f51cf161', 'customer.updated', 'customer', '2', 'customer:2', '2', 'internal', '{"customer_data": {"id": 2, "name": "Beau", "email": "bo@example.com"}, "external_mappings": {"stripe": "cus_tpKrzTR7dYHzzI"}}', '{}', '2026-03-01 12:00:00+00'),
  ('13', '788', '019ca945-0a00-7ff5-8e7b-3f9065d8c209', 'stripe.customer.updated', 'customer', null, 'stripe:acct_1TwinboxSimulator:cus_tpKrzTR7dYHzzI', null, 'stripe', '{"external": {"id": "cus_tpKrzTR7dYHzzI", "kind": "updated", "mark": "019ca945-0a00-7fa9-b96c-dd911895783b", "after": {"name": "Bob", "email": "bo@example.com", "business_name": null, "individual_name": null}, "event": "evt_UGOs8Mb1NMcBYqGHncDe9v8F", "system": "stripe", "account": "acct_1TwinboxSimulator", "created": "2026-03-01T12:00:00.000Z", "livemode": false, "previous": {"name": "Bo"}, "request_id": null, "unreadable": [], "idempotency_key": null}}', '{}', '2026-03-01 12:00:00+00'),
  ('14', '794', '019ca945-0a00-7a10-9c8c-35dddb80530a', 'customer.deleted', 'customer', '3', 'customer:3', '2', 'internal', '{"customer_data": {"id": 3, "name": "Cy", "email": "cy@example.com"}, "external_mappings": {"stripe": "cus_dAp4DdqnDoCmb9"}}', '{}', '2026-03-01 12:00:00+00'),
  ('15', '799', '019ca945-0a00-75c5-b4c4-726aadec03e3', 'stripe.customer.updated', 'customer', null, 'stripe:acct_1TwinboxSimulator:cus_tpKrzTR7dYHzzI', null, 'stripe', '{"external": {"id": "cus_tpKrzTR7dYHzzI", "kind": "updated", "mark": "019ca945-0a00-7fa9-b96c-dd911895783b", "after": {"name": "Beau", "email": "bo@example.com", "business_name": null, "individual_name": null}, "event": "evt_qGbJNzDlaHjjl0YOq3QZ73zH", "system": "stripe", "account": "acct_1TwinboxSimulator", "created": "2026-03-01T12:00:00.000Z", "livemode": false, "previous": {"name": "Bob"}, "request_id": "req_jLAivJ7IGH0EFZ", "unreadable": [], "idempotency_key": "tb1:test.gqg0wvf2:019ca945-0a00-75f9-b4e7-733b2407ad4e"}}', '{}', '2026-03-01 12:00:00+00'),
  ('16', '800', '019ca945-0a00-7e5d-ba99-736ffcb1f87b', 'stripe.customer.deleted', 'customer', null, 'stripe:acct_1TwinboxSimulator:cus_dAp4DdqnDoCmb9', null, 'stripe', '{"external": {"id": "cus_dAp4DdqnDoCmb9", "kind": "deleted", "mark": "019ca945-0a00-7126-8672-aac17973ef4c", "after": null, "event": "evt_sruvvt0LzwxYIk36NNGfUWhp", "system": "stripe", "account": "acct_1TwinboxSimulator", "created": "2026-03-01T12:00:00.000Z", "livemode": false, "previous": {"name": "Cy", "email": "cy@example.com"}, "request_id": "req_2hweNn0FHydcP3", "unreadable": [], "idempotency_key": null}}', '{}', '2026-03-01 12:00:00+00'),
  ('17', '805', '019ca945-0a00-760c-8dfb-52b2decc95bf', 'stripe.customer.created', 'customer', null, 'stripe:acct_1TwinboxSimulator:cus_uf9Ybzqx3EOe7W', null, 'stripe', '{"external": {"id": "cus_uf9Ybzqx3EOe7W", "kind": "created", "mark": null, "after": {"name": "No Email", "email": null, "business_name": null, "individual_name": null}, "event": "evt_rKjNFEqzkKf0lJVv2nu7EEEW", "system": "stripe", "account": "acct_1TwinboxSimulator", "created": "2026-03-01T12:00:00.000Z", "livemode": false, "previous": null, "request_id": null, "unreadable": [], "idempotency_key": null}}', '{}', '2026-03-01 12:00:00+00'),
  ('18', '810', '019ca945-0a00-7c88-9661-d42f80232860', 'customer.created', 'customer', '4', 'customer:4', '1', 'internal', '{"customer_data": {"id": 4, "name": "Di", "email": "di@example.com"}, "external_mappings": {}}', '{}', '2026-03-01 12:00:00+00'),
  ('2', '761', '019ca945-0a00-7fa9-b96c-dd911895783b', 'customer.created', 'customer', '2', 'customer:2', '1', 'internal', '{"customer_data": {"id": 2, "name": "Bo", "email": "bo@example.com"}, "external_mappings": {}}', '{}', '2026-03-01 12:00:00+00'),
  ('3', '762', '019ca945-0a00-7126-8672-aac17973ef4c', 'customer.created', 'customer', '3', 'customer:3', '1', 'internal', '{"customer_data": {"id": 3, "name": "Cy", "email": "cy@example.com"}, "external_mappings": {}}', '{}', '2026-03-01 12:00:00+00'),
  ('4', '769', '019ca945-0a00-7ee6-8f75-1301f005940a', 'customer.linked', 'customer', '1', 'customer:1', '1', 'stripe', '{"customer_data": {"id": 1, "name": "Ada", "email": "Ada@example.com"}, "external_mappings": {"stripe": "cus_AJv1k0zUYbffRV"}}', '{}', '2026-03-01 12:00:00+00'),
  ('5', '771', '019ca945-0a00-75d3-a6ef-e12cba844988', 'customer.linked', 'customer', '2', 'customer:2', '1', 'stripe', '{"customer_data": {"id": 2, "name": "Bo", "email": "bo@example.com"}, "external_mappings": {"stripe": "cus_tpKrzTR7dYHzzI"}}', '{}', '2026-03-01 12:00:00+00'),
  ('6', '770', '019ca945-0a00-79ae-820d-67b500bc4a39', 'customer.linked', 'customer', '3', 'customer:3', '1', 'stripe', '{"customer_data": {"id": 3, "name": "Cy", "email": "cy@example.com"}, "external_mappings": {"stripe": "cus_dAp4DdqnDoCmb9"}}', '{}', '2026-03-01 12:00:00+00'),
  ('7', '772', '019ca945-0a00-7e97-8242-9048e6c637bd', 'customer.updated', 'customer', '1', 'customer:1', '2', 'internal', '{"customer_data": {"id": 1, "name": "Ada King", "email": "Ada@example.com"}, "external_mappings": {"stripe": "cus_AJv1k0zUYbffRV"}}', '{}', '2026-03-01 12:00:00+00'),
  ('8', '777', '019ca945-0a00-7d6c-9c98-e409aa515531', 'stripe.customer.created', 'customer', null, 'stripe:acct_1TwinboxSimulator:cus_AJv1k0zUYbffRV', null, 'stripe', '{"external": {"id": "cus_AJv1k0zUYbffRV", "kind": "created", "mark": "019ca945-0a00-7a64-acfb-7577841f8e3a", "after": {"name": "Ada", "email": "Ada@example.com", "business_name": null, "individual_name": null}, "event": "evt_YEzpEwYNmIeftGHtCE12UFzX", "system": "stripe", "account": "acct_1TwinboxSimulator", "created": "2026-03-01T12:00:00.000Z", "livemode": false, "previous": null, "request_id": "req_KXAm9B86d9CIbq", "unreadable": [], "idempotency_key": "tb1:test.gqg0wvf2:019ca945-0a00-736e-82fd-0e5cc02c72d0"}}', '{}', '2026-03-01 12:00:00+00'),
  ('9', '778', '019ca945-0a00-707f-a7d3-75c22c942b37', 'stripe.customer.created', 'customer', null, 'stripe:acct_1TwinboxSimulator:cus_dAp4DdqnDoCmb9', null, 'stripe', '{"external": {"id": "cus_dAp4DdqnDoCmb9", "kind": "created", "mark": "019ca945-0a00-7126-8672-aac17973ef4c", "after": {"name": "Cy", "email": "cy@example.com", "business_name": null, "individual_name": null}, "event": "evt_bXT3jGsaC3pCqKrgD7cKAJGc", "system": "stripe", "account": "acct_1TwinboxSimulator", "created": "2026-03-01T12:00:00.000Z", "livemode": false, "previous": null, "request_id": "req_CxutM3SjHpxm2P", "unreadable": [], "idempotency_key": "tb1:test.gqg0wvf2:019ca945-0a00-7664-864c-e96db973c21b"}}', '{}', '2026-03-01 12:00:00+00');

insert into sync_intents (id, mapping_id, number, operation, key, body, fields, version, hop, first_sent_at, last_sent_at, closed_at, result, external_id, request_id, echo_event) values
  ('019ca945-0a00-7322-aa12-5dee2fd3e808', '1', '2', 'update', 'tb1:test.gqg0wvf2:019ca945-0a00-7322-aa12-5dee2fd3e808', '{"name": "Ada King"}', '{"name": {"ours": "Ada King", "seen": "Ada"}}', '2', '0', '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00', 'done', 'cus_AJv1k0zUYbffRV', 'req_nFLjPaj4KBQaSH', null),
  ('019ca945-0a00-736e-82fd-0e5cc02c72d0', '1', '1', 'create', 'tb1:test.gqg0wvf2:019ca945-0a00-736e-82fd-0e5cc02c72d0', '{"name": "Ada", "email": "Ada@example.com", "metadata": {"twinbox_gqg0wvf2": "019ca945-0a00-7a64-acfb-7577841f8e3a"}}', '{"name": {"ours": "Ada", "seen": null}, "email": {"ours": "Ada@example.com", "seen": null}}', '1', '0', '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00', 'done', 'cus_AJv1k0zUYbffRV', 'req_KXAm9B86d9CIbq', null),
  ('019ca945-0a00-75f9-b4e7-733b2407ad4e', '2', '2', 'update', 'tb1:test.gqg0wvf2:019ca945-0a00-75f9-b4e7-733b2407ad4e', '{"name": "Beau"}', '{"name": {"ours": "Beau", "seen": "Bob"}}', '2', '0', '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00', 'done', 'cus_tpKrzTR7dYHzzI', 'req_jLAivJ7IGH0EFZ', null),
  ('019ca945-0a00-7664-864c-e96db973c21b', '3', '1', 'create', 'tb1:test.gqg0wvf2:019ca945-0a00-7664-864c-e96db973c21b', '{"name": "Cy", "email": "cy@example.com", "metadata": {"twinbox_gqg0wvf2": "019ca945-0a00-7126-8672-aac17973ef4c"}}', '{"name": {"ours": "Cy", "seen": null}, "email": {"ours": "cy@example.com", "seen": null}}', '1', '0', '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00', 'done', 'cus_dAp4DdqnDoCmb9', 'req_CxutM3SjHpxm2P', null),
  ('019ca945-0a00-79c6-bed0-9065f7ebe8db', '2', '1', 'create', 'tb1:test.gqg0wvf2:019ca945-0a00-79c6-bed0-9065f7ebe8db', '{"name": "Bo", "email": "bo@example.com", "metadata": {"twinbox_gqg0wvf2": "019ca945-0a00-7fa9-b96c-dd911895783b"}}', '{"name": {"ours": "Bo", "seen": null}, "email": {"ours": "bo@example.com", "seen": null}}', '1', '0', '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00', 'done', 'cus_tpKrzTR7dYHzzI', 'req_OpKVuScOHGxx1p', null),
  ('019ca945-0a00-79ef-adb9-a3cb7a80d9b3', '3', '2', 'delete', 'tb1:test.gqg0wvf2:019ca945-0a00-79ef-adb9-a3cb7a80d9b3', '{}', '{"name": {"ours": null, "seen": "Cy"}, "email": {"ours": null, "seen": "cy@example.com"}}', '2', '0', '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00', 'done', 'cus_dAp4DdqnDoCmb9', 'req_2hweNn0FHydcP3', null);
select setval('public.schema_migrations_id_seq', 26);
select setval('public.schema_migrations_lock_index_seq', 1);
select setval('public.sync_event_ids', 18);
select setval('public.customers_id_seq', 4);
select setval('public.external_mappings_id_seq', 5);

set session_replication_role = origin;
set check_function_bodies = on;
