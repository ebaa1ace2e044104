-- What one installation is, which accounts it belongs to, and who works on what.

-- Eight random characters: part of every idempotency key and of the mark we leave at external systems, so that two
-- databases on one account, or a copy made by a restore, never take each other's records for their own.
create table instance (
  only_one   boolean     not null primary key default true check (only_one),
  id         text        not null check (id ~ '^[a-z0-9]{8}$'),
  created_at timestamptz not null default now()
);
insert into instance (id) values (substr(translate(encode(uuid_send(gen_random_uuid()), 'base64'), '+/=ABCDEFGHIJKLMNOPQRSTUVWXYZ', '012abcdefghijklmnopqrstuvwxyz'), 1, 8));

-- One row for each system, made when its lane first starts; the account is bound at the first contact.
create table connections (
  system                  text        not null primary key,
  account                 text,                          -- null until bound
  livemode                boolean,
  bound_at                timestamptz,
  paused_at               timestamptz,
  paused_why              text,
  deletes_out_held_at     timestamptz,                   -- the delete fuse, one for each direction
  deletes_out_counted_from timestamptz not null default '-infinity',
  deletes_in_held_at      timestamptz,
  deletes_in_counted_from timestamptz not null default '-infinity',
  check ((account is null) = (bound_at is null) and (account is null) = (livemode is null))
);

-- One holder at a time, by the database's clock; the fence number only rises.
create table leases (
  name  text        not null primary key,
  owner text        not null,
  until timestamptz not null,
  fence bigint      not null default 0
);

-- Where housekeeping's walks through sync_events have got to.
create table walk_positions (
  name       text        not null primary key,
  position   bigint      not null,
  updated_at timestamptz not null default now()
);
