-- The credentials of systems that mint or rotate them: one for each account, and one that is being set
-- (account ''), or that is minted from the settings. The secrets are encrypted with TWINBOX_SECRET_KEY
-- (docs/decisions/0072-credentials-that-change.md).
create table system_credentials (
  system         text   not null,
  account        text   not null,
  sealed         text,                                 -- null before the first minting
  version        bigint not null default 0,            -- the number of the renewal that stored it
  begun          bigint not null default 0,            -- the number of the last renewal that began
  renewing_until timestamptz,                          -- a process renews it; lapsed: that process died or hangs
  not_before     timestamptz,                          -- no renewal begins earlier, since the last one failed
  cut_off_at     timestamptz,                          -- since then the outcome of a renewal is not known
  stored_at      timestamptz,
  expires_at     timestamptz,                          -- null: not known
  reconnect_by   timestamptz,                          -- by then a person has to connect the account again
  refused_at     timestamptz,                          -- the system renews it no more
  refused_why    text,
  primary key (system, account),
  check (version <= begun),
  check ((refused_at is null) = (refused_why is null))
);
