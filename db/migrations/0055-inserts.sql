-- What a new row and its event cost (docs/decisions/0113-what-a-new-row-asks.md).

-- The form of a payload; `external_ids` by system. One expression, which PostgreSQL puts in the place of the call.
create function payload_of_row(of_type text, row_id bigint, row_fields jsonb, external_ids jsonb) returns jsonb language sql stable as $$
  select jsonb_build_object(of_type || '_data', jsonb_build_object('id', row_id) || row_fields, 'external_mappings', external_ids)
$$;

create or replace function entity_payload(of_type text, row_id bigint, row_fields jsonb) returns jsonb language sql stable as $$
  select payload_of_row(of_type, row_id, row_fields, coalesce((
    select jsonb_object_agg(system, external_id) from external_mappings
    where entity_type = of_type and internal_id = row_id and role = 'primary' and external_id is not null and state <> 'detached'
      and reason is distinct from 'alias_lives'), '{}'))
$$;

-- The pairs of a new row, as reads show them (db/entities/row-statements.ts): it has some only where its id was in use before.
create function pairs_of_new_row(of_type text, row_id bigint, row_version bigint, row_updated_at timestamptz) returns jsonb language sql stable as $$
  select coalesce(jsonb_agg(jsonb_build_object('system', m.system, 'externalId', m.external_id, 'state', m.state, 'reason', m.reason,
      'pushedVersion', m.pushed_version, 'updatedAt', m.updated_at, 'behindSince', case when row_version <= m.pushed_version + 1 then row_updated_at
        else coalesce(event_created_at(of_type || ':' || row_id, m.pushed_version + 1), row_updated_at) end)
    order by m.id), '[]')
  from external_mappings m
  where m.entity_type = of_type and m.internal_id = row_id and m.role = 'primary'
$$;

-- Draws an event id. The transaction id is taken first, so for every writer: xid first, id second. The relay's floor rests on
-- that order. The floor is read before the id is drawn: in a sequence that only goes forward the id is then always above it.
-- A floor that was never set is null, and any id is above it. One expression, which PostgreSQL puts in the place of the call:
-- conditions and arguments are asked from left to right, and currval() is the id that this session has just drawn.
create or replace function next_sync_event_id() returns bigint language sql volatile as $$
  select case
    when pg_current_xact_id() is not null and (pg_sequence_last_value('relay_floor') < nextval('sync_event_ids')) is not false
      then currval('sync_event_ids')
    else draw_above_relay_floor() end
$$;

-- After the row is written: beside a trigger that may change a row, PostgreSQL asks a partition again whether the row is its own.
drop trigger sync_events_above_floor on sync_events;
create trigger sync_events_above_floor after insert on sync_events
  for each row when (new.id <= pg_sequence_last_value('relay_floor')) execute function sync_events_above_floor();
