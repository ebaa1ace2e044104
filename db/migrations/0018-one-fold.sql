-- Two emails are one if they differ in nothing but the case of A to Z (db/fold.ts): lower() under the collation "C", which is the same
-- in every database, where lower() alone follows the database's locale (docs/decisions/0055-one-fold.md).
do $$
declare
  n bigint;
  ids text;
begin
  -- A database whose customers table was made by a later version of 0002 has this index already.
  if pg_get_indexdef('customers_email'::regclass, 1, false) = 'lower((email COLLATE "C"))' then
    return;
  end if;
  -- Possible only where lower() of the database does something else with A to Z: in Turkish, Azerbaijani and Lithuanian.
  select count(*), string_agg(id::text, ', ' order by id) filter (where at <= 20) into n, ids
  from (select id, row_number() over (order by lower(email collate "C"), id) as at
        from (select id, email, count(*) over (partition by lower(email collate "C")) as alike from customers where deleted_at is null) c
        where alike > 1) twice;
  if n > 0 then
    raise exception '% customers share their email with another one, since A to Z count as equal in upper and lower case from now on: %',
      n, ids || case when n > 20 then ', …' else '' end
      using errcode = 'TB005',
            hint = 'With the version of Twinbox that ran before, change the email of all but one or delete them, and run migrate again. Nothing was changed.';
  end if;
  drop index customers_email;
  create unique index customers_email on customers (lower(email collate "C")) where deleted_at is null;
end $$;

-- Until now an identity was folded by all of Unicode, so one with other letters than A to Z may stand for an email in another case,
-- which is another identity now. What the email was is known at the other side alone: it is read again before anything new is made
-- there. What was decided about its records stays.
update account_readings a
set read_to = null, records = 0, done_at = null, imports = imports and done_at is null
where exists (select from external_records r
              where (r.system, r.account, r.external_type) = (a.system, a.account, a.external_type) and r.identity collate "C" ~ '[^\x01-\x7f]');

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
