-- The schema after all migrations, written by `npm run schema:dump`. Do not edit: change db/migrations/.
set check_function_bodies = off;

create sequence relay_floor as bigint start 1 increment 1 minvalue 1 maxvalue 9223372036854775807 cache 1;

create sequence sync_event_ids as bigint start 1 increment 1 minvalue 1 maxvalue 9223372036854775807 cache 1;

CREATE OR REPLACE FUNCTION public.canonical_json(value jsonb)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
AS $function$
begin
  return case jsonb_typeof(value)
    when 'object' then '{' || coalesce((
      select string_agg(to_json(m.key)::text || ':' || canonical_json(m.value), ',' order by m.key collate "C") from jsonb_each(value) m), '') || '}'
    when 'array' then '[' || coalesce((
      select string_agg(canonical_json(i.value), ',' order by i.place) from jsonb_array_elements(value) with ordinality i(value, place)), '') || ']'
    else value::text
  end;
end
$function$;

CREATE OR REPLACE FUNCTION public.claim_idempotent_write(wanted bytea, since uuid)
 RETURNS json
 LANGUAGE plpgsql
AS $function$
begin
  if not pg_try_advisory_xact_lock(hashtextextended(encode(wanted, 'hex'), 0)) then
    return json_build_object('in_use', true);
  end if;
  return (
    select json_build_object('request', encode(w.request, 'hex'), 'answer', w.answer, 'written', w.written)
    from idempotent_writes w where w.scope = wanted and w.id > since order by w.id desc limit 1);
end
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
  if new *= old or record_image_eq(row(new.id, new.version, new.last_event_id, new.created_event_id, new.deleted_at, new."name", new."email"), row(old.id, old.version, old.last_event_id, old.created_event_id, old.deleted_at, old."name", old."email")) then
    return case when new *= old then null else new end;
  end if;
  if new.id <> old.id or new.version <> old.version + 1 or new.last_event_id <= old.last_event_id then
    raise exception 'customer %: a change must raise version from % to % and draw a new last_event_id', old.id, old.version, old.version + 1
      using errcode = 'TB001',
            hint = 'update customers set …, version = version + 1, last_event_id = next_sync_event_id() where id = …; '
                || 'then, in the same transaction: select write_event(''customer'', id). '
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
    if record_image_ne(row(new.deleted_at, new."name", new."email"), row(old.deleted_at, old."name", old."email")) then
      raise exception 'customer %: a trigger of the table changed name, email or deleted_at, and version % did not rise', new.id, new.version
        using errcode = 'TB006',
              hint = 'A change of other columns fired it. Let the trigger leave these alone, or let that change raise version and draw last_event_id.';
    end if;
    return null;
  end if;
  perform 1 from sync_events
    where id = new.last_event_id and entity_key = 'customer:' || new.id and version = new.version;
  if not found then
    raise exception 'customer %: version % was written without its event', new.id, new.version
      using errcode = 'TB002',
            hint = 'In the same transaction as the change: select write_event(''customer'', ' || new.id || ')';
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.demand_catalogue(started_with bigint, steps boolean)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE
AS $function$
begin
  if exists (select from catalogue_number where started_with < case when steps then steps_from else rows_from end) then
    raise exception 'the catalogue of this database has been changed since this process was started' using errcode = 'TB010';
  end if;
  return true;
end
$function$;

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

CREATE OR REPLACE FUNCTION public.entity_payload(of_type text, row_id bigint, row_fields jsonb)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
AS $function$
  select payload_of_row(of_type, row_id, row_fields, coalesce((
    select jsonb_object_agg(system, external_id) from external_mappings
    where entity_type = of_type and internal_id = row_id and role = 'primary' and external_id is not null and state <> 'detached'
      and reason is distinct from 'alias_lives'), '{}'))
$function$;

CREATE OR REPLACE FUNCTION public.entity_rows()
 RETURNS TABLE(entity_type text, id bigint, fields jsonb, identity text, version bigint, last_event_id bigint, created_event_id uuid, created_at timestamp with time zone, updated_at timestamp with time zone, deleted_at timestamp with time zone)
 LANGUAGE sql
 STABLE
AS $function$
  select 'customer'::text, r.id::bigint, jsonb_build_object('name', r."name"::text, 'email', r."email"::text), r."email"::text,
    r.version, r.last_event_id, r.created_event_id, r.created_at, r.updated_at, r.deleted_at
  from "customers" r
$function$;

CREATE OR REPLACE FUNCTION public.event_created_at(of_key text, of_version bigint)
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 STABLE
AS $function$
begin
  return (select e.created_at from sync_events e where e.entity_key = of_key and e.version = of_version limit 1);
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
    (select max(greatest(c.floor, c.pending_floor, c.last_id, c.restored_to, (select max(l.value::bigint) from jsonb_each_text(c.late_floors) l)))
     from relay_cursor c),
    (select max(first_id) - 1 from event_blocks))
$function$;

CREATE OR REPLACE FUNCTION public.next_sync_event_id()
 RETURNS bigint
 LANGUAGE sql
AS $function$
  select case
    when pg_current_xact_id() is not null and (pg_sequence_last_value('relay_floor') < nextval('sync_event_ids')) is not false
      then currval('sync_event_ids')
    else draw_above_relay_floor() end
$function$;

