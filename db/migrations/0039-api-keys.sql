-- The keys of the API (docs/decisions/0080-keys-and-scopes.md). The text of a key is stored nowhere, only its keyed hash.
-- No row is ever deleted: from the first key on, the API lets no request in without one.
create table api_keys (
  id           text        primary key check (id ~ '^[0-9a-f]{12}$'), -- public: part of the text of the key
  name         text        not null check (char_length(name) between 1 and 64),
  scope        text        not null check (scope in ('viewer', 'editor', 'operator', 'admin', 'ingest')),
  system       text,                                                  -- of an ingest key
  hash         bytea       not null check (octet_length(hash) = 32),  -- HMAC-SHA-256 of the text, the scope and the system
  hash_secret  text        not null,                                  -- which secret it was made with: 'database', or the name of one
  created_at   timestamptz not null,
  created_by   text        not null,
  expires_at   timestamptz,                                           -- null: never
  last_used_at timestamptz,                                           -- up to a minute late
  revoked_at   timestamptz,
  replaced_by  text references api_keys (id),                         -- by rotate
  check ((scope = 'ingest') = (system is not null))
);

-- The secret of the hashes where API_KEY_SECRET is not set. Three random UUIDs have more than 256 random bits.
create table api_key_secret (
  is_one boolean primary key default true check (is_one),
  secret bytea   not null check (octet_length(secret) = 32)
);
insert into api_key_secret (secret)
select sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
