// The rows that were in our table when a system came to this database: each of them may have a
// counterpart there already, so each begins to wait for its first link (docs/first-link.md). Which rows
// these are is stored once, when the system comes (db/connections.ts, decision 0065).
//
// Two statements make their mappings, and both read that stored fact: the batches at the first bind,
// and the receipt of an event that is about such a row. So it does not matter which of them comes first,
// nor where a process dies: a batch and its position are stored together.
import type { Tx } from '../../server/connection.ts';
import { isLetGoSql } from '../consent.ts';

type Place = { system: string; account: string; externalType: string };
type EntityPlace = Place & { entityType: string };

const placeSql = `
with batch as (
  select e.up_to, coalesce(e.placed_to, -9223372036854775808) as after
  from existing_rows e where e.system = :system and e.entity_type = :entityType and coalesce(e.placed_to < e.up_to, true)
), portion as (
  select c.id, c.version, c.deleted_at
  from batch b cross join lateral (
    select r.id, r.version, r.deleted_at from entity_rows() r
    where r.entity_type = :entityType and r.id > b.after and r.id <= b.up_to order by r.id limit :limit) c
), made as (
  insert into external_mappings (entity_type, internal_id, system, account, external_type, state, reason, wanted_version)
  select :entityType, s.id, :system, :account, :externalType, 'waiting', 'not_linked', s.version from portion s
  where s.deleted_at is null and not exists (
    select from external_mappings m where m.entity_type = :entityType and m.internal_id = s.id and m.system = :system
      and m.account = :account and m.external_type = :externalType and m.role = 'primary'
      and (m.state <> 'detached' or ${isLetGoSql('m')}))
  order by s.id
  on conflict (entity_type, internal_id, system, account, external_type)
    where role = 'primary' and internal_id is not null and state <> 'detached' do nothing
  returning id
), moved as (
  update existing_rows e
  set placed_to = case when (select count(*) from portion) < :limit then b.up_to else (select max(id) from portion) end
  from batch b where e.system = :system and e.entity_type = :entityType
  returning e.placed_to < e.up_to as more
)
select (select count(*) from made) as placed, coalesce((select more from moved), false) as more`;

/**
 * Gives the next rows their mappings, in a transaction that has locked the connection. `more`: there
 * may be further rows.
 */
export async function placeBatch(
  tx: Tx,
  batch: EntityPlace & { limit: number },
): Promise<{ placed: number; more: boolean }> {
  const { rows } = await tx.raw<{ rows: { placed: number; more: boolean }[] }>(placeSql, batch);
  return rows[0] ?? { placed: 0, more: false };
}

// A detached pair counts as the mapping of its row too: within one account it stays detached
// (moving to that account again reopens the pair before this runs). A row that is deleted has nothing
// to wait for. The conflict target is named: an id that is taken, because the sequence was set back,
// must not be mistaken for a mapping that exists.
const makeSql = `
insert into external_mappings (entity_type, internal_id, system, account, external_type, state, reason)
select e.entity_type, e.entity_id, :system, :account, :externalType,
       case when w.waits then 'waiting' else 'pending' end, case when w.waits then 'not_linked' end
from (select distinct entity_type, entity_id from jsonb_to_recordset(:events::jsonb) as x(entity_type text, entity_id bigint)) e
cross join lateral (
  select exists (select from existing_rows b where b.system = :system and b.entity_type = e.entity_type and e.entity_id <= b.up_to)
     and exists (
      select from entity_rows() c where c.entity_type = e.entity_type and c.id = e.entity_id and c.deleted_at is null) as waits) w
where not exists (
  select from external_mappings m
  where m.entity_type = e.entity_type and m.internal_id = e.entity_id and m.system = :system and m.account = :account
    and m.external_type = :externalType and m.role = 'primary')
order by e.entity_id
on conflict (entity_type, internal_id, system, account, external_type)
  where role = 'primary' and internal_id is not null and state <> 'detached' do nothing`;

/** Makes the mappings of rows of which an event has come in, as far as they are missing. */
export async function makeMappings(tx: Tx, about: Place & { events: string }): Promise<void> {
  await tx.raw(makeSql, about);
}