CREATE OR REPLACE FUNCTION public.operator_action_pairs_hash(entry bigint)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
  select encode(sha256(convert_to(coalesce(string_agg(
    p.mapping_id || ' ' || coalesce(p.event_id::text, '-') || chr(10), '' order by p.mapping_id, p.event_id nulls first), ''), 'UTF8')), 'hex')
  from operator_action_pairs p where p.action_id = entry
$function$;

CREATE OR REPLACE FUNCTION public.pairs_of_new_row(of_type text, row_id bigint, row_version bigint, row_updated_at timestamp with time zone)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
AS $function$
  select coalesce(jsonb_agg(jsonb_build_object('system', m.system, 'externalId', m.external_id, 'state', m.state, 'reason', m.reason,
      'pushedVersion', m.pushed_version, 'updatedAt', m.updated_at, 'behindSince', case when row_version <= m.pushed_version + 1 then row_updated_at
        else coalesce(event_created_at(of_type || ':' || row_id, m.pushed_version + 1), row_updated_at) end)
    order by m.id), '[]')
  from external_mappings m
  where m.entity_type = of_type and m.internal_id = row_id and m.role = 'primary'
$function$;

CREATE OR REPLACE FUNCTION public.payload_of_row(of_type text, row_id bigint, row_fields jsonb, external_ids jsonb)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
AS $function$
  select jsonb_build_object(of_type || '_data', jsonb_build_object('id', row_id) || row_fields, 'external_mappings', external_ids)
$function$;

CREATE OR REPLACE FUNCTION public.purge_customer(customer_id bigint)
 RETURNS void
 LANGUAGE sql
AS $function$
  select purge_row('customer', customer_id)
$function$;

CREATE OR REPLACE FUNCTION public.purge_row(of_type text, row_id bigint)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  if not exists (select from external_mappings where entity_type = of_type and internal_id = row_id)
     or exists (select from external_mappings where entity_type = of_type and internal_id = row_id
                and state not in ('tombstoned', 'detached', 'alias')) then
    raise exception '% % is still mapped: delete it first and let every system follow', of_type, row_id using errcode = 'TB003';
  end if;
  perform set_config('twinbox.purge', 'on', true);
  execute format('delete from %I where id = $1 and deleted_at is not null', table_of_entity(of_type)) using row_id;
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

CREATE OR REPLACE FUNCTION public.refuse_removal()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if coalesce(current_setting('twinbox.purge', true), '') = 'on' and tg_op = 'DELETE' then
    return old;
  end if;
  raise exception '% of % is refused: other systems would never learn of it', tg_op, tg_table_name
    using errcode = 'TB003',
          hint = 'Set deleted_at (with version + 1 and its event), or call purge_row(entity, id) once the tombstone is everywhere.';
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_removal_of_actions()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if exists (select from audit_checkpoints c where c.last_id >= (to_jsonb(old) ->> tg_argv[0])::bigint) then
    return old;
  end if;
  raise exception '% is append-only: % is refused', tg_table_name, tg_op using errcode = 'TB003';
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_turned_back_change(of_type text, row_id bigint)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
begin
  raise exception '% %: a trigger of the table put the old values back', of_type, row_id using errcode = 'TB009';
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
    update relay_cursor set xid = null where shard = new.shard;
    return null;
  end if;
  if new.xid is not null or old.xid is null then
    new.xid := pg_current_xact_id();
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION public.relay_shard(entity_key text, shards integer)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select case when shards = 1 then 0 else ((hashtextextended(entity_key collate "C", 0) & 2147483647) % shards)::integer end
$function$;

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
  select coalesce((c.late_floors ->> new.xid::text)::bigint, c.floor) into bound from relay_cursor c
  where c.shard = relay_shard(new.entity_key, c.shards);
  if new.id <= bound then
    raise exception 'the event id % is not above %, which the relay has passed: the event would never be delivered', new.id, bound
      using errcode = 'TB008', hint = 'Draw the id with next_sync_event_id(), in the transaction that writes the event.';
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION public.table_of_entity(of_type text)
 RETURNS text
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  named text;
begin
  select definition::jsonb ->> 'table' into named from attached_entities where name = of_type;
  if named is null then
    raise exception 'there is no entity %', of_type
      using errcode = 'TB004', hint = 'The entities are: ' || (select coalesce(string_agg(name, ', ' order by name), 'none') from attached_entities);
  end if;
  return named;
end $function$;

CREATE OR REPLACE FUNCTION public.version_after_restore()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  new.version := greatest(new.version, (select max(r.versions_from) from restores r where r.events_to >= old.last_event_id));
  return new;
end $function$;

CREATE OR REPLACE FUNCTION public.write_customer_event(customer_id bigint, source text DEFAULT 'sql'::text, context jsonb DEFAULT '{}'::jsonb)
 RETURNS uuid
 LANGUAGE sql
AS $function$
  select write_event('customer', customer_id, source, context)
$function$;

CREATE OR REPLACE FUNCTION public.write_event(of_type text, row_id bigint, source text DEFAULT 'sql'::text, context jsonb DEFAULT '{}'::jsonb)
 RETURNS uuid
 LANGUAGE plpgsql
AS $function$
declare
  named text := table_of_entity(of_type);
  r record;
  written xid;
  made uuid;
