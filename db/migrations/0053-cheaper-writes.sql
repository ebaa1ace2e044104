-- (docs/decisions/0099-what-a-write-costs.md) When a version of a row was written; null if its event has left with its partition. A function of its own keeps the
-- partitions of the events out of the plans of the statements that show a row: they were locked and opened by each, and the
-- event is looked for only where a system is behind by more than one version.
create function event_created_at(of_key text, of_version bigint) returns timestamptz language plpgsql stable as $$
begin
  return (select e.created_at from sync_events e where e.entity_key = of_key and e.version = of_version limit 1);
end $$;
