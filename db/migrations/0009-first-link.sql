-- What the inward delete fuse counts: our tombstones that are their deletions.
create index sync_deliveries_deletes_in on sync_deliveries (event_id) where event_type = 'customer.deleted' and status = 'origin';
