-- Consent, and how a pair was ended on purpose, get columns of their own. Until now they were keys of `reason_detail`, which every new
-- reason replaces (docs/decisions/0061-a-state-that-cannot-lie.md).

alter table external_mappings add column consent jsonb, add column ending jsonb;

-- Where a decision about the pair could not be carried out (`tried`), the record of a consent was written over: which one it was is not
-- known any more, so a person is asked again. A consent that names neither a customer nor a record has never been carried out.
with given as (
  select id, reason_detail as detail,
         jsonb_build_object(
           'by', case jsonb_typeof(reason_detail -> 'consented_by') when 'string' then reason_detail -> 'consented_by' end,
           'at', case jsonb_typeof(reason_detail -> 'consented_at') when 'string' then reason_detail -> 'consented_at' else to_jsonb(now()) end) as who
  from external_mappings where state <> 'detached' and reason_detail ->> 'consent' = 'true'
)
update external_mappings m
set consent = who || case
      when jsonb_typeof(detail -> 'customer') = 'number' then
        jsonb_build_object('to', 'customer', 'customer', detail -> 'customer')
        || case when detail ->> 'chosen' = 'true' then '{"chosen": true}' else '{}' end::jsonb
      when detail ->> 'anew' = 'true' then '{"to": "record", "external_id": null, "anew": true}'
      when jsonb_typeof(detail -> 'external_id') in ('string', 'null') and not jsonb_exists(detail, 'tried') then
        jsonb_build_object('to', 'record', 'external_id', detail -> 'external_id')
    end,
    -- What the reason says for itself stays with it.
    reason_detail = case when reason is not null then
      detail - array['consent', 'chosen', 'anew', 'consented_by', 'consented_at']
      - case when reason in ('ask_link', 'duplicate_email') then '{}' else array['customer'] end
      - case when internal_id is null or jsonb_exists(detail, 'tried')
               or reason in ('missing', 'delete_blocked', 'alias_lives', 'external_id_taken') then '{}' else array['external_id'] end
    end
from given where m.id = given.id;

-- What was let go, replaced, taken back or left behind with an account.
update external_mappings
set ending = jsonb_build_object('kind', case
      when jsonb_exists(reason_detail, 'let_go') then 'let_go'
      when jsonb_exists(reason_detail, 'replaced') then 'replaced'
      when jsonb_exists(reason_detail, 'taken_back') then 'taken_back'
      else 'account_left' end) || (reason_detail - 'let_go'),
    reason_detail = null
where state = 'detached' and jsonb_exists_any(reason_detail, array['let_go', 'replaced', 'taken_back', 'account_left']);

-- A check that is null would let a row pass, hence `is true`.
alter table external_mappings
  add constraint external_mappings_consent check (consent is null or (
    jsonb_typeof(consent) = 'object' and jsonb_typeof(consent -> 'at') = 'string' and jsonb_typeof(consent -> 'by') in ('string', 'null')
    and case consent ->> 'to'
      when 'customer' then jsonb_typeof(consent -> 'customer') = 'number'
      when 'record' then jsonb_typeof(consent -> 'external_id') in ('string', 'null') end) is true),
  -- A pair that is taken up again for a decision keeps how it had ended until that is carried out.
  add constraint external_mappings_ending check (ending is null or (
    ending ->> 'kind' in ('let_go', 'replaced', 'taken_back', 'account_left', 'tombstoned')
    and (state = 'detached' or decision is not null)) is true);

drop index external_mappings_let_go;
create index external_mappings_let_go on external_mappings (system, id)
  where state = 'detached' and ending ->> 'kind' = 'let_go';
