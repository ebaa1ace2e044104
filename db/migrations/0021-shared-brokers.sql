-- What Kafka refuses of ours and what we refuse of Kafka's, counted (docs/kafka.md), and what each process has been told to do
-- (docs/deployment.md).

-- One row for each topic and reason. The notices on the dlq are bounded in number; these count every refusal, a repeated one again.
create table refused_records (
  topic    text        not null,                       -- by the name it has in Kafka
  reason   text        not null,                       -- record_refused: Kafka did not take it; else why we did not
  records  bigint      not null,                       -- since first_at
  first_at timestamptz not null,                       -- begins anew after a week without any
  last_at  timestamptz not null,
  detail   jsonb,                                      -- of the last one: where it is to be found, never what it holds
  primary key (topic, reason)
) with (fillfactor = 50);

-- The settings that have to be the same in every process of a role, by name; null for a role that none of them is for.
alter table role_signs add column settings jsonb;