begin
  execute format('select id from %I where id = $1 for update', named) using row_id;
  execute format('select xmin from %I where id = $1', named) into written using row_id;
  if written is null then
    raise exception 'there is no % %', of_type, row_id using errcode = 'TB004';
  end if;
  select * into r from entity_rows() e where e.entity_type = of_type and e.id = row_id;
  -- The row's own transaction: an old version, whose event retention has taken, gets no second one.
  if not is_of_this_transaction(written) or exists (select from sync_events e where e.id = r.last_event_id) then
    raise exception '% %: version % has its event already', of_type, row_id, r.version
      using errcode = 'TB002', hint = 'Raise version and draw last_event_id = next_sync_event_id() first.';
  end if;
  made := case when r.version = 1 then r.created_event_id else new_event_id() end;
  insert into sync_events (id, event_id, event_type, entity_type, entity_id, entity_key, version, source, payload, context)
  values (r.last_event_id, made,
          of_type || case when r.deleted_at is not null then '.deleted' when r.version = 1 then '.created' else '.updated' end,
          of_type, row_id, of_type || ':' || row_id, r.version, source, entity_payload(of_type, row_id, r.fields), context);
  return made;
end $function$;

create table account_budgets (
  system text not null,
  account text not null,
  name text not null,
  quota double precision not null,
  used double precision not null,
  background_share double precision not null,
  resets_at timestamp with time zone,
  seen_at timestamp with time zone not null
);

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

create table api_key_secret (
  is_one boolean default true not null,
  secret bytea not null
);

create table api_keys (
  id text not null,
  name text not null,
  scope text not null,
  system text,
  hash bytea not null,
  hash_secret text not null,
  created_at timestamp with time zone not null,
  created_by text not null,
  expires_at timestamp with time zone,
  last_used_at timestamp with time zone,
  revoked_at timestamp with time zone,
  replaced_by text
);

create table attached_entities (
  name text not null,
  definition text not null
);

create table attached_mappings (
  system text not null,
  entity text not null,
  fields jsonb not null
);

create table audit_checkpoints (
  last_id bigint not null,
  first_id bigint not null,
  entries bigint not null,
  previous text not null,
  hash text not null,
  from_at timestamp with time zone not null,
  to_at timestamp with time zone not null,
  made_at timestamp with time zone not null
);

