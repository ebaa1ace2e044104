-- The record of operations becomes a chain: each entry names the hash of the entry before it and has a hash of its own content
-- (docs/decisions/0084-audit-chain.md). `twinbox verify --audit` checks all of it.

-- JSON as RFC 8785 writes it, for the numbers that entries have (whole ones): no blanks, members in the order of their names.
create function canonical_json(value jsonb) returns text language plpgsql immutable parallel safe as $$
begin
  return case jsonb_typeof(value)
    when 'object' then '{' || coalesce((
      select string_agg(to_json(m.key)::text || ':' || canonical_json(m.value), ',' order by m.key collate "C") from jsonb_each(value) m), '') || '}'
    when 'array' then '[' || coalesce((
      select string_agg(canonical_json(i.value), ',' order by i.place) from jsonb_array_elements(value) with ordinality i(value, place)), '') || ']'
    else value::text
  end;
end
$$;

alter table operator_actions
  add column key        text,                          -- the id of the API key that acted; null if none did
  add column before     jsonb,                         -- what stood before, as far as the operation changes it
  add column after      jsonb,                         -- what stands after it
  add column pair_count integer not null default 0,    -- how many rows it has in operator_action_pairs
  add column pairs_hash text,                          -- SHA-256 of a line for each of them: mapping, blank, event or -
  add column previous   text,                          -- the hash of the entry before it; 64 zeros in the first
  add column hash       text;                          -- SHA-256 of operator_action_text()

-- The text whose hash an entry has.
create function operator_action_text(a operator_actions) returns text language sql stable as $$
  select canonical_json(jsonb_build_object(
    'id', a.id, 'at', to_char(a.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'action', a.action, 'system', a.system,
    'actor', a.actor, 'key', a.key, 'reason', a.reason, 'detail', a.detail, 'before', a.before, 'after', a.after,
    'pairs', jsonb_build_object('count', a.pair_count, 'sha256', a.pairs_hash), 'previous', a.previous))
$$;

-- The hash of the pairs of an entry: a line for each, in the order of mapping and event, those without an event first.
create function operator_action_pairs_hash(entry bigint) returns text language sql stable as $$
  select encode(sha256(convert_to(coalesce(string_agg(
    p.mapping_id || ' ' || coalesce(p.event_id::text, '-') || chr(10), '' order by p.mapping_id, p.event_id nulls first), ''), 'UTF8')), 'hex')
  from operator_action_pairs p where p.action_id = entry
$$;

-- The newest entry, and how many there have been: entries that are missing at the end are noticed by it.
create table audit_head (
  only_one boolean primary key default true check (only_one),
  id       bigint  not null,
  hash     text    not null,
  entries  bigint  not null
);

-- The parts of the chain that retention has removed. The entry after a part names `hash`, and the entry whose action is
-- retire_audit names the checkpoint.
create table audit_checkpoints (
  last_id  bigint      primary key,
  first_id bigint      not null,
  entries  bigint      not null,
  previous text        not null,                       -- the hash before the first entry of the part
  hash     text        not null,                       -- that of its last entry
  from_at  timestamptz not null,                       -- the times of these two
  to_at    timestamptz not null,
  made_at  timestamptz not null
);

alter table operator_actions disable trigger operator_actions_append_only;
do $$
declare
  last_id   bigint := 0;
  last_hash text := repeat('0', 64);
  number    bigint := 0;
  entry     operator_actions;
begin
  for entry in select * from operator_actions order by id loop
    entry.key := case when entry.actor like 'key:%' then regexp_replace(entry.actor, '^key:(.*/)?', '') end;
    entry.pair_count := (select count(*) from operator_action_pairs p where p.action_id = entry.id);
    entry.pairs_hash := operator_action_pairs_hash(entry.id);
    entry.previous := last_hash;
    last_hash := encode(sha256(convert_to(operator_action_text(entry), 'UTF8')), 'hex');
    last_id := entry.id;
    number := number + 1;
    update operator_actions
    set key = entry.key, pair_count = entry.pair_count, pairs_hash = entry.pairs_hash, previous = entry.previous, hash = last_hash
    where id = entry.id;
  end loop;
  insert into audit_head (id, hash, entries) values (last_id, last_hash, number);
end
$$;
alter table operator_actions enable trigger operator_actions_append_only;

alter table operator_actions
  alter column pairs_hash set not null,
  alter column previous set not null,
  alter column hash set not null;

create index operator_actions_action on operator_actions (action, system, id);
create index operator_actions_actor on operator_actions (actor, id);

-- A copy that was made before moved the position of the log to an id of events.
update walk_positions set position = (select coalesce(max(id), 0) from operator_actions)
where name = 'operator-log' and position > (select coalesce(max(id), 0) from operator_actions);

-- An entry leaves only after a checkpoint holds it.
create function refuse_removal_of_actions() returns trigger language plpgsql as $$
begin
  if exists (select from audit_checkpoints c where c.last_id >= (to_jsonb(old) ->> tg_argv[0])::bigint) then
    return old;
  end if;
  raise exception '% is append-only: % is refused', tg_table_name, tg_op using errcode = 'TB003';
end $$;

drop trigger operator_actions_append_only on operator_actions;
drop trigger operator_action_pairs_append_only on operator_action_pairs;
create trigger operator_actions_append_only before update on operator_actions
  for each row execute function refuse_change_of_actions();
create trigger operator_actions_kept before delete on operator_actions
  for each row execute function refuse_removal_of_actions('id');
create trigger operator_action_pairs_append_only before update on operator_action_pairs
  for each row execute function refuse_change_of_actions();
create trigger operator_action_pairs_kept before delete on operator_action_pairs
  for each row execute function refuse_removal_of_actions('action_id');
create trigger audit_checkpoints_append_only before update or delete on audit_checkpoints
  for each row execute function refuse_change_of_actions();
create trigger audit_checkpoints_no_truncate before truncate on audit_checkpoints
  for each statement execute function refuse_change_of_actions();
create trigger audit_head_kept before delete on audit_head
  for each row execute function refuse_change_of_actions();
create trigger audit_head_no_truncate before truncate on audit_head
  for each statement execute function refuse_change_of_actions();
