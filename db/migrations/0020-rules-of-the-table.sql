-- The table customers may have rules and triggers of its owner. What they make of a row is what the row is; what they refuse is said by name.

-- Whether a row that this transaction sees and has locked was written by this very transaction, in whichever savepoint of it. A savepoint
-- has a transaction id of its own, given out after that of its transaction, and is in progress until the whole ends.
create function is_of_this_transaction(written xid) returns boolean language plpgsql as $$
declare
  own bigint := pg_current_xact_id()::text::bigint;
begin
  -- xmin has no epoch: it stands for the next id from ours on that ends like it. An older row stands for one that is long in use or not given out yet.
  return pg_xact_status((own + (written::text::bigint - own % 4294967296 + 4294967296) % 4294967296)::text::xid8) = 'in progress';
exception when invalid_parameter_value then
  return false;
end $$;

create or replace function write_customer_event(customer_id bigint, source text default 'sql', context jsonb default '{}')
returns uuid language plpgsql as $$
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
end $$;

-- Whether a row has changed is asked of its bytes and never of a collation: under one that is not deterministic 'ada' and 'ADA' are
-- equal, and a change of nothing else was dropped here.
create or replace function customers_before_change() returns trigger language plpgsql as $$
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
end $$;

create or replace function customers_demand_event() returns trigger language plpgsql set plan_cache_mode = 'force_generic_plan' as $$
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
end $$;

-- Unique rules of the table's owner. One that asks for nothing but the email, in another fold than ours, would refuse the email of a
-- deleted customer: it goes on among the living. The others stay as they are. Each is told to whoever migrates.
do $$
declare
  mine regclass := to_regclass('customers');
  rule record;
  definition text;
begin
  for rule in
    select i.indexrelid::regclass as index, x.relname as name, c.contype as kind, pg_get_expr(i.indpred, i.indrelid) as predicate, k.keys, (
        select array_agg(a.attname::text order by a.attnum) from pg_attribute a
        where a.attrelid = mine and a.attnum > 0 and not a.attisdropped
          and k.keys ~ ('\m' || regexp_replace(a.attname, '(\W)', '\\\1', 'g') || '\M')) as columns
    from pg_index i join pg_class x on x.oid = i.indexrelid
    left join pg_constraint c on c.conindid = i.indexrelid and c.conrelid = mine and c.contype in ('u', 'x')
    cross join lateral (
      select string_agg(pg_get_indexdef(i.indexrelid, n, false), ', ' order by n) as keys from generate_series(1, i.indnkeyatts) n) k
    where i.indrelid = mine and (i.indisunique or c.contype = 'x') and not i.indisprimary
      and x.relname not in ('customers_email', 'customers_created_event')
    order by x.relname
  loop
    if rule.kind is null and rule.columns = '{email}' and coalesce(rule.predicate, '') !~ '\mdeleted_at\M' then
      definition := pg_get_indexdef(rule.index::oid);
      if rule.predicate is not null then
        definition := left(definition, - length(' WHERE ' || rule.predicate));
      end if;
      execute format('drop index %s', rule.index);
      execute definition || ' where deleted_at is null' || coalesce(' and (' || rule.predicate || ')', '');
      raise notice 'The unique index % on (%) holds among living customers only from now on: the email of a deleted customer can be used again.',
        rule.name, rule.keys using errcode = 'TB007';
    elsif rule.columns && '{name,email}' then
      raise notice 'The % % on (%) stays%. What it refuses is refused by the API and by import with its name, and parked as row_refused when it comes from Stripe.',
        case rule.kind when 'u' then 'unique constraint' when 'x' then 'exclusion constraint' else 'unique index' end, rule.name, rule.keys,
        case when coalesce(rule.predicate, '') ~ '\mdeleted_at\M' then '' else ', and deleted customers count for it' end using errcode = 'TB007';
    end if;
  end loop;
end $$;
