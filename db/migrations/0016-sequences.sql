-- Sequences that go back: a cut-over by logical replication, a restore of data alone, or a person may set one back. Then an
-- event could get an id at or below the relay's floor, where the relay never looks (docs/relay.md).

-- The newest event id that the relay has saved as a floor. It is a sequence because a writer has to see its present value
-- whatever snapshot the writer has, and because a row that is updated hundreds of times a second beside a transaction that
-- stays open is slow to read. Unset until a relay has saved its first floor.
create sequence relay_floor as bigint cache 1;
grant select on sequence relay_floor to public;

-- Each time that a sequence was found behind and moved forward. Some process logs it (logged_at).
create table sequence_moves (
  id            uuid        not null primary key default new_event_id(),
  sequence      text        not null,
  moved_from    bigint      not null,
  moved_to      bigint      not null,
  widened_from  text,                              -- the type or the greatest value that it had, if that had to change
  moved_at      timestamptz not null default clock_timestamp(),
  logged_at     timestamptz,
  -- Of sync_event_ids: the relay looks for events with ids up to moved_from (and some behind it) that were never published, and
  -- has looked up to here. Null: nothing is left to look for.
  walked_to     bigint,
  settled_after xid8,                              -- transactions below it may have drawn a low id and still run
  final         boolean     not null default false -- none of them ran any more when this walk began
);
create index sequence_moves_unlogged on sequence_moves (moved_at) where logged_at is null;
create index sequence_moves_walks on sequence_moves (moved_at) where walked_to is not null;

-- The newest event id that anything here knows of. A new one has to be above it.
create function newest_sync_event_id() returns bigint language sql stable as $$
  select greatest(
    coalesce(pg_sequence_last_value('relay_floor'), 0),
    coalesce((select max(id) from sync_events), 0),
    (select greatest(c.floor, c.pending_floor, c.last_id, c.restored_to, (select max(l.value::bigint) from jsonb_each_text(c.late_floors) l))
     from relay_cursor c),
    (select max(first_id) - 1 from event_blocks))
$$;

-- Moves the sequence forward if it is behind; answers where to, or null. A session lock keeps two sessions from moving it at
-- once, and is let go at once: a transaction may stay open for days. Writers draw meanwhile, without that lock. So the sequence
-- goes a million ids further than it has to: no writer draws so many between the two lines that compare and set, and ids that
-- were drawn and are not committed yet are passed too.
create function move_sync_event_ids() returns bigint language plpgsql volatile as $$
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
end $$;

-- Draws again until the id is above the floor. The sequence is moved at most once: a session that draws from a cache of its own
-- has old ids left after that.
create function draw_above_relay_floor() returns bigint language plpgsql volatile as $$
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
end $$;

-- Draws an event id. The transaction id is taken first, so for every writer: xid first, id second. The relay's floor rests on
-- that order. The floor is read before the id is drawn: in a sequence that only goes forward the id is then always above it.
create or replace function next_sync_event_id() returns bigint language plpgsql volatile as $$
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
end $$;

-- The relay calls it before it saves a floor. Always true, so that it can stand in a condition.
create function raise_relay_floor(newest bigint) returns boolean language plpgsql volatile as $$
begin
  if coalesce(pg_sequence_last_value('relay_floor'), 0) < newest then
    perform pg_advisory_xact_lock(7240116);
    if coalesce(pg_sequence_last_value('relay_floor'), 0) < newest then
      perform setval('relay_floor', newest);
    end if;
  end if;
  return true;
end $$;

-- Ids that were not drawn by next_sync_event_id(). Asked only of an id at or below the newest floor; a transaction that has
-- been running since before that floor may have such an id, above the floor that is remembered for it. A row with the xid of
-- another transaction was restored, and is none of a writer's.
create function sync_events_above_floor() returns trigger language plpgsql as $$
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
end $$;

-- Whoever may change a customer by hand reads it, by this trigger.
grant select on relay_cursor to public;

create trigger sync_events_above_floor before insert on sync_events
  for each row when (new.id <= pg_sequence_last_value('relay_floor')) execute function sync_events_above_floor();

-- A database with a past: its floor is set, and the relay looks once through what lies below it.
select setval('relay_floor', greatest(floor, pending_floor)) from relay_cursor where greatest(floor, pending_floor) > 0;

insert into sequence_moves (sequence, moved_from, moved_to, logged_at, walked_to, final)
select 'sync_event_ids', greatest(floor, pending_floor), greatest(floor, pending_floor), now(), 0, true
from relay_cursor where greatest(floor, pending_floor) > 0;
