-- What people asked for: who, when, why, and which pairs and events it covered. Append-only; retention takes none of it.

create table operator_actions (
  id     bigint      generated always as identity primary key,
  action text        not null check (action ~ '^[a-z][a-z_]*$'),  -- pause, resume, release_deletes, replay …
  system text        not null,
  actor  text        not null,                                    -- who, as far as the machine knows
  reason text,
  detail jsonb       not null default '{}',                       -- how many, what stood before; never a value of a customer
  at     timestamptz not null
);

-- Which pairs it was about; a pause is about all of its time and has none.
create table operator_action_pairs (
  action_id  bigint not null references operator_actions (id),
  mapping_id bigint not null,                                     -- without a foreign key: a pair can be absorbed by another
  event_id   uuid,                                                -- where it was asked for by its event
  unique nulls not distinct (action_id, mapping_id, event_id)
);
create index operator_action_pairs_mapping on operator_action_pairs (mapping_id);
create index operator_action_pairs_event on operator_action_pairs (event_id) where event_id is not null;

create function refuse_change_of_actions() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: % is refused', tg_table_name, tg_op using errcode = 'TB003';
end $$;

create trigger operator_actions_append_only before update or delete on operator_actions
  for each row execute function refuse_change_of_actions();
create trigger operator_actions_no_truncate before truncate on operator_actions
  for each statement execute function refuse_change_of_actions();
create trigger operator_action_pairs_append_only before update or delete on operator_action_pairs
  for each row execute function refuse_change_of_actions();
create trigger operator_action_pairs_no_truncate before truncate on operator_action_pairs
  for each statement execute function refuse_change_of_actions();