create table audit_head (
  only_one boolean default true not null,
  id bigint not null,
  hash text not null,
  entries bigint not null
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

create table catalogue_number (
  is_one boolean default true not null,
  number bigint not null,
  steps_from bigint not null,
  rows_from bigint not null
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

create table closed_pairs (
  mapping_id bigint not null,
  dirty bigint not null,
  because text,
  closed_at timestamp with time zone not null,
  actor text not null,
  reason text not null
);

create table comparisons (
  id uuid not null,
  system text not null,
  began_at timestamp with time zone not null,
  ended_at timestamp with time zone not null,
  actor text not null,
  agree bigint not null,
  findings jsonb not null,
  unknown_there bigint not null
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

create table existing_rows (
  system text not null,
  entity_type text not null,
  up_to bigint not null,
  placed_to bigint
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
  ending jsonb,
  made_record boolean default false not null,
  merged_into text,
  parts integer default 0 not null
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

create table health_samples (
  minute timestamp with time zone not null,
  figures jsonb not null,
  taken_by text not null,
  taken_at timestamp with time zone default clock_timestamp() not null
);

create table idempotent_writes (
  id uuid not null,
  scope bytea not null,
  request bytea not null,
  answer json not null,
  written json
) partition by RANGE (id);

create table import_runs (
  scope bytea not null,
  request bytea not null,
  rows_done bigint default 0 not null,
  digest bytea,
  counts jsonb default '{}'::jsonb not null,
  ended boolean default false not null,
  fence bigint default 1 not null,
  until timestamp with time zone not null,
  created_at timestamp with time zone not null
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

create table lane_pauses (
  system text not null,
  direction text not null,
  since timestamp with time zone not null,
  why text,
  paused_by text not null
);

create table leases (
  name text not null,
  owner text not null,
  until timestamp with time zone not null,
  fence bigint default 0 not null
);

create table link_plans (
  id uuid not null,
  system text not null,
  state text default 'waiting'::text not null,
  asked_by text not null,
  asked_at timestamp with time zone not null,
  attempts integer default 0 not null,
  read_count bigint default 0 not null,
  planned_at timestamp with time zone,
  hash text,
  rows_waiting bigint,
  rows_digest text,
  summary jsonb,
  plan json,
  failure jsonb,
  changed jsonb,
  run_by text,
  run_reason text,
  run_records text,
  run_at timestamp with time zone,
  rows_stored bigint default 0 not null,
  records_raised bigint default 0 not null,
  records_decided bigint default 0 not null,
  ended_at timestamp with time zone
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
  at timestamp with time zone not null,
  key text,
  before jsonb,
  after jsonb,
  pair_count integer default 0 not null,
  pairs_hash text not null,
  previous text not null,
  hash text not null
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
  ahead jsonb,
  shard smallint default 0 not null,
  shards smallint default 1 not null
) with (fillfactor=50);

create table replay_items (
  job_id bigint not null,
  place integer not null,
  mapping_id bigint not null,
  event_ids uuid[] not null,
  state text default 'queued'::text not null,
  dirty bigint,
  attempts integer,
  result text,
  raised_at timestamp with time zone,
  judged_at timestamp with time zone
);

create table replay_jobs (
  id bigint generated always as identity not null,
  plan_hash text not null,
  selection jsonb not null,
  state text default 'running'::text not null,
  why text,
  rate double precision not null,
  stop_share double precision not null,
  actor text not null,
  reason text,
  created_at timestamp with time zone not null,
  ended_at timestamp with time zone,
  paced_at timestamp with time zone not null,
  judged_before jsonb default '{"done": 0, "failed": 0}'::jsonb not null,
  pairs integer not null,
  deliveries integer not null,
  queued integer not null,
  raised integer default 0 not null,
  done integer default 0 not null,
  failed integer default 0 not null,
  skipped integer default 0 not null,
  cancelled integer default 0 not null
);

create table replay_plans (
  hash text not null,
  selection jsonb not null,
  made_at timestamp with time zone not null,
  counts jsonb not null,
  event_ids uuid[] not null,
  targets text[] not null,
  mapping_ids bigint[] not null,
  states bigint[] not null
);

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
  settings jsonb,
  version text
) with (fillfactor=50);

create table row_pauses (
  system text not null,
  entity_type text not null,
  row_id bigint not null,
  since timestamp with time zone not null,
  why text,
  paused_by text not null
);

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
  found_at timestamp with time zone,
  cursor text,
  lost_why text,
  losses bigint default 0 not null
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
  created_at timestamp with time zone not null,
  ours_from text,
  theirs_from text
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
  echo_event uuid,
  beside jsonb
) partition by RANGE (id);

create table system_credentials (
  system text not null,
  account text not null,
  sealed text,
  version bigint default 0 not null,
  begun bigint default 0 not null,
  renewing_until timestamp with time zone,
  not_before timestamp with time zone,
  cut_off_at timestamp with time zone,
  stored_at timestamp with time zone,
  expires_at timestamp with time zone,
  reconnect_by timestamp with time zone,
  refused_at timestamp with time zone,
  refused_why text
);

create table system_questions (
  id bigint generated always as identity not null,
  asked_as uuid not null,
  system text not null,
  entity_type text not null,
  row_id bigint not null,
  asked_by text not null,
  asked_at timestamp with time zone not null,
  begin_by timestamp with time zone not null,
  taken_by text,
  taken_until timestamp with time zone,
  answered_at timestamp with time zone,
  answer jsonb
);

create table taken_over_rows (
  entity_type text not null,
  up_to bigint not null
);

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

CREATE OR REPLACE FUNCTION public.operator_action_text(a operator_actions)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
  select canonical_json(jsonb_build_object(
    'id', a.id, 'at', to_char(a.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'action', a.action, 'system', a.system,
    'actor', a.actor, 'key', a.key, 'reason', a.reason, 'detail', a.detail, 'before', a.before, 'after', a.after,
    'pairs', jsonb_build_object('count', a.pair_count, 'sha256', a.pairs_hash), 'previous', a.previous))
$function$;

create table idempotent_writes_default partition of idempotent_writes default;
create table inbound_event_ids_default partition of inbound_event_ids default;
create table relay_batches_default partition of relay_batches default;
create table sync_attempts_default partition of sync_attempts default;
create table sync_deliveries_default partition of sync_deliveries default;
create table sync_events_default partition of sync_events default;
create table sync_intents_default partition of sync_intents default;

alter table account_budgets add constraint account_budgets_check CHECK (((quota > (0)::double precision) AND (used >= (0)::double precision) AND ((background_share >= (0)::double precision) AND (background_share <= (1)::double precision))));
alter table account_budgets add constraint account_budgets_pkey PRIMARY KEY (system, account, name);
alter table account_readings add constraint account_readings_pkey PRIMARY KEY (system, account, external_type);
alter table account_rests add constraint account_rests_check CHECK ((since < until));
alter table account_rests add constraint account_rests_pkey PRIMARY KEY (system, account);
alter table api_key_secret add constraint api_key_secret_is_one_check CHECK (is_one);
alter table api_key_secret add constraint api_key_secret_pkey PRIMARY KEY (is_one);
alter table api_key_secret add constraint api_key_secret_secret_check CHECK ((octet_length(secret) = 32));
alter table api_keys add constraint api_keys_check CHECK (((scope = 'ingest'::text) = (system IS NOT NULL)));
alter table api_keys add constraint api_keys_hash_check CHECK ((octet_length(hash) = 32));
alter table api_keys add constraint api_keys_id_check CHECK ((id ~ '^[0-9a-f]{12}$'::text));
alter table api_keys add constraint api_keys_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 64)));
alter table api_keys add constraint api_keys_pkey PRIMARY KEY (id);
alter table api_keys add constraint api_keys_scope_check CHECK ((scope = ANY (ARRAY['viewer'::text, 'editor'::text, 'operator'::text, 'admin'::text, 'ingest'::text])));
alter table attached_entities add constraint attached_entities_pkey PRIMARY KEY (name);
alter table attached_mappings add constraint attached_mappings_pkey PRIMARY KEY (system, entity);
alter table audit_checkpoints add constraint audit_checkpoints_pkey PRIMARY KEY (last_id);
alter table audit_head add constraint audit_head_only_one_check CHECK (only_one);
alter table audit_head add constraint audit_head_pkey PRIMARY KEY (only_one);
alter table breakers add constraint breakers_pkey PRIMARY KEY (system, account);
alter table catalogue_number add constraint catalogue_number_is_one_check CHECK (is_one);
alter table catalogue_number add constraint catalogue_number_pkey PRIMARY KEY (is_one);
alter table closed_deliveries add constraint closed_deliveries_pkey PRIMARY KEY (event_id, target);
alter table closed_pairs add constraint closed_pairs_pkey PRIMARY KEY (mapping_id);
alter table comparisons add constraint comparisons_agree_check CHECK ((agree >= 0));
alter table comparisons add constraint comparisons_pkey PRIMARY KEY (id);
alter table comparisons add constraint comparisons_unknown_there_check CHECK ((unknown_there >= 0));
alter table connections add constraint connections_check CHECK ((((account IS NULL) = (bound_at IS NULL)) AND ((account IS NULL) = (livemode IS NULL))));
alter table connections add constraint connections_pkey PRIMARY KEY (system);
alter table copy_accounts add constraint copy_accounts_check CHECK ((((allowed_at IS NULL) = (allowed_why IS NULL)) AND ((allowed_at IS NULL) = (allowed_by IS NULL))));
alter table copy_accounts add constraint copy_accounts_pkey PRIMARY KEY (system, account);
alter table customers add constraint customers_pkey PRIMARY KEY (id);
alter table database_place add constraint database_place_only_one_check CHECK (only_one);
alter table database_place add constraint database_place_pkey PRIMARY KEY (only_one);
alter table event_blocks add constraint event_blocks_pkey PRIMARY KEY (first_id);
alter table existing_rows add constraint existing_rows_check CHECK ((placed_to <= up_to));
alter table existing_rows add constraint existing_rows_pkey PRIMARY KEY (system, entity_type);
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
alter table health_samples add constraint health_samples_pkey PRIMARY KEY (minute);
alter table idempotent_writes add constraint idempotent_writes_pkey PRIMARY KEY (scope, id);
alter table import_runs add constraint import_runs_pkey PRIMARY KEY (scope);
alter table import_runs add constraint import_runs_rows_done_check CHECK ((rows_done >= 0));
alter table inbound_event_ids add constraint inbound_event_ids_pkey PRIMARY KEY (event_id);
alter table inbound_refusals add constraint inbound_refusals_pkey PRIMARY KEY (id);
alter table instance add constraint instance_id_check CHECK ((id ~ '^[a-z0-9]{8}$'::text));
alter table instance add constraint instance_only_one_check CHECK (only_one);
alter table instance add constraint instance_pkey PRIMARY KEY (only_one);
alter table lane_pauses add constraint lane_pauses_direction_check CHECK ((direction = ANY (ARRAY['outbound'::text, 'inbound'::text])));
alter table lane_pauses add constraint lane_pauses_pkey PRIMARY KEY (system, direction);
alter table leases add constraint leases_pkey PRIMARY KEY (name);
alter table link_plans add constraint link_plans_check CHECK (((plan IS NULL) = (planned_at IS NULL)));
alter table link_plans add constraint link_plans_check1 CHECK (((run_by IS NULL) = (run_at IS NULL)));
alter table link_plans add constraint link_plans_pkey PRIMARY KEY (id);
alter table link_plans add constraint link_plans_run_records_check CHECK ((run_records = ANY (ARRAY['wait'::text, 'import'::text, 'leave'::text])));
alter table link_plans add constraint link_plans_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'reading'::text, 'ready'::text, 'checking'::text, 'storing'::text, 'done'::text, 'stale'::text, 'failed'::text])));
alter table operator_action_pairs add constraint operator_action_pairs_action_id_mapping_id_event_id_key UNIQUE NULLS NOT DISTINCT (action_id, mapping_id, event_id);
alter table operator_actions add constraint operator_actions_action_check CHECK ((action ~ '^[a-z][a-z_]*$'::text));
alter table operator_actions add constraint operator_actions_pkey PRIMARY KEY (id);
alter table rate_buckets add constraint rate_buckets_pkey PRIMARY KEY (system, account, endpoint);
alter table rate_buckets add constraint rate_buckets_share_check CHECK (((share > (0)::double precision) AND (share <= (1)::double precision)));
alter table refused_records add constraint refused_records_pkey PRIMARY KEY (topic, reason);
alter table relay_cursor add constraint relay_cursor_check CHECK (((win IS NOT NULL) OR (last_id = 0)));
alter table relay_cursor add constraint relay_cursor_pkey PRIMARY KEY (shard);
alter table relay_cursor add constraint relay_cursor_shard_check CHECK (((shard >= 0) AND (shard < shards)));
alter table replay_items add constraint replay_items_pkey PRIMARY KEY (job_id, place);
alter table replay_items add constraint replay_items_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'raised'::text, 'done'::text, 'failed'::text, 'skipped'::text, 'cancelled'::text])));
alter table replay_jobs add constraint replay_jobs_cancelled_check CHECK ((cancelled >= 0));
alter table replay_jobs add constraint replay_jobs_check CHECK (((((((queued + raised) + done) + failed) + skipped) + cancelled) = pairs));
alter table replay_jobs add constraint replay_jobs_check1 CHECK (((ended_at IS NOT NULL) = (state = ANY (ARRAY['cancelled'::text, 'finished'::text]))));
alter table replay_jobs add constraint replay_jobs_deliveries_check CHECK ((deliveries >= 0));
alter table replay_jobs add constraint replay_jobs_done_check CHECK ((done >= 0));
alter table replay_jobs add constraint replay_jobs_failed_check CHECK ((failed >= 0));
alter table replay_jobs add constraint replay_jobs_pairs_check CHECK ((pairs > 0));
alter table replay_jobs add constraint replay_jobs_pkey PRIMARY KEY (id);
alter table replay_jobs add constraint replay_jobs_queued_check CHECK ((queued >= 0));
alter table replay_jobs add constraint replay_jobs_raised_check CHECK ((raised >= 0));
alter table replay_jobs add constraint replay_jobs_rate_check CHECK ((rate > (0)::double precision));
alter table replay_jobs add constraint replay_jobs_skipped_check CHECK ((skipped >= 0));
alter table replay_jobs add constraint replay_jobs_state_check CHECK ((state = ANY (ARRAY['running'::text, 'paused'::text, 'stopped'::text, 'cancelled'::text, 'finished'::text])));
alter table replay_jobs add constraint replay_jobs_stop_share_check CHECK (((stop_share >= (0)::double precision) AND (stop_share <= (1)::double precision)));
alter table replay_plans add constraint replay_plans_hash_check CHECK ((hash ~ '^[0-9a-f]{64}$'::text));
alter table replay_plans add constraint replay_plans_pkey PRIMARY KEY (hash);
alter table restores add constraint restores_kind_check CHECK ((kind = ANY (ARRAY['move'::text, 'fail_over'::text])));
alter table restores add constraint restores_pkey PRIMARY KEY (id);
alter table role_signs add constraint role_signs_pkey PRIMARY KEY (role, owner);
alter table role_signs add constraint role_signs_role_check CHECK ((role = ANY (ARRAY['api'::text, 'relay'::text, 'worker'::text, 'housekeeping'::text])));
alter table row_pauses add constraint row_pauses_pkey PRIMARY KEY (system, entity_type, row_id);
alter table sequence_moves add constraint sequence_moves_pkey PRIMARY KEY (id);
alter table skipped_items add constraint skipped_items_pkey PRIMARY KEY (loop, item);
alter table stoppages add constraint stoppages_pkey PRIMARY KEY (id);
alter table sweeps add constraint sweeps_check CHECK ((((problem IS NULL) = (problem_at IS NULL)) AND ((lost_from IS NULL) = (lost_to IS NULL))));
alter table sweeps add constraint sweeps_cursor_check CHECK ((cursor <> ''::text));
alter table sweeps add constraint sweeps_lost_why_check CHECK (((lost_why IS NULL) OR (lost_from IS NOT NULL)));
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
alter table system_credentials add constraint system_credentials_check CHECK ((version <= begun));
alter table system_credentials add constraint system_credentials_check1 CHECK (((refused_at IS NULL) = (refused_why IS NULL)));
alter table system_credentials add constraint system_credentials_pkey PRIMARY KEY (system, account);
alter table system_questions add constraint system_questions_asked_as_system_key UNIQUE (asked_as, system);
alter table system_questions add constraint system_questions_check CHECK (((taken_by IS NULL) = (taken_until IS NULL)));
alter table system_questions add constraint system_questions_check1 CHECK (((answered_at IS NULL) = (answer IS NULL)));
alter table system_questions add constraint system_questions_pkey PRIMARY KEY (id);
alter table taken_over_rows add constraint taken_over_rows_pkey PRIMARY KEY (entity_type);
alter table walk_positions add constraint walk_positions_pkey PRIMARY KEY (name);
alter table webhook_signs add constraint webhook_signs_check CHECK ((((refused = 0) = (refused_since IS NULL)) AND ((refused = 0) = (refused_at IS NULL))));
alter table webhook_signs add constraint webhook_signs_pkey PRIMARY KEY (system);
alter table api_keys add constraint api_keys_replaced_by_fkey FOREIGN KEY (replaced_by) REFERENCES api_keys(id);
alter table operator_action_pairs add constraint operator_action_pairs_action_id_fkey FOREIGN KEY (action_id) REFERENCES operator_actions(id);
alter table replay_items add constraint replay_items_job_id_fkey FOREIGN KEY (job_id) REFERENCES replay_jobs(id) ON DELETE CASCADE;

