-- What a person has decided about a pair and no worker has carried out yet. It stands beside the pair's state, because a state is
-- overwritten by whatever a step meets: a decision outlives every outcome until it is carried out or its object is gone
-- (lib/sync/decision.ts has its kinds).
alter table external_mappings add column decision jsonb check (jsonb_typeof(decision) = 'object');

update external_mappings set decision = '{"kind": "release"}', reason_detail = reason_detail - 'released'
where state = 'waiting' and reason = 'fuse' and reason_detail ->> 'released' = 'true';

-- Pairs that a person has let go: `twinbox resolve --list` and GET /mappings?state=detached show them.
create index external_mappings_let_go on external_mappings (system, id)
  where state = 'detached' and jsonb_exists(reason_detail, 'let_go');
