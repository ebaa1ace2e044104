-- The answers of writes that were sent with an Idempotency-Key (docs/decisions/0081-idempotent-writes.md). Each is written by the
-- transaction that made the change, and leaves with its partition a day later.
create table idempotent_writes (
  id      uuid  not null,                              -- of version 7: its time decides the partition
  scope   bytea not null,                              -- SHA-256 of who asked, of the route and of the key
  request bytea not null,                              -- SHA-256 of the method, the path and the body
  answer  json  not null,                              -- the answer, or what is needed for it besides the row
  written json,                                        -- the row as the statement left it
  primary key (scope, id)
) partition by range (id);
create table idempotent_writes_default partition of idempotent_writes default;

-- Null: the caller has the key until its transaction ends, and no answer was kept since then. Otherwise the kept answer, or that
-- another transaction has the key. The look-up comes after the lock and, as each query of a volatile function, has a snapshot of its
-- own: it sees whatever the last holder of the lock has committed.
create function claim_idempotent_write(wanted bytea, since uuid) returns json language plpgsql volatile as $$
begin
  if not pg_try_advisory_xact_lock(hashtextextended(encode(wanted, 'hex'), 0)) then
    return json_build_object('in_use', true);
  end if;
  return (
    select json_build_object('request', encode(w.request, 'hex'), 'answer', w.answer, 'written', w.written)
    from idempotent_writes w where w.scope = wanted and w.id > since order by w.id desc limit 1);
end
$$;
