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
