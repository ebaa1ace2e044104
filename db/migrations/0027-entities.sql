-- The tables whose rows are kept in step are named by the catalogue, and any table may be one of them (docs/decisions/0068-entities.md).

-- A database of before has the table customers and functions that name it: db/entities/ makes them anew.
drop function if exists customers_before_change, customers_demand_event, customers_refuse_removal, customers_version_after_restore,
  customer_payload, purge_customer, write_customer_event, refuse_turned_back_change cascade;

-- What each table is watched by: the definition that its columns, triggers and functions were made from.
create table attached_entities (
  name       text primary key,
  definition text not null
);

-- Which fields of theirs a system's pairs were merged with: by the name of our field, the name of theirs.
create table attached_mappings (
  system text  not null,
  entity text  not null,
  fields jsonb not null,
  primary key (system, entity)
);

-- Whoever may change a row by hand reads it, by write_event.
grant select on attached_entities to public;

-- The part of an event about the row: its fields, and its counterparts. A record that was deleted there is none any more, also while
-- a person decides whether the row goes too.
create function entity_payload(of_type text, row_id bigint, row_fields jsonb) returns jsonb language sql stable as $$
  select jsonb_build_object(
    of_type || '_data', jsonb_build_object('id', row_id) || row_fields,
    'external_mappings', coalesce((
      select jsonb_object_agg(system, external_id) from external_mappings
      where entity_type = of_type and internal_id = row_id and role = 'primary' and external_id is not null and state <> 'detached'
        and reason is distinct from 'alias_lives'), '{}'))
$$;

create function table_of_entity(of_type text) returns text language plpgsql stable as $$
declare
  named text;
begin
  select definition::jsonb ->> 'table' into named from attached_entities where name = of_type;
  if named is null then
    raise exception 'there is no entity %', of_type
      using errcode = 'TB004', hint = 'The entities are: ' || (select coalesce(string_agg(name, ', ' order by name), 'none') from attached_entities);
  end if;
  return named;
end $$;

-- Writes the event that the row's present version still lacks, for a change made by hand. Returns the event_id.
create function write_event(of_type text, row_id bigint, source text default 'sql', context jsonb default '{}')
returns uuid language plpgsql as $$
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
end $$;

create function write_customer_event(customer_id bigint, source text default 'sql', context jsonb default '{}')
returns uuid language sql as $$
  select write_event('customer', customer_id, source, context)
$$;

-- Removes a row that every system has let go. Refuses while any has not, or has not received its events yet.
create function purge_row(of_type text, row_id bigint) returns void language plpgsql as $$
begin
  if not exists (select from external_mappings where entity_type = of_type and internal_id = row_id)
     or exists (select from external_mappings where entity_type = of_type and internal_id = row_id
                and state not in ('tombstoned', 'detached', 'alias')) then
    raise exception '% % is still mapped: delete it first and let every system follow', of_type, row_id using errcode = 'TB003';
  end if;
  perform set_config('twinbox.purge', 'on', true);
  execute format('delete from %I where id = $1 and deleted_at is not null', table_of_entity(of_type)) using row_id;
  perform set_config('twinbox.purge', 'off', true);
end $$;

create function purge_customer(customer_id bigint) returns void language sql as $$
  select purge_row('customer', customer_id)
$$;

create function refuse_removal() returns trigger language plpgsql as $$
begin
  if coalesce(current_setting('twinbox.purge', true), '') = 'on' and tg_op = 'DELETE' then
    return old;
  end if;
  raise exception '% of % is refused: other systems would never learn of it', tg_op, tg_table_name
    using errcode = 'TB003',
          hint = 'Set deleted_at (with version + 1 and its event), or call purge_row(entity, id) once the tombstone is everywhere.';
end $$;

-- A row that has not changed since a restore may have had higher versions, which others saw and this database has not: its next
-- version is above all of them. Whoever writes "version + 1" need not know.
create function version_after_restore() returns trigger language plpgsql as $$
begin
  new.version := greatest(new.version, (select max(r.versions_from) from restores r where r.events_to >= old.last_event_id));
  return new;
end $$;

-- A trigger of the table's owner may put the old values back into a row that is being changed or deleted. Then nothing has happened to
-- the row, so it gets no new version and no event, and whoever asked for the change is told (db/entities/rows.ts).
create function refuse_turned_back_change(of_type text, row_id bigint) returns boolean language plpgsql as $$
begin
  raise exception '% %: a trigger of the table put the old values back', of_type, row_id using errcode = 'TB009';
end $$;

-- Which value the record lacks is a detail, since any field may be one that a row always has.
update external_mappings
set reason_detail = jsonb_build_object('field', case reason when 'no_email' then 'email' else 'name' end), reason = 'lacks_field'
where reason in ('no_email', 'no_name');
