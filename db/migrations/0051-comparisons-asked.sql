-- What is asked of a system through the API (docs/decisions/0095-questions-to-a-system.md). The API calls no system: it
-- stores the question, a worker asks the system and stores the answer. Each asks how one row stands at one system; questions
-- are kept for a day.
create table system_questions (
  id          bigint generated always as identity primary key,
  asked_as    uuid        not null,                    -- one request; it has a question for each system
  system      text        not null,
  entity_type text        not null,
  row_id      bigint      not null,
  asked_by    text        not null,
  asked_at    timestamptz not null,
  begin_by    timestamptz not null,                    -- a worker that comes later does not begin
  taken_by    text,
  taken_until timestamptz,                             -- the answer comes by then, or the worker died
  answered_at timestamptz,
  answer      jsonb,
  unique (asked_as, system),
  check ((taken_by is null) = (taken_until is null)),
  check ((answered_at is null) = (answer is null))
);
create index system_questions_open on system_questions (system, id) where answered_at is null;
create index system_questions_asked_at on system_questions (asked_at);
