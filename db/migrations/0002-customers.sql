-- Customers. Every change of a row bumps its version by one and has its event; the database itself insists.

-- A table of that name that is here already is taken over with its rows, its other columns and whatever refers to it
-- (docs/first-link.md). Everything that stands against it is said at once, before anything is changed.
do $$
declare
  mine regclass := to_regclass('customers');
  problems text[] := '{}';
  n bigint;
  named record;
begin
  if mine is null then
    return;
  end if;

  if (select relkind <> 'r' from pg_class where oid = mine) then
    raise exception 'customers is there already, and is no plain table' using errcode = 'TB005', hint = 'Rename it, or give Twinbox a database or schema of its own.';
  end if;
  for named in
    select w.name, w.kinds from (values ('id', '{int2,int4,int8}'::text[]), ('name', '{text,varchar,bpchar,citext}'), ('email', '{text,varchar,bpchar,citext}')) w(name, kinds)
    where not exists (select from pg_attribute a join pg_type t on t.oid = a.atttypid
                      where a.attrelid = mine and a.attname = w.name and not a.attisdropped and t.typname = any (w.kinds))
  loop
    problems := problems || format('it has no column %s of one of the types %s', named.name, array_to_string(named.kinds, ', '));
  end loop;
  if not exists (select from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attname = 'id'
                 where c.conrelid = mine and c.contype = 'p' and c.conkey = array[a.attnum]) then
    problems := problems || 'its primary key is not the column id'::text;
  end if;
  for named in
    select attname as name from pg_attribute
    where attrelid = mine and attnum > 0 and not attisdropped
      and (attname in ('version', 'last_event_id', 'created_event_id')
           or attnotnull and not atthasdef and attidentity = '' and attname not in ('id', 'name', 'email', 'created_at', 'updated_at', 'deleted_at'))
    order by attnum
  loop
    problems := problems || case when named.name in ('version', 'last_event_id', 'created_event_id')
      then format('its column %I has a name that Twinbox needs: rename it', named.name)
      else format('its column %I is not null and has no default, so Twinbox could not add a customer', named.name) end;
  end loop;
  for named in
    select a.attname as name from pg_attribute a join pg_type t on t.oid = a.atttypid
    where a.attrelid = mine and not a.attisdropped and a.attname in ('created_at', 'updated_at', 'deleted_at') and t.typname not in ('timestamptz', 'timestamp', 'date')
  loop
    problems := problems || format('its column %I holds no time', named.name);
  end loop;
  if problems = '{}' then
    execute $q$select count(*) from customers where coalesce(btrim(name::text), '') = '' or coalesce(btrim(email::text), '') = ''$q$ into n;
    if n > 0 then
      problems := problems || format('%s rows have no name or no email', n);
    end if;
    execute 'select coalesce(sum(c), 0) from (select count(*) as c from customers group by lower(btrim(email::text)) having count(*) > 1) twice' into n;
    if n > 0 then
      problems := problems || format('%s rows share their email with another one (upper and lower case count as equal)', n);
    end if;
    if exists (select from pg_attribute where attrelid = mine and attname = 'deleted_at' and not attisdropped) then
      execute 'select count(*) from customers where deleted_at is not null' into n;
      if n > 0 then
        problems := problems || format('%s rows are marked deleted: move them elsewhere first', n);
      end if;
    end if;
  end if;
  if problems <> '{}' then
    raise exception 'the table customers that is here already cannot be taken over: %', array_to_string(problems, '; ')
      using errcode = 'TB005', hint = 'Mend that, or rename the table, and run it again. Nothing was changed.';
  end if;

  -- Emails are unique among the living only, whatever their case; a stricter rule would refuse the email of a deleted customer.
  for named in
    select i.indexrelid::regclass as index, c.conname as name
    from pg_index i left join pg_constraint c on c.conindid = i.indexrelid and c.contype = 'u'
    where i.indrelid = mine and i.indisunique and not i.indisprimary and i.indnkeyatts = 1
      and pg_get_indexdef(i.indexrelid, 1, false) in ('email', 'lower(email)', 'lower((email)::text)')
  loop
    if named.name is not null then
      execute format('alter table customers drop constraint %I', named.name);
    else
      execute format('drop index %s', named.index);
    end if;
  end loop;
  for named in
    select c.oid::regclass as index, c.relname as name from pg_index i join pg_class c on c.oid = i.indexrelid
    where i.indrelid = mine and c.relname in ('customers_email', 'customers_created_event', 'customers_updated_at')
  loop
    execute format('alter index %s rename to %I', named.index, named.name || '_before');
  end loop;

  execute 'alter table customers alter column id type bigint, alter column name type text using btrim(name::text), alter column email type text using btrim(email::text)';
  execute 'alter table customers alter column name set not null, alter column email set not null';
  if not exists (select from pg_attribute where attrelid = mine and attname = 'id' and (atthasdef or attidentity <> '')) then
    execute 'alter table customers alter column id add generated always as identity';
    execute $q$select setval(pg_get_serial_sequence('customers', 'id'), coalesce(max(id), 1), max(id) is not null) from customers$q$;
  elsif pg_get_serial_sequence('customers', 'id') is not null then
    execute format('alter sequence %s as bigint', pg_get_serial_sequence('customers', 'id'));
  end if;
  execute 'alter table customers add column if not exists created_at timestamptz, add column if not exists updated_at timestamptz, add column if not exists deleted_at timestamptz';
  execute 'alter table customers alter column created_at type timestamptz, alter column updated_at type timestamptz, alter column deleted_at type timestamptz';
  execute 'alter table customers alter column created_at set default now(), alter column updated_at set default now()';
  execute 'alter table customers add column version bigint not null default 1, add column last_event_id bigint, add column created_event_id uuid';
  execute 'update customers set created_at = coalesce(created_at, now()), updated_at = coalesce(updated_at, now()), last_event_id = next_sync_event_id(), created_event_id = new_event_id()';
  execute 'alter table customers alter column created_at set not null, alter column updated_at set not null, alter column last_event_id set not null, alter column created_event_id set not null';
  execute $sql$
    insert into sync_events (id, event_id, event_type, entity_type, entity_id, entity_key, version, source, payload)
    select last_event_id, created_event_id, 'customer.created', 'customer', id, 'customer:' || id, 1, 'sql',
           jsonb_build_object('customer_data', jsonb_build_object('id', id, 'name', name, 'email', email), 'external_mappings', '{}'::jsonb)
    from customers order by id $sql$;
