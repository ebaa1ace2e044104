-- Whether a create of ours made the record of a pair. A condition deletes no other record
-- (docs/decisions/0067-which-rows-a-system-has.md). Of pairs from before this migration it is known as
-- far back as intents are kept.
alter table external_mappings add column made_record boolean not null default false;

update external_mappings m set made_record = true
where external_id is not null and exists (
  select from sync_intents i
  where i.mapping_id = m.id and i.operation = 'create' and i.result = 'done' and i.external_id = m.external_id);
