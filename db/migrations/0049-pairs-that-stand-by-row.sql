-- The rows whose pairs wait or are parked, in the order of their ids: the first of a list of customers. A pair gets
-- an entry when it comes into such a state, and loses it when it leaves; nothing in it changes otherwise.
create index external_mappings_attention_rows on external_mappings (entity_type, internal_id)
  where state in ('waiting', 'parked') and internal_id is not null;
