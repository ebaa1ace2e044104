-- Which server this database was last seen in at an address that is its own. Another address at which the very same server answers, such as
-- localhost for 127.0.0.1 or a pooler's port, is then known for another name of it, and a copy for a copy.

create table database_place (
  only_one          boolean     primary key default true check (only_one),
  database_oid      oid         not null,             -- a copy within the same cluster has another
  server_started_at timestamptz not null,             -- of the running postmaster: a copy of its files that is started elsewhere has another
  aliases           text[]      not null default '{}' -- address hashes that were proven to lead here
);
