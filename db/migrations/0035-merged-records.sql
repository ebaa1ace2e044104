-- A record that was merged into another one at its system: `merged_into` is the external id of that one.
-- Such a record is gone, and its id leads to the other (docs/decisions/0073-merged-records.md).
alter table external_mappings add column merged_into text;

-- What a system says of a quota of the account, as its newest answer had it. It counts until
-- `resets_at`; without that time it is only shown.
create table account_budgets (
  system    text        not null,
  account   text        not null,
  name      text        not null,
  quota     float8      not null,
  used      float8      not null,
  background_share float8 not null,                    -- background work leaves the rest of it alone
  resets_at timestamptz,
  seen_at   timestamptz not null,
  primary key (system, account, name),
  check (quota > 0 and used >= 0 and background_share between 0 and 1)
);
