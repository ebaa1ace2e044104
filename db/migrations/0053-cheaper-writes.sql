-- Two functions that every write of a row calls (docs/decisions/0099-what-a-write-costs.md).

-- When a version of a row was written; null if its event has left with its partition. A function of its own keeps the
-- partitions of the events out of the plans of the statements that show a row: they were locked and opened by each, and the
-- event is looked for only where a system is behind by more than one version.
create function event_created_at(of_key text, of_version bigint) returns timestamptz language plpgsql stable as $$
begin
  return (select e.created_at from sync_events e where e.entity_key = of_key and e.version = of_version limit 1);
end $$;

-- As before; but every step is an expression, for which plpgsql starts no statement of its own. The order of the three steps
-- is what the relay's floor rests on: the transaction id, then the floor, then the event id (0001, 0016).
create or replace function next_sync_event_id() returns bigint language plpgsql as $$
declare
  own constant xid8 := pg_current_xact_id();
  floor constant bigint := pg_sequence_last_value('relay_floor');
  drawn constant bigint := nextval('sync_event_ids');
begin
  if drawn <= floor then
    return draw_above_relay_floor();
  end if;
  return drawn;
end $$;
