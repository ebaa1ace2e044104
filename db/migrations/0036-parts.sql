-- How many requests of the present change of a pair were answered, in a system where one change may need
-- several (docs/decisions/0074-several-requests-for-one-change.md). A change whose requests never end is
-- noticed by it.
alter table external_mappings add column parts integer not null default 0;
