-- Customers. Every change of a row bumps its version by one and has its event; the database itself insists.

-- A table of that name that is here already is taken over with its rows, its other columns and whatever refers to it
-- (docs/first-link.md). Everything that stands against it is said at once, before anything is changed.
do $$
declare
  mine regclass := to_regclass('customers');
  blanks constant text := E' \t\r\n\f\x0b';
  problems text[] := '{}';
  changes text[] := '{}';
  n bigint;
  odd boolean;
  named record;
begin
  if mine is null then
    return;
  end if;

  if (select relnamespace <> current_schema()::regnamespace from pg_class where oid = mine) then
    raise exception 'customers is there already, in the schema %, and the tables of Twinbox would be made in %',
      (select relnamespace::regnamespace from pg_class where oid = mine), current_schema()
      using errcode = 'TB005', hint = 'Let search_path name only one of the two. Nothing was changed.';
  end if;
  if (select relkind <> 'r' or relispartition from pg_class where oid = mine) or exists (select from pg_inherits where mine in (inhparent, inhrelid)) then
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
  for named in
    select attname as name from pg_attribute
    where attrelid = mine and not attisdropped and attgenerated <> '' and attname in ('id', 'name', 'email', 'created_at', 'updated_at', 'deleted_at')
    order by attnum
  loop
    problems := problems || format('its column %I is computed', named.name);
  end loop;
  for named in
    select c.conrelid::regclass as name from pg_constraint c
    where c.contype = 'f' and c.confrelid = mine
      and c.confkey = array(select attnum from pg_attribute where attrelid = mine and attname = 'email' and not attisdropped)
  loop
    problems := problems || format('the table %s refers to its email: let it refer to the id', named.name);
  end loop;
  if problems = '{}' then
    execute $q$select count(*) from customers where coalesce(btrim(name::text, $1), '') = '' collate "C" or coalesce(btrim(email::text, $1), '') = '' collate "C"$q$ into n using blanks;
    if n > 0 then
      problems := problems || format('%s rows have no name or no email', n);
    end if;
    execute 'select coalesce(sum(c), 0) from (select count(*) as c from customers group by lower(btrim(email::text, $1) collate "C") having count(*) > 1) twice' into n using blanks;
    if n > 0 then
      problems := problems || format('%s rows share their email with another one (A to Z count as equal in upper and lower case)', n);
    end if;
    if exists (select from pg_attribute where attrelid = mine and attname = 'deleted_at' and not attisdropped) then
      execute 'select count(*) from customers where deleted_at is not null' into n;
      if n > 0 then
        problems := problems || format('%s rows are marked deleted: move them elsewhere first', n);
      end if;
    end if;

    -- A column is changed only where it has to be: Postgres changes none that a view, a policy or a trigger looks at.
    for named in
      select a.attnum as number, a.attname as name, w.type, t.typname::text <> w.typname as other, t.typname as of,
             case when a.attcollation <> t.typcollation then format(' collate %s', a.attcollation::regcollation) else '' end as collated
      from (values ('id', 'bigint', 'int8'), ('name', 'text', 'text'), ('email', 'text', 'text'),
                   ('created_at', 'timestamptz', 'timestamptz'), ('updated_at', 'timestamptz', 'timestamptz'), ('deleted_at', 'timestamptz', 'timestamptz')) w(name, type, typname)
      join pg_attribute a on a.attrelid = mine and a.attname = w.name and not a.attisdropped join pg_type t on t.oid = a.atttypid
    loop
      odd := false;
      if named.type = 'text' then
        execute format('select exists (select from customers where %1$I::text <> btrim(%1$I::text, $1) collate "C")', named.name) into odd using blanks;
      elsif named.name in ('created_at', 'updated_at') then
        if named.of in ('date', 'timestamp') then
          execute format($q$select count(*) from customers where isfinite(%1$I) and %1$I not between '4713-01-01 BC' and '294276-12-30'$q$, named.name) into n;
          if n > 0 then
            problems := problems || format('%s rows have a time in its column %I that is too early or too late for a timestamptz', n, named.name);
          end if;
        end if;
        execute format('select exists (select from customers where %I is null)', named.name) into odd;
      end if;
      if not (named.other or odd) then
        continue;
      end if;
      changes := changes || case
        when named.type = 'text' then format('alter column %1$I type text%3$s using btrim(%1$I::text, %2$L)', named.name, blanks, named.collated)
        when named.name in ('created_at', 'updated_at') then format('alter column %1$I drop default, alter column %1$I type timestamptz using coalesce(%1$I::timestamptz, now())', named.name)
        else format('alter column %I type %s', named.name, named.type) end;
      problems := problems || array(
        select distinct format('the %s looks at its column %I, which has to become %s: drop it, and make it again afterwards',
          coalesce(pg_describe_object('pg_class'::regclass, r.ev_class, 0), pg_describe_object(d.classid, d.objid, 0)), named.name,
          named.type || case when odd and not named.other and named.type = 'text' then ' without blanks around it' when odd then ' and never null' else '' end)
        from pg_depend d left join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
        left join pg_attrdef v on d.classid = 'pg_attrdef'::regclass and v.oid = d.objid
        where d.refclassid = 'pg_class'::regclass and d.refobjid = mine and d.refobjsubid = named.number
          and (d.classid in ('pg_rewrite'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_proc'::regclass, 'pg_publication_rel'::regclass)
               or v.adrelid = mine and v.adnum <> named.number));
    end loop;
  end if;
  if problems <> '{}' then
    raise exception 'the table customers that is here already cannot be taken over: %', array_to_string(problems, '; ')
      using errcode = 'TB005', hint = 'Mend that, or rename the table, and run it again. Nothing was changed.';
  end if;

  -- Emails are unique among the living only, whatever the case of A to Z; a stricter rule would refuse the email of a deleted customer.
  for named in
    select i.indexrelid::regclass as index, c.conname as name
    from pg_index i left join pg_constraint c on c.conindid = i.indexrelid and c.contype = 'u'
    where i.indrelid = mine and i.indisunique and not i.indisprimary and i.indnkeyatts = 1
      and pg_get_indexdef(i.indexrelid, 1, false) in ('email', 'lower(email)', 'lower((email)::text)', 'lower((email COLLATE "C"))', 'lower(((email)::text COLLATE "C"))')
  loop
    if named.name is not null then
      execute format('alter table customers drop constraint %I', named.name);
    else
      execute format('drop index %s', named.index);
    end if;
    raise notice 'The unique rule % on the email makes way for one that holds among living customers, whatever the case of the email.',
      coalesce(named.name::text, named.index::text) using errcode = 'TB007';
  end loop;
  for named in
    select c.oid::regclass as index, c.relname as name from pg_index i join pg_class c on c.oid = i.indexrelid
    where i.indrelid = mine and c.relname in ('customers_email', 'customers_created_event', 'customers_updated_at')
  loop
    execute format('alter index %s rename to %I', named.index, named.name || '_before');
  end loop;

  -- One rewrite, and no update: the table's own triggers have nothing to do with this, and would set times or be due later.
  changes := changes || '{add column if not exists created_at timestamptz default now(), add column if not exists updated_at timestamptz default now(),
    add column if not exists deleted_at timestamptz, add column version bigint not null default 1,
    add column last_event_id bigint not null default next_sync_event_id(), add column created_event_id uuid not null default new_event_id()}'::text[];
  execute 'alter table customers ' || array_to_string(changes, ', ');
  execute 'alter table customers alter column last_event_id drop default, alter column created_event_id drop default,
    alter column created_at set default now(), alter column updated_at set default now(),
    alter column name set not null, alter column email set not null, alter column created_at set not null, alter column updated_at set not null';
  if not exists (select from pg_attribute where attrelid = mine and attname = 'id' and (atthasdef or attidentity <> '')) then
    execute 'alter table customers alter column id add generated always as identity';
    execute $q$select setval(pg_get_serial_sequence('customers', 'id'), coalesce(max(id), 1), max(id) is not null) from customers$q$;
  elsif pg_get_serial_sequence('customers', 'id') is not null then
    execute format('alter sequence %s as bigint', pg_get_serial_sequence('customers', 'id'));
  end if;
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

create unique index customers_email on customers (lower(email collate "C")) where deleted_at is null;
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
  if new *= old then
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
