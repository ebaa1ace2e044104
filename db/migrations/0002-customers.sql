-- Customers. Every change of a row bumps its version by one and has its event; the database itself insists.

create table customers (
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
