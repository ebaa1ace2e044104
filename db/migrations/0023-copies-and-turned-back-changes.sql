-- A copy (relay --after-restore copy) that has a key of the original's account would make each customer there a second time. It keeps
-- the ids of the databases that it was copied from, by which their owner tags at the other system are known again (docs/restore.md).
alter table instance add column copied_from text[] not null default '{}';

-- What a copy has found in each account that it was given a key of.
create table copy_accounts (
  system      text        not null,
  account     text        not null,
  records     bigint      not null,               -- that bear an owner tag of an original
  counted_at  timestamptz not null,
  allowed_by  text,                               -- who said that the copy is to work beside its original there
  allowed_why text,
  allowed_at  timestamptz,
  primary key (system, account),
  check ((allowed_at is null) = (allowed_why is null) and (allowed_at is null) = (allowed_by is null))
);
