-- A record that is no row's counterpart, and is known all the same: a second record of a row (role alias), or one that stayed at the
-- other side when its row was deleted (state detached).
--   known_email  its email as it was last read there, by which an alias is told from a person of its own.
--   void_mark    an owner tag on it that does not count any more: a person linked the row with another record, or the record has
--                an email of its own by now. The tag itself stays at the other side until the record gets another one.
alter table external_mappings
  add column known_email text,
  add column void_mark uuid;

update external_mappings m set known_email = m.shadow -> 'email' ->> 'theirs' where m.state = 'detached';
update external_mappings m set known_email = c.email from customers c
where m.role = 'alias' and m.state = 'alias' and m.entity_type = 'customer' and c.id = m.internal_id;

-- A record that was deleted there is no counterpart any more, also while a person decides whether its customer goes too.
create or replace function customer_payload(customer_id bigint, customer_name text, customer_email text) returns jsonb language sql stable as $$
  select jsonb_build_object(
    'customer_data', jsonb_build_object('id', customer_id, 'name', customer_name, 'email', customer_email),
    'external_mappings', coalesce((
      select jsonb_object_agg(system, external_id) from external_mappings
      where entity_type = 'customer' and internal_id = customer_id and role = 'primary' and external_id is not null and state <> 'detached'
        and reason is distinct from 'alias_lives'), '{}'))
$$;
