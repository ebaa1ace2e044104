-- What the inward delete fuse counts: our tombstones that are their deletions.
create index sync_deliveries_deletes_in on sync_deliveries (event_id) where event_type = 'customer.deleted' and status = 'origin';

-- A table that was taken over may have columns of others: whoever changes only those is none of our business.
create or replace function customers_before_change() returns trigger language plpgsql as $$
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
  if (new.id, new.name, new.email, new.version, new.last_event_id, new.created_event_id, new.deleted_at)
     is not distinct from (old.id, old.name, old.email, old.version, old.last_event_id, old.created_event_id, old.deleted_at) then
    return new;
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

create or replace function customers_demand_event() returns trigger language plpgsql set plan_cache_mode = 'force_generic_plan' as $$
begin
  if tg_op = 'UPDATE' and new.version = old.version then
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