CREATE INDEX closed_deliveries_mapping ON public.closed_deliveries USING btree (mapping_id);
CREATE INDEX comparisons_newest ON public.comparisons USING btree (system, ended_at, id);
CREATE UNIQUE INDEX customers_created_event ON public.customers USING btree (created_event_id);
CREATE UNIQUE INDEX customers_email ON public.customers USING btree (lower((email COLLATE "C"))) WHERE (deleted_at IS NULL);
CREATE INDEX customers_updated_at ON public.customers USING btree (updated_at, id);
CREATE INDEX external_mappings_attention ON public.external_mappings USING btree (system, state) WHERE (state = ANY (ARRAY['waiting'::text, 'parked'::text]));
CREATE INDEX external_mappings_attention_rows ON public.external_mappings USING btree (entity_type, internal_id) WHERE ((state = ANY (ARRAY['waiting'::text, 'parked'::text])) AND (internal_id IS NOT NULL));
CREATE INDEX external_mappings_awaited ON public.external_mappings USING gin (((reason_detail -> 'records'::text))) WHERE ((state = 'waiting'::text) AND (reason = 'not_linked'::text));
CREATE INDEX external_mappings_by_internal ON public.external_mappings USING btree (entity_type, internal_id);
CREATE INDEX external_mappings_due ON public.external_mappings USING btree (system, account, (((external_id IS NULL))::integer), urgency, next_attempt_at) WHERE (dirty <> clean);
CREATE UNIQUE INDEX external_mappings_external ON public.external_mappings USING btree (system, account, external_type, external_id) WHERE (external_id IS NOT NULL);
CREATE INDEX external_mappings_failing ON public.external_mappings USING btree (system) WHERE ((last_error IS NOT NULL) AND (dirty <> clean));
CREATE INDEX external_mappings_intent_key ON public.external_mappings USING btree (((intent ->> 'key'::text))) WHERE (intent IS NOT NULL);
CREATE UNIQUE INDEX external_mappings_internal ON public.external_mappings USING btree (entity_type, internal_id, system, account, external_type) WHERE ((role = 'primary'::text) AND (internal_id IS NOT NULL) AND (state <> 'detached'::text));
CREATE INDEX external_mappings_let_go ON public.external_mappings USING btree (system, id) WHERE ((state = 'detached'::text) AND ((ending ->> 'kind'::text) = 'let_go'::text));
CREATE INDEX external_mappings_open_intent ON public.external_mappings USING btree (system) WHERE (intent IS NOT NULL);
CREATE INDEX external_records_identity ON public.external_records USING btree (system, account, external_type, identity) WHERE (identity IS NOT NULL);
CREATE INDEX import_runs_created_at ON public.import_runs USING btree (created_at);
CREATE INDEX inbound_refusals_created_at ON public.inbound_refusals USING btree (created_at);
CREATE INDEX inbound_refusals_event ON public.inbound_refusals USING btree (system, external_event_id) WHERE (external_event_id IS NOT NULL);
CREATE INDEX inbound_refusals_reason ON public.inbound_refusals USING btree (reason, id);
CREATE INDEX link_plans_asked_at ON public.link_plans USING btree (asked_at);
CREATE INDEX link_plans_open ON public.link_plans USING btree (system, asked_at) WHERE (state = ANY (ARRAY['waiting'::text, 'reading'::text, 'checking'::text, 'storing'::text]));
CREATE UNIQUE INDEX link_plans_unread ON public.link_plans USING btree (system) WHERE (state = ANY (ARRAY['waiting'::text, 'reading'::text]));
CREATE INDEX operator_action_pairs_event ON public.operator_action_pairs USING btree (event_id) WHERE (event_id IS NOT NULL);
CREATE INDEX operator_action_pairs_mapping ON public.operator_action_pairs USING btree (mapping_id);
CREATE INDEX operator_actions_action ON public.operator_actions USING btree (action, system, id);
CREATE INDEX operator_actions_actor ON public.operator_actions USING btree (actor, id);
CREATE INDEX relay_batches_ids ON ONLY public.relay_batches USING btree (first_id, last_id);
CREATE INDEX relay_batches_offsets ON ONLY public.relay_batches USING btree (topic, partition, first_offset);
CREATE INDEX replay_items_failed ON public.replay_items USING btree (job_id, place) WHERE (state = 'failed'::text);
CREATE UNIQUE INDEX replay_items_open ON public.replay_items USING btree (mapping_id) WHERE (state = ANY (ARRAY['queued'::text, 'raised'::text]));
CREATE INDEX replay_items_raised ON public.replay_items USING btree (job_id, place) WHERE (state = 'raised'::text);
CREATE INDEX replay_jobs_open ON public.replay_jobs USING btree (id) WHERE ((state = 'running'::text) OR (raised > 0));
CREATE INDEX replay_plans_made_at ON public.replay_plans USING btree (made_at);
CREATE INDEX sequence_moves_unlogged ON public.sequence_moves USING btree (moved_at) WHERE (logged_at IS NULL);
CREATE INDEX sequence_moves_walks ON public.sequence_moves USING btree (moved_at) WHERE (walked_to IS NOT NULL);
CREATE INDEX skipped_items_last ON public.skipped_items USING btree (last_at);
CREATE INDEX stoppages_ended ON public.stoppages USING btree (system, ended_at);
CREATE INDEX sync_attempts_mapping ON ONLY public.sync_attempts USING btree (mapping_id, id);
CREATE INDEX sync_attempts_request ON ONLY public.sync_attempts USING btree (request_id) WHERE (request_id IS NOT NULL);
CREATE INDEX sync_conflicts_entity ON public.sync_conflicts USING btree (entity_type, internal_id, id);
CREATE INDEX sync_conflicts_mapping ON public.sync_conflicts USING btree (mapping_id, id);
CREATE INDEX sync_deliveries_deletes_in ON ONLY public.sync_deliveries USING btree (event_id) WHERE ((event_type = 'customer.deleted'::text) AND (status = 'origin'::text));
CREATE INDEX sync_deliveries_failed ON ONLY public.sync_deliveries USING btree (((last_error ->> 'code'::text)), sync_event_id) WHERE (last_error IS NOT NULL);
CREATE INDEX sync_deliveries_intent ON ONLY public.sync_deliveries USING btree (intent_id) WHERE (intent_id IS NOT NULL);
CREATE INDEX sync_deliveries_mapping ON ONLY public.sync_deliveries USING btree (mapping_id, sync_event_id);
CREATE INDEX sync_deliveries_open ON ONLY public.sync_deliveries USING btree (mapping_id) WHERE (status = ANY (ARRAY['queued'::text, 'waiting'::text, 'parked'::text]));
CREATE INDEX sync_deliveries_settled ON ONLY public.sync_deliveries USING btree (settled_at) WHERE (settled_at IS NOT NULL);
CREATE INDEX sync_deliveries_state ON ONLY public.sync_deliveries USING btree (target, status, sync_event_id) WHERE (status <> 'queued'::text);
CREATE INDEX sync_events_entity ON ONLY public.sync_events USING btree (entity_key, id);
CREATE INDEX sync_events_event_id ON ONLY public.sync_events USING btree (event_id);
CREATE INDEX sync_events_external ON ONLY public.sync_events USING btree (((payload #>> '{external,event}'::text[]))) WHERE ((payload #>> '{external,event}'::text[]) IS NOT NULL);
CREATE INDEX sync_events_type ON ONLY public.sync_events USING btree (event_type, id);
CREATE INDEX sync_intents_deletes ON ONLY public.sync_intents USING btree (id) WHERE (operation = 'delete'::text);
CREATE INDEX sync_intents_mapping ON ONLY public.sync_intents USING btree (mapping_id, number);
CREATE INDEX system_questions_asked_at ON public.system_questions USING btree (asked_at);
CREATE INDEX system_questions_open ON public.system_questions USING btree (system, id) WHERE (answered_at IS NULL);

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
              WHERE ((c.shard = relay_shard(e.entity_key, (c.shards)::integer)) AND (pg_visible_in_snapshot(e.xid, c.seen) OR ((c.win IS NOT NULL) AND (e.id <= c.last_id) AND pg_visible_in_snapshot(e.xid, c.win)) OR (e.id <= LEAST(c.floor, ( SELECT min((l.value)::bigint) AS min
                       FROM jsonb_each_text(c.late_floors) l(key, value)))))))) THEN 'published'::text
            ELSE 'unpublished'::text
        END) AS status,
    d.settled_at AS processed_at
   FROM (sync_events e
     LEFT JOIN sync_deliveries d ON ((d.event_id = e.event_id)));

