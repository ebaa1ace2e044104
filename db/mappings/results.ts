// What has become of pairs that a caller asked for.
import type { Db } from '../server/connection.ts';
import type { MappingState } from './mappings.ts';

export type PairResult = {
  /** The mapping that was asked for. */
  mappingId: number;
  system: string;
  customerId: number | null;
  /** As the row's pair stands now: another one than was asked for, where that one was replaced. */
  externalId: string | null;
  state: MappingState;
  reason: string | null;
  /**
   * The record that a decision named and that could not be taken, and why not. Null where none was
   * refused.
   */
  tried: string | null;
  why: string | null;
  /** Nothing is left to do, no worker holds the mapping, and no replay has it queued. */
  settled: boolean;
};

// An ended pair stands for the row's newest one.
const resultsSql = `
select a.id as "mappingId", a.system, a.internal_id as "customerId", m.external_id as "externalId", m.state, m.reason,
       refused ->> 'tried' as tried, case when jsonb_exists(refused, 'tried') then refused ->> 'why' end as why,
       m.dirty = m.clean and (m.lease_until is null or m.lease_until < clock_timestamp())
         and not exists (select from replay_items i where i.mapping_id = m.id and i.state = 'queued') as settled
from external_mappings a
cross join lateral (
  select * from external_mappings m
  where m.id = a.id or (a.state = 'detached' and a.ending ->> 'kind' = 'replaced' and m.entity_type = a.entity_type
    and m.internal_id = a.internal_id and m.system = a.system and m.account = a.account and m.role = 'primary')
  order by m.state = 'detached', m.id desc limit 1
) m
-- Beside the reason; or beside how the pair had ended, which it has again.
cross join lateral (select coalesce(m.ending -> 'refused', m.reason_detail) as refused) r
where a.id = any(:ids) order by a.id`;

/** In order of the mappings asked for; one that is gone, since it was another's, is left out. */
export async function readResults(db: Db, ids: number[]): Promise<PairResult[]> {
  const { rows } = await db.raw<{ rows: PairResult[] }>(resultsSql, { ids });
  return rows;
}
