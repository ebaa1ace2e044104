-- An account that has used up what it may ask for (a quota of a day, say) rests: nothing is sent to it until then.
create table account_rests (
  system  text        not null,
  account text        not null,                        -- '' where the account is not known yet
  since   timestamptz not null,
  until   timestamptz not null,
  why     jsonb       not null,
  primary key (system, account),
  check (since < until)
);
