-- Which catalogue this database has, as a number: `migrate` raises it with each change. A process knows the number that it was started
-- with, and says it with what it claims or writes (docs/decisions/0076-one-catalogue-at-a-time.md).
create table catalogue_number (
  is_one     boolean primary key default true check (is_one),
  number     bigint not null,
  -- A process that was started with an older number takes no more steps.
  steps_from bigint not null,
  -- A process that was started with an older number writes no more rows.
  rows_from  bigint not null
);
insert into catalogue_number (number, steps_from, rows_from) values (1, 1, 1);

-- True, or an error: part of a statement that is sent anyway. Null is the number of whoever has no catalogue.
create function demand_catalogue(started_with bigint, steps boolean) returns boolean language plpgsql stable as $$
begin
  if exists (select from catalogue_number where started_with < case when steps then steps_from else rows_from end) then
    raise exception 'the catalogue of this database has been changed since this process was started' using errcode = 'TB010';
  end if;
  return true;
end
$$;
