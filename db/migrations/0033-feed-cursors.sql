-- A feed with a cursor (docs/decisions/0071-a-cursor-that-only-the-system-reads.md): where its next page
-- begins, in the row that says how far the system's events have been read.
alter table sweeps
  add column cursor text,                       -- null: a new one is to be taken
  add column lost_why text,                     -- why events are lost, until every pair was compared
  add column losses bigint not null default 0,  -- a comparison ends the losses that it began after
  add constraint sweeps_cursor_check check (cursor <> ''),
  add constraint sweeps_lost_why_check check (lost_why is null or lost_from is not null);
