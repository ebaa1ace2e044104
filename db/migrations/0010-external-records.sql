-- What an account held before Twinbox met it: every record is read once and kept with its identity (the email, folded), so that a
-- record is found before a second one like it is made (docs/first-link.md, docs/decisions/0051).

create table external_records (
  system        text        not null,
  account       text        not null,
  external_type text        not null default 'customer',
  external_id   text        not null,
  identity      text,                             -- null: the record has no email
  created_at    timestamptz not null,             -- by their clock
  decision      text check (decision in ('import', 'leave')), -- become a customer here, or stay without one; null: undecided
  decided_by    text,
  decided_at    timestamptz,
  primary key (system, account, external_type, external_id)
);
create index external_records_identity on external_records (system, account, external_type, identity) where identity is not null;

create table account_readings (
  system        text        not null,
  account       text        not null,
  external_type text        not null default 'customer',
  started_at    timestamptz not null,
  imports       boolean     not null,             -- the table was empty when the reading began: unmatched records become customers
  read_to       timestamptz,                      -- newest first: what was created later than this has been read
  records       bigint      not null default 0,
  done_at       timestamptz,
  primary key (system, account, external_type)
);

-- Rows whose create waits since a record with their identity exists: found by that record's id when it goes away.
create index external_mappings_awaited on external_mappings using gin ((reason_detail -> 'records'))
  where state = 'waiting' and reason = 'not_linked';
