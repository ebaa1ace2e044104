// Pairs that are stuck, about which people decide (lib/sync/rungs/decision.ts). How a decision is
// noted: writes/decisions.ts.
import { isLetGoSql } from './consent.ts';
import { isOfInterestSql } from './left-out.ts';
import type { Db, Tx } from '../server/connection.ts';
import type { Decision } from './consent.ts';
import { toMapping, type Mapping } from './mappings.ts';

/** A pair that has ended gives its record to another one; its detail still names it. */
export async function freeRecord(tx: Tx, id: number): Promise<void> {
  await tx.raw(`update external_mappings set external_id = null where id = :id`, { id });
}

/** The mapping that stands for a record of the same account, whatever its state. */
export async function findMappingOf(
  db: Db | Tx,
  { system, account, externalType }: Pick<Mapping, 'system' | 'account' | 'externalType'>,
  externalId: string,
): Promise<Mapping | null> {
  const { rows } = await db.raw<{ rows: Parameters<typeof toMapping>[0][] }>(
    `select * from external_mappings
     where system = :system and account = :account and external_type = :externalType and external_id = :externalId`,
    { system, account, externalType, externalId },
  );
  return rows[0] ? toMapping(rows[0]) : null;
}

export type StuckState = 'parked' | 'waiting' | 'detached';

/** A pair that a person may decide about. */
export type StuckPair = {
  mappingId: number;
  system: string;
  customerId: number | null;
  externalId: string | null;
  state: StuckState;
  reason: string | null;
  decision: Decision | null;
  /** The row is a tombstone. */
  deleted: boolean;
  /**
   * Of a held delete: which side's delete is held; `out` means a row deleted in our table.
   */
  direction: 'in' | 'out' | null;
  since: Date;
};

export type StuckFilter = {
  system: string;
  customers?: number[];
  mappings?: number[];
  reasons?: readonly string[];
  /** Parked and waiting unless named; `detached` are pairs that a person has detached. */
  states?: StuckState[];
  limit: number;
};

const stuckSql = `
select m.id as "mappingId", m.system, m.internal_id as "customerId", m.external_id as "externalId", m.state, m.reason, m.decision,
       c.deleted_at is not null as deleted,
       case when m.reason in ('fuse', 'ask_delete') then m.reason_detail ->> 'direction' end as direction, m.updated_at as since
from external_mappings m left join entity_rows() c on c.entity_type = m.entity_type and c.id = m.internal_id
where m.system = :system and m.state = any(:states::text[]) and m.role = 'primary'
  and (m.state <> 'detached' or ${isLetGoSql('m')})
  and (${isOfInterestSql('m')} or coalesce(:customers::bigint[], :mappings::bigint[]) is not null or :reasons::text[] is not null)
  and (:customers::bigint[] is null or m.internal_id = any(:customers::bigint[]))
  and (:mappings::bigint[] is null or m.id = any(:mappings::bigint[]))
  and (:reasons::text[] is null or m.reason = any(:reasons::text[]))
order by m.id
limit :limit`;

/** Pairs that are stuck, in order of their ids. */
export async function findStuck(db: Db | Tx, filter: StuckFilter): Promise<StuckPair[]> {
  const { system, limit, customers = null, mappings = null, reasons = null } = filter;
  const { states = ['parked', 'waiting'] } = filter;
  const { rows } = await db.raw<{ rows: StuckPair[] }>(stuckSql, {
    ...{ system, limit, customers, mappings, reasons: reasons && [...reasons], states },
  });
  return rows;
}
