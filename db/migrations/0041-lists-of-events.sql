-- Lists of events by type, by the state of a delivery and by the code of a failure, newest first
-- (docs/decisions/0082-stories-from-stored-facts.md). A delivery gets its one entry in the index of the
-- states when it leaves the queue, and one in that of the failures only if it fails.
create index sync_events_type on sync_events (event_type, id);
create index sync_deliveries_state on sync_deliveries (target, status, sync_event_id) where status <> 'queued';
create index sync_deliveries_failed on sync_deliveries ((last_error ->> 'code'), sync_event_id) where last_error is not null;
-- Pairs that fail and are tried again: error groups count them. Its columns change no row's update: the
-- same columns are in the conditions of other indexes, and last_error only changes with a failure.
create index external_mappings_failing on external_mappings (system) where last_error is not null and dirty <> clean;
