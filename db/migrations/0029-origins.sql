-- What a request carried beside the fields of its intent, by external name: for each field, the
-- value sent and what the record held when it was read. Null if the request carried nothing beside
-- them. An echo of the request shows an edit that was made in between
-- (docs/decisions/0064-a-group-is-sent-whole.md).
alter table sync_intents add column beside jsonb;