CREATE TRIGGER audit_checkpoints_append_only BEFORE DELETE OR UPDATE ON public.audit_checkpoints FOR EACH ROW EXECUTE FUNCTION refuse_change_of_actions();
CREATE TRIGGER audit_checkpoints_no_truncate BEFORE TRUNCATE ON public.audit_checkpoints FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_actions();
CREATE TRIGGER audit_head_kept BEFORE DELETE ON public.audit_head FOR EACH ROW EXECUTE FUNCTION refuse_change_of_actions();
CREATE TRIGGER audit_head_no_truncate BEFORE TRUNCATE ON public.audit_head FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_actions();
CREATE CONSTRAINT TRIGGER customers_event AFTER INSERT OR UPDATE ON public.customers DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION customers_demand_event();
CREATE TRIGGER customers_no_delete BEFORE DELETE ON public.customers FOR EACH ROW EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER customers_no_truncate BEFORE TRUNCATE ON public.customers FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER customers_version BEFORE INSERT OR UPDATE ON public.customers FOR EACH ROW EXECUTE FUNCTION customers_before_change();
CREATE TRIGGER customers_version_after_restore BEFORE UPDATE ON public.customers FOR EACH ROW WHEN ((new.version > old.version)) EXECUTE FUNCTION version_after_restore();
CREATE TRIGGER operator_action_pairs_append_only BEFORE UPDATE ON public.operator_action_pairs FOR EACH ROW EXECUTE FUNCTION refuse_change_of_actions();
CREATE TRIGGER operator_action_pairs_kept BEFORE DELETE ON public.operator_action_pairs FOR EACH ROW EXECUTE FUNCTION refuse_removal_of_actions('action_id');
CREATE TRIGGER operator_action_pairs_no_truncate BEFORE TRUNCATE ON public.operator_action_pairs FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_actions();
CREATE TRIGGER operator_actions_append_only BEFORE UPDATE ON public.operator_actions FOR EACH ROW EXECUTE FUNCTION refuse_change_of_actions();
CREATE TRIGGER operator_actions_kept BEFORE DELETE ON public.operator_actions FOR EACH ROW EXECUTE FUNCTION refuse_removal_of_actions('id');
CREATE TRIGGER operator_actions_no_truncate BEFORE TRUNCATE ON public.operator_actions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_actions();
CREATE TRIGGER relay_cursor_writer BEFORE UPDATE ON public.relay_cursor FOR EACH ROW EXECUTE FUNCTION relay_cursor_note_writer();
CREATE TRIGGER relay_cursor_written AFTER UPDATE ON public.relay_cursor FOR EACH ROW WHEN ((((new.xmin)::text)::bigint <> (((new.xid)::text)::bigint % '4294967296'::bigint))) EXECUTE FUNCTION relay_cursor_note_writer();
CREATE TRIGGER sync_events_above_floor AFTER INSERT ON public.sync_events FOR EACH ROW WHEN ((new.id <= pg_sequence_last_value('relay_floor'::regclass))) EXECUTE FUNCTION sync_events_above_floor();
CREATE TRIGGER sync_events_append_only BEFORE DELETE OR UPDATE ON public.sync_events FOR EACH ROW EXECUTE FUNCTION refuse_change_of_events();
CREATE TRIGGER sync_events_no_truncate BEFORE TRUNCATE ON public.sync_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_events();
