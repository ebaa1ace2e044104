-- The relay divided into shards by the entity's key (docs/decisions/0103-relay-shards.md): one cursor, lease and fence for each.

-- One row for each shard. "shards" is the same in all of them, and there are as many rows as it says. Processes of the version
-- before read only_one, and find the lease "relay" taken for ever while there is more than one shard.
alter table relay_cursor
  drop constraint relay_cursor_pkey,
  drop constraint relay_cursor_only_one_check,
  add column shard  smallint not null default 0,
  add column shards smallint not null default 1,
  add constraint relay_cursor_pkey primary key (shard),
  add constraint relay_cursor_shard_check check (shard >= 0 and shard < shards);

-- Which shard publishes the events of an entity. PostgreSQL divides its own tables by this hash, so it stays the same within a
-- major version; another one is another cluster, where the cursors are made anew by id (db/relay/restore.ts).
create function relay_shard(entity_key text, shards integer) returns integer language sql immutable parallel safe as $$
  select case when shards = 1 then 0 else ((hashtextextended(entity_key collate "C", 0) & 2147483647) % shards)::integer end
$$;

-- SQL by hand on one row says nothing about the others.
create or replace function relay_cursor_note_writer() returns trigger language plpgsql as $$
begin
  if tg_when = 'AFTER' then
    update relay_cursor set xid = null where shard = new.shard;
    return null;
  end if;
  if new.xid is not null or old.xid is null then
    new.xid := pg_current_xact_id();
  end if;
  return new;
end $$;

create or replace function newest_sync_event_id() returns bigint language sql stable as $$
  select greatest(
    coalesce(pg_sequence_last_value('relay_floor'), 0),
    coalesce((select max(id) from sync_events), 0),
    (select max(greatest(c.floor, c.pending_floor, c.last_id, c.restored_to, (select max(l.value::bigint) from jsonb_each_text(c.late_floors) l)))
     from relay_cursor c),
    (select max(first_id) - 1 from event_blocks))
$$;

create or replace function sync_events_above_floor() returns trigger language plpgsql as $$
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
end $$;

create or replace view sync_event_status as
  select e.id, e.event_id, e.event_type, e.entity_type, e.entity_id, e.payload, e.source, e.created_at, d.target,
         coalesce(d.status, case when exists (
           select from relay_cursor c
           where c.shard = relay_shard(e.entity_key, c.shards) and (pg_visible_in_snapshot(e.xid, c.seen)
              or (c.win is not null and e.id <= c.last_id and pg_visible_in_snapshot(e.xid, c.win))
              or e.id <= least(c.floor, (select min(l.value::bigint) from jsonb_each_text(c.late_floors) l))))
           then 'published' else 'unpublished' end) as status, d.settled_at as processed_at
  from sync_events e left join sync_deliveries d on d.event_id = e.event_id;
