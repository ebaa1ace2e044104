-- Five classes of urgency (docs/sync.md, "Order of work"): 0 edits and deletes, 1 single rows, 2 bulk and replays, 3 echoes,
-- 4 housekeeping. There were three, of which 1 was a replay and 2 what catches up: both are bulk now.
update external_mappings set urgency = 2 where urgency = 1;
alter table external_mappings drop constraint external_mappings_urgency_check;
alter table external_mappings add constraint external_mappings_urgency_check check (urgency between 0 and 4);