end $$;

create table if not exists customers (
  id               bigint      generated always as identity primary key,
  name             text        not null,
  email            text        not null,
  version          bigint      not null default 1,
  last_event_id    bigint      not null,           -- sync_events.id of the event of this version
  created_event_id uuid        not null,           -- the mark we leave at external systems names it; it outlives the event's retention
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now(),
  deleted_at       timestamptz                     -- a tombstone; the row stays until every system has the delete
);

create unique index customers_email on customers (lower(email)) where deleted_at is null;
create unique index customers_created_event on customers (created_event_id);
create index customers_updated_at on customers (updated_at, id);

create function customers_before_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    if new.version <> 1 then
      raise exception 'a new customer has version 1, not %', new.version using errcode = 'TB001';
    end if;
    return new;
  end if;
  if new is not distinct from old then
    return null;
  end if;
  if new.id <> old.id or new.version <> old.version + 1 or new.last_event_id <= old.last_event_id then
    raise exception 'customer %: a change must raise version from % to % and draw a new last_event_id', old.id, old.version, old.version + 1
      using errcode = 'TB001',
            hint = 'update customers set …, version = version + 1, last_event_id = next_sync_event_id() where id = …; '
                || 'then, in the same transaction: select write_customer_event(id)';
  end if;
  if old.deleted_at is not null and new.deleted_at is null then
    raise exception 'customer % is deleted and stays so: other systems have let it go for good', old.id
      using errcode = 'TB001', hint = 'Create a new customer.';
  end if;
  return new;
end $$;

create trigger customers_version before insert or update on customers
  for each row execute function customers_before_change();

create function customers_demand_event() returns trigger language plpgsql as $$
begin
  perform 1 from sync_events
    where id = new.last_event_id and entity_key = 'customer:' || new.id and version = new.version;
  if not found then
    raise exception 'customer %: version % was written without its event', new.id, new.version
      using errcode = 'TB002',
            hint = 'In the same transaction as the change: select write_customer_event(' || new.id || ')';
  end if;
  return null;
end $$;

create constraint trigger customers_event after insert or update on customers
  deferrable initially deferred for each row execute function customers_demand_event();

create function customers_refuse_removal() returns trigger language plpgsql as $$
begin
  if coalesce(current_setting('twinbox.purge', true), '') = 'on' and tg_op = 'DELETE' then
    return old;
  end if;
  raise exception '% of customers is refused: other systems would never hear of it', tg_op
    using errcode = 'TB003',
          hint = 'Set deleted_at (with version + 1 and its event), or call purge_customer(id) once the tombstone is everywhere.';
end $$;

create trigger customers_no_delete before delete on customers
  for each row execute function customers_refuse_removal();
create trigger customers_no_truncate before truncate on customers
  for each statement execute function customers_refuse_removal();

-- Writes the event that the row's present version still lacks, for a change made by hand. Returns the event_id.
create function write_customer_event(customer_id bigint, source text default 'sql', context jsonb default '{}')
returns uuid language plpgsql as $$
declare
  c customers%rowtype;
  made uuid;
  ours boolean;
begin
  select * into c from customers where id = customer_id for update;
  -- The row's own transaction: an old version, whose event retention has taken, gets no second one.
  select xmin::text::bigint = pg_current_xact_id()::text::bigint % 4294967296 into ours from customers where id = customer_id;
  if not found then
    raise exception 'there is no customer %', customer_id using errcode = 'TB004';
  end if;
  if not ours or exists (select from sync_events e where e.id = c.last_event_id) then
    raise exception 'customer %: version % has its event already', customer_id, c.version
      using errcode = 'TB002', hint = 'Raise version and draw last_event_id = next_sync_event_id() first.';
  end if;
  made := case when c.version = 1 then c.created_event_id else new_event_id() end;
  insert into sync_events (id, event_id, event_type, entity_type, entity_id, entity_key, version, source, payload, context)
  values (c.last_event_id, made,
          case when c.deleted_at is not null then 'customer.deleted' when c.version = 1 then 'customer.created' else 'customer.updated' end,
          'customer', c.id, 'customer:' || c.id, c.version, source, customer_payload(c.id, c.name, c.email), context);
  return made;
end $$;
