-- Imports that were sent with an Idempotency-Key (docs/decisions/0089-bulk-import.md): how far each came. Every batch of rows raises
-- rows_done in its own transaction, so a repeat goes on behind the last batch that is there.
create table import_runs (
  scope      bytea primary key,                        -- SHA-256 of who asked, of the route and of the key
  request    bytea not null,                           -- SHA-256 of the path with its parameters and of the type of the body
  rows_done  bigint not null default 0 check (rows_done >= 0),
  digest     bytea,                                    -- SHA-256 of the rows that are done; null before the first
  counts     jsonb not null default '{}',              -- what became of them
  ended      boolean not null default false,           -- the whole body was read
  fence      bigint not null default 1,                -- rises with every request that works on it
  until      timestamptz not null,                     -- the lease of the request that works on it now
  created_at timestamptz not null
);
create index import_runs_created_at on import_runs (created_at);
