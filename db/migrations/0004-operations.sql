-- What one installation is, which accounts it belongs to, and who works on what.

-- Eight random characters: part of every idempotency key and of the mark we leave at external systems, so that two
-- databases on one account, or a copy made by a restore, never take each other's records for their own.
create table instance (
  only_one   boolean     not null primary key default true check (only_one),
  id         text        not null check (id ~ '^[a-z0-9]{8}$'),
  created_at timestamptz not null default now()
);
insert into instance (id) values (substr(translate(encode(uuid_send(gen_random_uuid()), 'base64'), '+/=ABCDEFGHIJKLMNOPQRSTUVWXYZ', '012abcdefghijklmnopqrstuvwxyz'), 1, 8));

create table connections (
  system            text        not null primary key,
  account           text        not null,
  livemode          boolean     not null,
  bound_at          timestamptz not null,
  paused_at         timestamptz,
  paused_why        text,
  outward_deletes_held_at timestamptz,                 -- the delete fuse, one for each direction
  inward_deletes_held_at  timestamptz
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
