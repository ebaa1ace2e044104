-- What a request carried beside the fields of its intent, by external name: for each field, the
-- value sent and what the record held when it was read. Null if the request carried nothing beside
-- them. An echo of the request shows an edit that was made in between
-- (docs/decisions/0064-a-group-is-sent-whole.md).
alter table sync_intents add column beside jsonb;

-- Whose values met in a conflict: who made ours (`internal`, `sql`, or the name of the system whose
-- change brought it; sync_events.source of the change), and which system theirs is from. Null if it
-- is not known, as for conflicts from before this migration.
alter table sync_conflicts add column ours_from text, add column theirs_from text;
