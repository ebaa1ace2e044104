-- The table of an entity may have rules and triggers of its owner. What they make of a row is what the row is; what they refuse is said by name.

-- Whether a row that this transaction sees and has locked was written by this very transaction, in whichever savepoint of it. A savepoint
-- has a transaction id of its own, given out after that of its transaction, and is in progress until the whole ends.
create function is_of_this_transaction(written xid) returns boolean language plpgsql as $$
declare
  own bigint := pg_current_xact_id()::text::bigint;
begin
  -- xmin has no epoch: it stands for the next id from ours on that ends like it. An older row stands for one that is long in use or not given out yet.
  return pg_xact_status((own + (written::text::bigint - own % 4294967296 + 4294967296) % 4294967296)::text::xid8) = 'in progress';
exception when invalid_parameter_value then
  return false;
end $$;
